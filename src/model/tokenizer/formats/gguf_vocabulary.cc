#include "model/tokenizer/formats/gguf_vocabulary.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/strings.h"
#include "model/tokenizer/formats/gguf_entries.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

using format::GgufEntry;
using Merges = std::vector<std::pair<std::string, std::string>>;

// One name for each way to split, tried in this order.
constexpr std::string_view kPreNames[] = {"gpt-2",       "llama-bpe",      "dbrx",   "qwen2",
                                          "stablelm2",   "qwen35",         "gpt-4o", "tekken",
                                          "deepseek-v3", "deepseek-coder", "falcon", "starcoder",
                                          "bloom",       "viking",         "default",     "deepseek-llm",
                                          "youtu",       "jais-2",         "minicpm5",    "chameleon",
                                          "tiny_aya",    "superbpe",       "bailingmoe",  "seed-coder",
                                          "ufakzeka",    "afmoe",          "laguna",      "exaone-moe",
                                          "granite-embed-multi-97m"};

struct Entries {
  std::vector<std::string> pieces;
  std::vector<int32_t> types;
};

std::string Text(const json::Value* value) {
  if (value && value->is_object()) value = value->Find("content");
  return value && value->is_string() ? value->as_string() : "";
}
bool Is(const json::Value& object, std::string_view key, const json::Value& wanted) {
  const json::Value* value = object.Find(key);
  return value && *value == wanted;
}

bool IsByte(const std::string& piece) {
  return piece.size() == 6 && piece.starts_with("<0x") && piece.ends_with(">");
}

// The entries by id, filled up to `rows` with ones that nothing gives.
Result<Entries> ReadEntries(const json::Value& tokenizer, int64_t rows, bool scored) {
  const Field root(tokenizer, "");
  const Field vocab = root.At("model").At("vocab");
  PANO_RETURN_IF_ERROR(vocab.IsObject());
  Entries out;
  out.pieces.resize(static_cast<size_t>(rows));
  out.types.resize(static_cast<size_t>(rows), kUnused);
  auto put = [&](const std::string& piece, int64_t id, GgufTokenType type) -> Status {
    if (id < 0 || id >= rows) {
      return Corruption(
          StrCat("'", Printable(piece), "' has the id ", id, ", the model has ", rows));
    }
    out.pieces[static_cast<size_t>(id)] = piece;
    out.types[static_cast<size_t>(id)] = static_cast<int32_t>(type);
    return {};
  };
  const std::string unknown = Text(root.At("model").value().Find("unk_token"));
  for (const auto& [piece, id] : vocab.value().as_object()) {
    if (!id.is_int()) return vocab.Wrong(StrCat("'", Printable(piece), "' has no integer id"));
    const bool is_unknown = !unknown.empty() && piece == unknown;
    PANO_RETURN_IF_ERROR(put(piece, id.as_int(),
                             is_unknown                ? kUnknown
                             : scored && IsByte(piece) ? kByte
                                                       : kNormal)
                             .Wrap(vocab.path()));
  }
  if (const Field added = root.At("added_tokens"); !added.value().is_null()) {
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> tokens, added.Elements());
    for (const Field& token : tokens) {
      PANO_ASSIGN_OR_RETURN(const int64_t id, token.At("id").Int(0, INT32_MAX));
      PANO_ASSIGN_OR_RETURN(const std::string content, token.At("content").String());
      PANO_ASSIGN_OR_RETURN(const bool special, token.BoolOr("special", false));
      const bool is_unknown = special && content == unknown;
      PANO_RETURN_IF_ERROR(put(content, id,
                               is_unknown ? kUnknown
                               : special  ? kControl
                                          : kUserDefined)
                               .Wrap(token.path()));
    }
  }
  for (size_t i = 0; i < out.pieces.size(); ++i) {
    if (out.pieces[i].empty()) out.pieces[i] = StrCat("[PAD", i, "]");
  }
  return out;
}

Result<Merges> ReadMerges(const Field& field) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> rules, field.Elements());
  Merges merges;
  for (const Field& rule : rules) {
    if (rule.value().is_array() && rule.value().as_array().size() == 2) {
      merges.emplace_back(Text(&rule.value().as_array()[0]), Text(&rule.value().as_array()[1]));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const std::string text, rule.String());
    const size_t space = text.find(' ', 1);
    if (space == std::string::npos) return rule.Wrong("expected two pieces and one space");
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return merges;
}

// The patterns that a pre-tokenizer ends in bytes with.
Status ReadPatterns(const Field& field, std::vector<std::string>& patterns) {
  PANO_RETURN_IF_ERROR(field.IsObject());
  PANO_ASSIGN_OR_RETURN(const std::string type, field.At("type").String());
  if (type == "Sequence") {
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> steps, field.At("pretokenizers").Elements());
    for (const Field& step : steps) PANO_RETURN_IF_ERROR(ReadPatterns(step, patterns));
    return {};
  }
  if (type == "ByteLevel") {
    if (Is(field.value(), "add_prefix_space", true)) {
      return field.Unsupported("add_prefix_space in GGUF");
    }
    if (!Is(field.value(), "use_regex", false)) patterns.emplace_back(kGpt2Pattern);
    return {};
  }
  if (type == "Digits" && Is(field.value(), "individual_digits", true)) {
    patterns.emplace_back("\\p{N}");
    return {};
  }
  const bool isolated =
      Is(field.value(), "behavior", "Isolated") && !Is(field.value(), "invert", true);
  const bool matches =
      Is(field.value(), "behavior", "Removed") && Is(field.value(), "invert", true);
  if (type == "Split" && (isolated || matches) && field.At("pattern").Has("Regex")) {
    PANO_ASSIGN_OR_RETURN(std::string pattern, field.At("pattern").At("Regex").String());
    patterns.push_back(std::move(pattern));
    return {};
  }
  return field.Unsupported(StrCat("the pre-tokenizer '", Printable(type), "' in GGUF"));
}

Result<std::string> PreName(const Field& root) {
  std::vector<std::string> patterns;
  PANO_RETURN_IF_ERROR(ReadPatterns(root.At("pre_tokenizer"), patterns));
  bool nfc = false;
  if (const Field normalizer = root.At("normalizer"); !normalizer.value().is_null()) {
    nfc = Is(normalizer.value(), "type", "NFC");
    if (!nfc) return normalizer.Unsupported("another normalizer than NFC in GGUF");
  }
  PANO_ASSIGN_OR_RETURN(const bool whole, root.At("model").BoolOr("ignore_merges", false));
  for (std::string_view name : kPreNames) {
    const auto known = FindSplitPatterns(name);
    if (known.ok() && known->ignore_merges == whole && known->nfc == nfc &&
        std::equal(patterns.begin(), patterns.end(), known->patterns.begin(),
                   known->patterns.end())) {
      return std::string(name);
    }
  }
  return root.At("pre_tokenizer")
      .Unsupported(StrCat("a split that GGUF has no `pre` name for (",
                          Printable(patterns.empty() ? "" : patterns.back()), ")"));
}

// A piece's score is the rank of the first rule that makes it, negated. That keeps the order of the
// rules when each piece's rules stand together, as they do in vocabularies that came from scores.
Result<std::vector<float>> Scores(const Entries& entries, const Merges& merges,
                                  const Field& field) {
  std::unordered_map<std::string, float> ranks;
  float rank = 0;
  std::string last;
  for (const auto& [left, right] : merges) {
    const std::string piece = left + right;
    if (piece == last) continue;
    if (!ranks.emplace(piece, --rank).second) {
      return field.Unsupported(
          StrCat("rules for '", Printable(piece), "' that stand apart, in GGUF,"));
    }
    last = piece;
  }
  std::vector<float> scores;
  for (size_t i = 0; i < entries.pieces.size(); ++i) {
    const auto found = ranks.find(entries.pieces[i]);
    const bool plain = entries.types[i] == kNormal || entries.types[i] == kUserDefined;
    scores.push_back(found != ranks.end() ? found->second : plain ? --rank : 0.0f);
  }
  return scores;
}

// SentencePiece's marks in front of a text, or not.
Result<bool> SpacePrefix(const Field& root) {
  const json::Value& normalizer = root.At("normalizer").value();
  const json::Value& splitter = root.At("pre_tokenizer").value();
  const std::string steps = json::Dump(normalizer), split = json::Dump(splitter);
  if (steps.find("\"Prepend\"") != std::string::npos) return true;
  if (splitter.is_null() || Is(splitter, "type", "Split")) return false;
  if (Is(splitter, "type", "Metaspace")) {
    return !Is(splitter, "prepend_scheme", "never") && !Is(splitter, "add_prefix_space", false);
  }
  return root.At("pre_tokenizer").Unsupported("this pre-tokenizer in GGUF");
}

// Which of bos and eos surround a text.
struct Surround {
  bool bos = false, eos = false;
};
Result<Surround> SurroundOf(const Tokenizer& tokenizer, std::optional<TokenId> bos,
                            std::span<const TokenId> end) {
  PANO_ASSIGN_OR_RETURN(auto bare, tokenizer.Encode("a b", {.add_special_tokens = false}));
  PANO_ASSIGN_OR_RETURN(auto full, tokenizer.Encode("a b", {.add_special_tokens = true}));
  Surround out;
  if (full.size() > bare.size() && bos && full.front() == *bos) {
    out.bos = true;
    full.erase(full.begin());
  }
  if (full.size() > bare.size() && !end.empty() && full.back() == end.front()) {
    out.eos = true;
    full.pop_back();
  }
  if (full != bare) {
    return Unimplemented(
        "post_processor: tokens other than bos and eos around a text are not "
        "supported in GGUF");
  }
  return out;
}

void Add(std::vector<GgufEntry>& out, std::string_view key, format::GgufValue value) {
  out.push_back({StrCat("tokenizer.ggml.", key), std::move(value)});
}
void AddId(std::vector<GgufEntry>& out, std::string_view key, const TokenId* id) {
  if (id) Add(out, key, static_cast<uint32_t>(*id));
}
void AddId(std::vector<GgufEntry>& out, std::string_view key, std::optional<TokenId> id) {
  AddId(out, key, id ? &*id : nullptr);
}

Status AddScoredBpe(const HfVocabulary& in, const Field& root, std::vector<GgufEntry>& out) {
  const Field rules = root.At("model").At("merges");
  PANO_ASSIGN_OR_RETURN(Entries entries, ReadEntries(in.tokenizer, in.rows, /*scored=*/true));
  PANO_ASSIGN_OR_RETURN(const Merges merges, ReadMerges(rules));
  PANO_ASSIGN_OR_RETURN(std::vector<float> scores, Scores(entries, merges, rules));
  PANO_ASSIGN_OR_RETURN(const bool prefix, SpacePrefix(root));
  Add(out, "model", std::string("llama"));
  Add(out, "pre", std::string("default"));
  Add(out, "tokens", std::move(entries.pieces));
  Add(out, "scores", std::move(scores));
  Add(out, "token_type", std::move(entries.types));
  Add(out, "add_space_prefix", prefix);
  return {};
}

Status AddByteBpe(const HfVocabulary& in, const Field& root, std::vector<GgufEntry>& out) {
  PANO_ASSIGN_OR_RETURN(std::string pre, PreName(root));
  PANO_ASSIGN_OR_RETURN(Entries entries, ReadEntries(in.tokenizer, in.rows, /*scored=*/false));
  PANO_ASSIGN_OR_RETURN(const Merges merges, ReadMerges(root.At("model").At("merges")));
  std::vector<std::string> rules;
  for (const auto& [left, right] : merges) rules.push_back(StrCat(left, " ", right));
  Add(out, "model", std::string("gpt2"));
  Add(out, "pre", std::move(pre));
  Add(out, "tokens", std::move(entries.pieces));
  Add(out, "token_type", std::move(entries.types));
  Add(out, "merges", std::move(rules));
  return {};
}

// bos, all that end an answer, unknown and padding; which of them surround a text.
Status AddSpecialIds(const HfVocabulary& in, const Tokenizer& tokenizer,
                     std::vector<GgufEntry>& out) {
  const std::optional<TokenId> bos = tokenizer.bos() ? tokenizer.bos() : in.bos;
  std::vector<TokenId> end = in.end;
  if (const std::optional<TokenId> eos = tokenizer.eos()) {
    std::erase(end, *eos);
    end.insert(end.begin(), *eos);
  }
  AddId(out, "bos_token_id", bos);
  constexpr std::string_view kEnds[] = {"eos_token_id", "eot_token_id", "eom_token_id"};
  for (size_t i = 0; i < std::min(end.size(), std::size(kEnds)); ++i) AddId(out, kEnds[i], &end[i]);
  AddId(out, "unknown_token_id",
        tokenizer.Find(Text(Field(in.tokenizer, "").At("model").value().Find("unk_token"))));
  AddId(out, "padding_token_id", tokenizer.Find(Text(in.config.Find("pad_token"))));
  PANO_ASSIGN_OR_RETURN(const Surround surround, SurroundOf(tokenizer, bos, end));
  Add(out, "add_bos_token", surround.bos);
  Add(out, "add_eos_token", surround.eos);
  return {};
}

// What the metadata of entries reads back as, where vocabularies need it.
json::Value Metadata(const std::vector<GgufEntry>& entries) {
  json::Value out;
  for (const GgufEntry& entry : entries) out.Set(entry.key, format::ToJson(entry.value));
  return out;
}

}  // namespace

Result<std::vector<GgufEntry>> ToGgufVocabulary(const HfVocabulary& in) {
  PANO_ASSIGN_OR_RETURN(const TokenizerPtr tokenizer,
                        TokenizerFromJson(json::Dump(in.tokenizer), in.config));
  const Field root(in.tokenizer, ""), model = root.At("model");
  PANO_ASSIGN_OR_RETURN(const std::string type, model.StringOr("type", "BPE"));
  if (type != "BPE") return model.Unsupported(StrCat("the type '", Printable(type), "' in GGUF"));
  PANO_ASSIGN_OR_RETURN(const bool scored, model.BoolOr("byte_fallback", false));
  std::vector<GgufEntry> out;
  PANO_RETURN_IF_ERROR(scored ? AddScoredBpe(in, root, out) : AddByteBpe(in, root, out));
  PANO_RETURN_IF_ERROR(AddSpecialIds(in, *tokenizer, out));
  if (!in.chat_template.empty()) out.push_back({"tokenizer.chat_template", in.chat_template});
  PANO_ASSIGN_OR_RETURN(const TokenizerPtr written, TokenizerFromGguf(Metadata(out)));
  PANO_RETURN_IF_ERROR(CheckSameIds(*tokenizer, *written));
  return out;
}

Status CheckSameIds(const Tokenizer& a, const Tokenizer& b) {
  static constexpr std::string_view kTexts[] = {
      "Hello world",
      " Once upon a time,  there   was\ta cat.\n\nIt said: \"I'm here!\"\r\n",
      "don't WE'LL they've I'd 'S",
      "3 14 159 2653 58979 \u0663\u0664 \u2167",
      "x=[1,2];//ok\n\tif(a!=b){}",
      "\u00e9\u00e8 na\u00efve \u00df \u0130\u0131 e\u0301",
      "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f \ud55c\uad6d\uc5b4",
      "\U0001F600\U0001F469\u200d\U0001F680 \u2603\ufe0f",
      "   ",
      "\n\n \n",
      "",
      "a",
      " a",
      "\u2581a \u2581",
      "https://example.org/a_b?c=d&e=%20 user@mail.com #tag $9.99 50%"};
  auto check = [&](std::string_view text, bool special) -> Status {
    const EncodeOptions options{.add_special_tokens = special, .parse_special = true};
    PANO_ASSIGN_OR_RETURN(const auto wanted, a.Encode(text, options));
    PANO_ASSIGN_OR_RETURN(const auto got, b.Encode(text, options));
    if (wanted == got) return {};
    return Unimplemented(StrCat("the vocabulary cannot be carried over: the text '",
                                Printable(text), "' would get other ids"));
  };
  for (std::string_view text : kTexts) {
    PANO_RETURN_IF_ERROR(check(text, true));
    PANO_RETURN_IF_ERROR(check(text, false));
  }
  const int32_t size = std::min(a.vocab_size(), b.vocab_size());
  for (TokenId id = 0; id < size; ++id) {
    if (a.IsSpecial(id)) PANO_RETURN_IF_ERROR(check(StrCat("a", a.Piece(id), " b"), false));
  }
  return {};
}

}  // namespace pano::tokenizer
