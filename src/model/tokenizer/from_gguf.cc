#include "base/strings.h"
#include "model/tokenizer/bpe.h"
#include "model/tokenizer/field.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/split_patterns.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

// tokenizer.ggml.token_type; do not renumber.
enum TokenType : int64_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

// The tokenizer.ggml.* keys of a file.
class Metadata {
 public:
  explicit Metadata(const json::Value& metadata) : root_(metadata, "") {}

  bool Has(std::string_view key) const { return root_.Has(Key(key)); }
  Field At(std::string_view key) const { return root_.At(Key(key)); }
  Result<bool> BoolOr(std::string_view key, bool fallback) const {
    return root_.BoolOr(Key(key), fallback);
  }
  // The id, or nothing where the key is absent.
  Result<std::optional<TokenId>> Id(std::string_view key, int32_t vocab_size) const {
    if (!Has(key)) return std::optional<TokenId>();
    PANO_ASSIGN_OR_RETURN(const int64_t id, At(key).Int(0, UINT32_MAX));
    // Some converters write an id of a padded vocabulary, or -1, for "none".
    if (id >= vocab_size) return std::optional<TokenId>();
    return std::optional<TokenId>(static_cast<TokenId>(id));
  }

 private:
  static std::string Key(std::string_view key) { return StrCat("tokenizer.ggml.", key); }
  Field root_;
};

struct Entries {
  std::unique_ptr<Vocabulary> vocabulary = std::make_unique<Vocabulary>();
  std::vector<int64_t> types;     // by id
  std::vector<bool> usable;       // by id: what text can become by merging
};

// Entries that text never becomes need no piece of their own: a repeated one is left out.
Result<Entries> ReadEntries(const Metadata& metadata) {
  const Field tokens = metadata.At("tokens");
  if (!tokens.value().is_array()) return tokens.Wrong("expected array");
  const json::Array& pieces = tokens.value().as_array();
  if (pieces.size() > static_cast<size_t>(kTokenIdMax)) return tokens.Wrong("too many entries");
  Entries entries;
  entries.types.assign(pieces.size(), kNormal);
  entries.usable.assign(pieces.size(), true);
  if (metadata.Has("token_type")) {
    PANO_ASSIGN_OR_RETURN(const std::vector<Field> types, metadata.At("token_type").Elements());
    if (types.size() != pieces.size()) {
      return metadata.At("token_type").Wrong(StrCat(types.size(), " entries for ", pieces.size(), " tokens"));
    }
    for (size_t i = 0; i < types.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(entries.types[i], types[i].Int(0, 6));
      // 0, "undefined", is what old converters wrote for normal ones.
      entries.usable[i] = entries.types[i] == 0 || entries.types[i] == kNormal ||
                          entries.types[i] == kUserDefined || entries.types[i] == kUnused;
    }
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].is_string()) return tokens.Wrong(StrCat("entry ", i, " is no string"));
    const std::string& piece = pieces[i].as_string();
    if (piece.empty()) continue;
    if (const auto other = entries.vocabulary->Find(piece)) {
      if (entries.types[i] != kUnused) {
        return tokens.Wrong(StrCat("'", Printable(piece), "' has two ids, ", *other, " and ", i));
      }
      continue;
    }
    PANO_RETURN_IF_ERROR(entries.vocabulary->Add(piece, static_cast<int64_t>(i), pieces.size())
                             .Wrap(tokens.path()));
  }
  return entries;
}

void AddTokens(const Entries& entries, PipelineParts& parts) {
  for (TokenId id = 0; id < entries.vocabulary->size(); ++id) {
    const int64_t type = entries.types[static_cast<size_t>(id)];
    if (type != kControl && type != kUserDefined && type != kUnknown) continue;
    AddedToken token;
    token.id = id;
    token.content = entries.vocabulary->Piece(id);
    token.special = type != kUserDefined;
    parts.added.push_back(std::move(token));
  }
}

// bos, eos and which of them surround a text.
Status ReadSpecialIds(const Metadata& metadata, bool add_bos, PipelineParts& parts) {
  const int32_t size = parts.vocabulary->size();
  PANO_ASSIGN_OR_RETURN(parts.bos, metadata.Id("bos_token_id", size));
  PANO_ASSIGN_OR_RETURN(parts.eos, metadata.Id("eos_token_id", size));
  PANO_ASSIGN_OR_RETURN(add_bos, metadata.BoolOr("add_bos_token", add_bos));
  PANO_ASSIGN_OR_RETURN(const bool add_eos, metadata.BoolOr("add_eos_token", false));
  parts.post_processor = PostProcessor::Around(add_bos ? parts.bos : std::nullopt,
                                               add_eos ? parts.eos : std::nullopt);
  return {};
}

Result<TokenizerPtr> FromScoredBpe(const Metadata& metadata) {
  PANO_ASSIGN_OR_RETURN(Entries entries, ReadEntries(metadata));
  const Field scores = metadata.At("scores");
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> numbers, scores.Elements());
  if (numbers.size() != entries.types.size()) {
    return scores.Wrong(StrCat(numbers.size(), " entries for ", entries.types.size(), " tokens"));
  }
  std::vector<float> values;
  for (const Field& number : numbers) {
    if (!number.value().is_number()) return number.Wrong("expected number");
    values.push_back(static_cast<float>(number.value().as_double()));
  }
  PipelineParts parts;
  BpeModel::Options options;
  options.byte_fallback = true;
  options.usable = entries.usable;
  PANO_ASSIGN_OR_RETURN(options.unknown,
                        metadata.Id("unknown_token_id", entries.vocabulary->size()));
  AddTokens(entries, parts);
  parts.vocabulary = std::move(entries.vocabulary);
  PANO_ASSIGN_OR_RETURN(parts.model,
                        BpeModel::FromScores(*parts.vocabulary, values, std::move(options)));
  PANO_ASSIGN_OR_RETURN(const bool prefix, metadata.BoolOr("add_space_prefix", true));
  parts.normalizer = SpaceNormalizer(prefix);
  parts.decoder = SentencePieceDecoder(/*strip=*/prefix);
  PANO_RETURN_IF_ERROR(ReadSpecialIds(metadata, /*add_bos=*/true, parts));
  parts.adds_special_tokens_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

Result<std::vector<std::pair<std::string, std::string>>> ReadMerges(const Field& field) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Field> rules, field.Elements());
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(rules.size());
  for (const Field& rule : rules) {
    PANO_ASSIGN_OR_RETURN(const std::string text, rule.String());
    const size_t space = text.find(' ', 1);
    if (space == std::string::npos) return rule.Wrong("expected two pieces and one space");
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return merges;
}

Result<TokenizerPtr> FromByteLevelBpe(const Metadata& metadata) {
  PANO_ASSIGN_OR_RETURN(Entries entries, ReadEntries(metadata));
  std::string pre = "default";
  if (metadata.Has("pre")) {
    PANO_ASSIGN_OR_RETURN(pre, metadata.At("pre").String());
  }
  PANO_ASSIGN_OR_RETURN(const SplitPatterns split, FindSplitPatterns(pre));
  PANO_ASSIGN_OR_RETURN(const auto merges, ReadMerges(metadata.At("merges")));
  PipelineParts parts;
  BpeModel::Options options;
  options.ignore_merges = split.ignore_merges;
  options.usable = entries.usable;
  AddTokens(entries, parts);
  parts.vocabulary = std::move(entries.vocabulary);
  PANO_ASSIGN_OR_RETURN(parts.model,
                        BpeModel::FromMerges(*parts.vocabulary, merges, std::move(options))
                            .Wrap(metadata.At("merges").path()));
  if (split.nfc) parts.normalizer = NfcNormalizer();
  PANO_ASSIGN_OR_RETURN(parts.pre_tokenizer, ByteLevelPreTokenizer(split.patterns));
  parts.decoder = ByteLevelDecoder();
  PANO_RETURN_IF_ERROR(ReadSpecialIds(metadata, split.add_bos, parts));
  parts.adds_special_tokens_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

}  // namespace

Result<TokenizerPtr> TokenizerFromGguf(const json::Value& metadata) {
  const Metadata keys(metadata);
  if (!keys.Has("model")) return NotFound("no tokenizer: tokenizer.ggml.model is absent");
  PANO_ASSIGN_OR_RETURN(const std::string model, keys.At("model").String());
  if (model == "llama") return FromScoredBpe(keys);
  if (model == "gpt2") return FromByteLevelBpe(keys);
  if (model == "none" || model == "no_vocab") {
    return NotFound(StrCat("no tokenizer: tokenizer.ggml.model is '", model, "'"));
  }
  return keys.At("model").Unsupported(StrCat("the tokenizer '", Printable(model), "'"));
}

}  // namespace pano::tokenizer
