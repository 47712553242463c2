#include "base/strings.h"
#include "model/tokenizer/formats/gguf_entries.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/models/bpe.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

Result<TokenizerPtr> FromScoredBpe(const GgufKeys& metadata) {
  PANO_ASSIGN_OR_RETURN(GgufEntries entries, ReadEntries(metadata));
  PANO_ASSIGN_OR_RETURN(const std::vector<float> scores, ReadScores(metadata, entries.types.size()));
  PipelineParts parts;
  BpeModel::Options options;
  options.byte_fallback = true;
  options.usable = entries.usable;
  PANO_ASSIGN_OR_RETURN(options.unknown,
                        metadata.Id("unknown_token_id", entries.vocabulary->size()));
  AddTokens(entries, parts);
  parts.vocabulary = std::move(entries.vocabulary);
  PANO_ASSIGN_OR_RETURN(parts.model,
                        BpeModel::FromScores(*parts.vocabulary, scores, std::move(options)));
  PANO_ASSIGN_OR_RETURN(const bool prefix, metadata.BoolOr("add_space_prefix", true));
  parts.normalizer = SpaceNormalizer(prefix);
  parts.decoder = SentencePieceDecoder(/*strip=*/prefix);
  PANO_RETURN_IF_ERROR(ReadSpecialIds(metadata, /*add_bos=*/true, /*add_eos=*/false, parts));
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

Result<TokenizerPtr> FromByteLevelBpe(const GgufKeys& metadata) {
  PANO_ASSIGN_OR_RETURN(GgufEntries entries, ReadEntries(metadata));
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
  PANO_RETURN_IF_ERROR(ReadSpecialIds(metadata, split.add_bos, /*add_eos=*/false, parts));
  parts.adds_special_tokens_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

}  // namespace

Result<TokenizerPtr> TokenizerFromGguf(const json::Value& metadata) {
  const GgufKeys keys(metadata);
  if (!keys.Has("model")) return NotFound("no tokenizer: tokenizer.ggml.model is absent");
  PANO_ASSIGN_OR_RETURN(const std::string model, keys.At("model").String());
  if (model == "llama") return FromScoredBpe(keys);
  if (model == "gpt2") return FromByteLevelBpe(keys);
  if (model == "bert") return BertFromGguf(keys);
  if (model == "t5") return UnigramFromGguf(keys);
  if (model == "none" || model == "no_vocab") {
    return NotFound(StrCat("no tokenizer: tokenizer.ggml.model is '", model, "'"));
  }
  return keys.At("model").Unsupported(StrCat("the tokenizer '", Printable(model), "'"));
}

}  // namespace pano::tokenizer
