// From GGUF metadata to tokenizer.json and tokenizer_config.json.
#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/formats/gguf_vocabulary.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/field.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

using json::Array;
using json::Object;
using json::Value;

constexpr size_t kPieceBytesMax = 1024;       // every way to split a piece is looked at
constexpr std::string_view kMark = "\u2581";  // SentencePiece's space

// The tokenizer.ggml.* keys of a file.
class Keys {
 public:
  explicit Keys(const Value& metadata) : root_(metadata, "") {}
  bool Has(std::string_view key) const { return root_.Has(Full(key)); }
  Field At(std::string_view key) const { return root_.At(Full(key)); }
  Result<bool> BoolOr(std::string_view key, bool fallback) const {
    return root_.BoolOr(Full(key), fallback);
  }

 private:
  static std::string Full(std::string_view key) { return StrCat("tokenizer.ggml.", key); }
  Field root_;
};

struct Entries {
  std::vector<std::string> pieces;
  std::vector<int64_t> types;
};

Result<Entries> ReadEntries(const Keys& keys) {
  Entries out;
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> tokens, keys.At("tokens").Elements());
  for (const Field& token : tokens) {
    PANO_ASSIGN_OR_RETURN(std::string piece, token.String());
    out.pieces.push_back(std::move(piece));
  }
  out.types.assign(out.pieces.size(), 1);
  if (!keys.Has("token_type")) return out;
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> types, keys.At("token_type").Elements());
  if (types.size() != out.pieces.size())
    return keys.At("token_type").Wrong("another length than tokens");
  for (size_t i = 0; i < types.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(out.types[i], types[i].Int(0, 6));
  }
  return out;
}

bool IsUsable(int64_t type) { return type == 0 || type == 1 || type == 4 || type == 5; }
bool IsAdded(int64_t type) { return type >= 2 && type <= 4; }

Value Vocab(const Entries& entries) {
  Object vocab;
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < entries.pieces.size(); ++i) {
    if (entries.pieces[i].empty() || !seen.insert(entries.pieces[i]).second) continue;
    vocab.emplace_back(entries.pieces[i], static_cast<int64_t>(i));
  }
  return vocab;
}

Value AddedTokens(const Entries& entries) {
  Array tokens;
  for (size_t i = 0; i < entries.pieces.size(); ++i) {
    if (!IsAdded(entries.types[i]) || entries.pieces[i].empty()) continue;
    const bool special = entries.types[i] != 4;
    tokens.push_back(Object{{"id", static_cast<int64_t>(i)},
                            {"content", entries.pieces[i]},
                            {"single_word", false},
                            {"lstrip", false},
                            {"rstrip", false},
                            {"normalized", false},
                            {"special", special}});
  }
  return tokens;
}

Value Type(std::string_view name) { return Object{{"type", name}}; }
Value Replace(std::string_view from, std::string_view to) {
  return Object{{"type", "Replace"}, {"pattern", Object{{"String", from}}}, {"content", to}};
}

// Every pair of entries that joins to an entry, the best score first: the order in which merging by
// score joins them.
Result<Value> MergesOfScores(const Keys& keys, const Entries& entries) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> scores, keys.At("scores").Elements());
  if (scores.size() != entries.pieces.size())
    return keys.At("scores").Wrong("another length than tokens");
  std::unordered_map<std::string_view, size_t> ids;
  for (size_t i = 0; i < entries.pieces.size(); ++i) {
    if (IsUsable(entries.types[i])) ids.emplace(entries.pieces[i], i);
  }
  struct Rule {
    double score;
    size_t id, left, right;
    std::string_view left_piece, right_piece;
  };
  std::vector<Rule> rules;
  for (const auto& [piece, id] : ids) {
    const json::Value& score = scores[id].value();
    if (!score.is_number() || std::isnan(score.as_double()))
      return scores[id].Wrong("expected number");
    if (piece.size() > kPieceBytesMax) return keys.At("tokens").Unsupported("an entry this long");
    for (size_t at = 1; at < piece.size(); ++at) {
      const auto left = ids.find(piece.substr(0, at)), right = ids.find(piece.substr(at));
      if (left == ids.end() || right == ids.end()) continue;
      rules.push_back(
          {score.as_double(), id, left->second, right->second, left->first, right->first});
    }
  }
  // Pieces of one score are in the order of their ids; so are the ways to make one piece.
  auto order = [](const Rule& rule) {
    return std::tuple(-rule.score, rule.id, rule.left, rule.right);
  };
  std::sort(rules.begin(), rules.end(),
            [&](const Rule& a, const Rule& b) { return order(a) < order(b); });
  Array merges;
  for (const Rule& rule : rules) merges.push_back(Array{rule.left_piece, rule.right_piece});
  return Value(std::move(merges));
}

// The file's own pieces around a text.
struct Surround {
  std::string bos, eos;  // "" = none
};

Value PostProcessor(const Surround& surround, const Entries& entries) {
  if (surround.bos.empty() && surround.eos.empty()) return {};
  auto token = [](const std::string& name, int type) {
    return Value(Object{{"SpecialToken", Object{{"id", name}, {"type_id", type}}}});
  };
  auto text = [](std::string_view name, int type) {
    return Value(Object{{"Sequence", Object{{"id", name}, {"type_id", type}}}});
  };
  Array single, pair;
  for (int type : {0, 1}) {
    if (!surround.bos.empty()) pair.push_back(token(surround.bos, type));
    pair.push_back(text(type == 0 ? "A" : "B", type));
    if (!surround.eos.empty()) pair.push_back(token(surround.eos, type));
    if (type == 0) single = pair;
  }
  Object names;
  for (const std::string& name : {surround.bos, surround.eos}) {
    if (name.empty() || (!names.empty() && names.front().first == name)) continue;
    const auto id =
        std::find(entries.pieces.begin(), entries.pieces.end(), name) - entries.pieces.begin();
    names.emplace_back(
        name,
        Object{{"id", name}, {"ids", Array{static_cast<int64_t>(id)}}, {"tokens", Array{name}}});
  }
  return Object{{"type", "TemplateProcessing"},
                {"single", std::move(single)},
                {"pair", std::move(pair)},
                {"special_tokens", std::move(names)}};
}

Value ByteLevel(bool use_regex) {
  return Object{{"type", "ByteLevel"},
                {"add_prefix_space", false},
                {"trim_offsets", true},
                {"use_regex", use_regex}};
}

Value PreTokenizer(const std::vector<std::string_view>& patterns) {
  if (patterns.size() == 1 && patterns.front() == kGpt2Pattern) return ByteLevel(true);
  Array steps;
  for (std::string_view pattern : patterns) {
    steps.push_back(Object{{"type", "Split"},
                           {"pattern", Object{{"Regex", pattern}}},
                           {"behavior", "Isolated"},
                           {"invert", false}});
  }
  steps.push_back(ByteLevel(false));
  return Object{{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

// Piece of the id under `key`, "" where there is none.
Result<std::string> PieceOf(const Keys& keys, std::string_view key, const Entries& entries) {
  if (!keys.Has(key)) return std::string();
  PANO_ASSIGN_OR_RETURN(const int64_t id, keys.At(key).Int(0, UINT32_MAX));
  return static_cast<size_t>(id) < entries.pieces.size() ? entries.pieces[static_cast<size_t>(id)]
                                                         : "";
}

Result<Value> ByteBpe(const Keys& keys, const Entries& entries, SplitPatterns& split,
                      Value& tokenizer) {
  std::string pre = "default";
  if (keys.Has("pre")) {
    PANO_ASSIGN_OR_RETURN(pre, keys.At("pre").String());
  }
  PANO_ASSIGN_OR_RETURN(split, FindSplitPatterns(pre));
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> rules, keys.At("merges").Elements());
  Array merges;
  for (const Field& rule : rules) {
    PANO_ASSIGN_OR_RETURN(const std::string text, rule.String());
    const size_t space = text.find(' ', 1);
    if (space == std::string::npos) return rule.Wrong("expected two pieces and one space");
    merges.push_back(Array{text.substr(0, space), text.substr(space + 1)});
  }
  tokenizer.Set("normalizer", split.nfc ? Type("NFC") : Value());
  tokenizer.Set("pre_tokenizer", PreTokenizer(split.patterns));
  tokenizer.Set("decoder", ByteLevel(true));
  return Value(Object{{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", split.ignore_merges},
                      {"vocab", Vocab(entries)},
                      {"merges", std::move(merges)}});
}

Result<Value> ScoredBpe(const Keys& keys, const Entries& entries, Value& tokenizer) {
  PANO_ASSIGN_OR_RETURN(const bool prefix, keys.BoolOr("add_space_prefix", true));
  PANO_ASSIGN_OR_RETURN(const std::string unknown, PieceOf(keys, "unknown_token_id", entries));
  PANO_ASSIGN_OR_RETURN(Value merges, MergesOfScores(keys, entries));
  Array normalizers, decoders = {Replace(kMark, " "), Type("ByteFallback"), Type("Fuse")};
  if (prefix) {
    normalizers.push_back(Object{{"type", "Prepend"}, {"prepend", kMark}});
    decoders.push_back(Object{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  normalizers.push_back(Replace(" ", kMark));
  tokenizer.Set("normalizer",
                Object{{"type", "Sequence"}, {"normalizers", std::move(normalizers)}});
  tokenizer.Set("pre_tokenizer", nullptr);
  tokenizer.Set("decoder", Object{{"type", "Sequence"}, {"decoders", std::move(decoders)}});
  return Value(Object{{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", unknown.empty() ? Value() : Value(unknown)},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", true},
                      {"byte_fallback", true},
                      {"ignore_merges", false},
                      {"vocab", Vocab(entries)},
                      {"merges", std::move(merges)}});
}

}  // namespace

Result<HfTokenizerFiles> ToHfTokenizer(const Value& metadata) {
  const Keys keys(metadata);
  if (!keys.Has("model")) return HfTokenizerFiles();
  PANO_ASSIGN_OR_RETURN(const std::string model, keys.At("model").String());
  if (model == "none" || model == "no_vocab") return HfTokenizerFiles();
  if (model != "llama" && model != "gpt2") {
    return keys.At("model").Unsupported(
        StrCat("the vocabulary '", Printable(model), "' as tokenizer.json"));
  }
  PANO_ASSIGN_OR_RETURN(const Entries entries, ReadEntries(keys));
  HfTokenizerFiles out;
  out.tokenizer = Object{{"version", "1.0"},          {"truncation", nullptr},
                         {"padding", nullptr},        {"added_tokens", AddedTokens(entries)},
                         {"normalizer", nullptr},     {"pre_tokenizer", nullptr},
                         {"post_processor", nullptr}, {"decoder", nullptr}};
  SplitPatterns split;
  split.add_bos = true;  // of vocabularies with scores
  PANO_ASSIGN_OR_RETURN(Value bpe, model == "llama" ? ScoredBpe(keys, entries, out.tokenizer)
                                                    : ByteBpe(keys, entries, split, out.tokenizer));
  PANO_ASSIGN_OR_RETURN(const bool add_bos, keys.BoolOr("add_bos_token", split.add_bos));
  PANO_ASSIGN_OR_RETURN(const bool add_eos, keys.BoolOr("add_eos_token", false));
  PANO_ASSIGN_OR_RETURN(const std::string bos, PieceOf(keys, "bos_token_id", entries));
  PANO_ASSIGN_OR_RETURN(const std::string eos, PieceOf(keys, "eos_token_id", entries));
  const Surround surround{add_bos ? bos : "", add_eos ? eos : ""};
  Value processor = PostProcessor(surround, entries);
  if (processor.is_null() && model == "gpt2") processor = ByteLevel(true);
  out.tokenizer.Set("post_processor", std::move(processor));
  out.tokenizer.Set("model", std::move(bpe));

  out.config = Object{};
  Object decoder;
  for (const Value& token : out.tokenizer.Find("added_tokens")->as_array()) {
    Object copy = token.as_object();
    const int64_t id = copy.front().second.as_int();
    copy.erase(copy.begin());
    decoder.emplace_back(StrCat(id), std::move(copy));
  }
  out.config.Set("added_tokens_decoder", std::move(decoder));
  out.config.Set("add_bos_token", add_bos);
  out.config.Set("add_eos_token", add_eos);
  for (auto [name, key] : {std::pair{"bos_token", "bos_token_id"},
                           {"eos_token", "eos_token_id"},
                           {"unk_token", "unknown_token_id"},
                           {"pad_token", "padding_token_id"}}) {
    PANO_ASSIGN_OR_RETURN(const std::string piece, PieceOf(keys, key, entries));
    if (!piece.empty()) out.config.Set(name, piece);
  }
  out.config.Set("clean_up_tokenization_spaces", false);
  out.config.Set("tokenizer_class", "PreTrainedTokenizerFast");
  PANO_ASSIGN_OR_RETURN(const TokenizerPtr before, TokenizerFromGguf(metadata));
  PANO_ASSIGN_OR_RETURN(const TokenizerPtr after,
                        TokenizerFromJson(json::Dump(out.tokenizer), out.config));
  PANO_RETURN_IF_ERROR(CheckSameIds(*before, *after));
  return out;
}

}  // namespace pano::tokenizer
