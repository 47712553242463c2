#include <algorithm>

#include "base/strings.h"
#include "model/tokenizer/decode/decoder_steps.h"
#include "model/tokenizer/formats/gguf_entries.h"
#include "model/tokenizer/models/unigram.h"
#include "model/tokenizer/models/wordpiece.h"
#include "model/tokenizer/normalize/character_normalizers.h"
#include "model/tokenizer/normalize/sentencepiece_normalizer.h"
#include "model/tokenizer/split/class_split.h"

namespace pano::tokenizer {
namespace {

constexpr std::string_view kSpaceMark = "\xe2\x96\x81";   // U+2581

// GGUF writes U+2581 before the entries that begin a word and takes "##" from the others; tokens in
// square brackets stay as they are. Here all are as BERT's own vocabulary has them again.
std::string BertPiece(std::string_view piece) {
  if (piece.starts_with(kSpaceMark)) return std::string(piece.substr(kSpaceMark.size()));
  if (piece.starts_with('[') && piece.ends_with(']')) return std::string(piece);
  return StrCat("##", piece);
}

bool IsMarked(const Vocabulary& vocabulary) {
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.Piece(id).starts_with("##") && vocabulary.Piece(id).size() > 3) return false;
  }
  return true;
}

// The file does not say whether the model keeps upper case; its vocabulary does.
bool HasUpperCase(const Vocabulary& vocabulary) {
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const std::string_view piece = vocabulary.Piece(id);
    if (piece.starts_with('[') && piece.ends_with(']')) continue;
    if (std::any_of(piece.begin(), piece.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return true;
  }
  return false;
}

// cls text sep, and a second text with another sep.
Status SetClsSep(const GgufKeys& keys, PipelineParts& parts) {
  const int32_t size = parts.vocabulary->size();
  PANO_ASSIGN_OR_RETURN(std::optional<TokenId> cls, keys.Id("cls_token_id", size));
  PANO_ASSIGN_OR_RETURN(std::optional<TokenId> sep, keys.Id("separator_token_id", size));
  if (!sep) {   // as many files spell it
    PANO_ASSIGN_OR_RETURN(sep, keys.Id("seperator_token_id", size));
  }
  if (!cls) {
    PANO_ASSIGN_OR_RETURN(cls, keys.Id("bos_token_id", size));
  }
  if (!sep) {
    PANO_ASSIGN_OR_RETURN(sep, keys.Id("eos_token_id", size));
  }
  if (!cls) cls = parts.vocabulary->Find("[CLS]");
  if (!sep) sep = parts.vocabulary->Find("[SEP]");
  using P = PostProcessor;
  P::Slots& single = parts.post_processor.single;
  if (cls) single.insert(single.begin(), P::Token(*cls));
  if (sep) single.push_back(P::Token(*sep));
  parts.post_processor.pair = single;
  parts.post_processor.pair.push_back(P::Second(1));
  if (sep) parts.post_processor.pair.push_back(P::Token(*sep, 1));
  parts.bos = cls;
  parts.eos = sep;
  return {};
}

Result<SentencePieceRules> ReadRules(const GgufKeys& keys) {
  SentencePieceRules rules;
  PANO_ASSIGN_OR_RETURN(rules.add_dummy_prefix, keys.BoolOr("add_space_prefix", true));
  PANO_ASSIGN_OR_RETURN(rules.remove_extra_whitespaces, keys.BoolOr("remove_extra_whitespaces", true));
  if (!keys.Has("precompiled_charsmap")) return rules;
  const Field field = keys.At("precompiled_charsmap");
  if (!field.value().is_array()) return field.Wrong("expected array");
  std::string bytes;
  bytes.reserve(field.value().as_array().size());
  for (const json::Value& byte : field.value().as_array()) {
    // Converters write them signed or not.
    if (!byte.is_int() || byte.as_int() < -128 || byte.as_int() > 255) return field.Wrong("expected bytes");
    bytes += static_cast<char>(byte.as_int());
  }
  if (bytes.empty()) return rules;
  PANO_ASSIGN_OR_RETURN(rules.charsmap, Charsmap::Parse(bytes).Wrap(field.path()));
  return rules;
}

}  // namespace

Result<TokenizerPtr> BertFromGguf(const GgufKeys& keys) {
  PANO_ASSIGN_OR_RETURN(GgufEntries entries, ReadEntries(keys));
  if (IsMarked(*entries.vocabulary)) {
    auto vocabulary = std::make_unique<Vocabulary>();
    for (TokenId id = 0; id < entries.vocabulary->size(); ++id) {
      if (!entries.vocabulary->Has(id)) continue;
      PANO_RETURN_IF_ERROR(vocabulary
                               ->AddAgain(BertPiece(entries.vocabulary->Piece(id)), id,
                                          entries.vocabulary->entry_count())
                               .Wrap("tokenizer.ggml.tokens"));
    }
    entries.vocabulary = std::move(vocabulary);
  }
  PipelineParts parts;
  AddTokens(entries, parts);
  parts.vocabulary = std::move(entries.vocabulary);
  WordPieceModel::Options options;
  PANO_ASSIGN_OR_RETURN(std::optional<TokenId> unknown,
                        keys.Id("unknown_token_id", parts.vocabulary->size()));
  if (!unknown) unknown = parts.vocabulary->Find("[UNK]");
  if (!unknown) return keys.At("unknown_token_id").Wrong("expected integer, found nothing");
  options.unknown = *unknown;
  BertRules rules;
  rules.lowercase = rules.strip_accents = !HasUpperCase(*parts.vocabulary);
  PANO_ASSIGN_OR_RETURN(parts.model, WordPieceModel::Create(*parts.vocabulary, std::move(options)));
  parts.normalizer = BertNormalizer(rules);
  parts.pre_tokenizer = BertSplit();
  parts.decoder = Decoder({WordPieceStep("##", /*cleanup=*/true)});
  PANO_RETURN_IF_ERROR(SetClsSep(keys, parts));
  parts.adds_special_tokens_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

Result<TokenizerPtr> UnigramFromGguf(const GgufKeys& keys) {
  PANO_ASSIGN_OR_RETURN(GgufEntries entries, ReadEntries(keys));
  PANO_ASSIGN_OR_RETURN(const std::vector<float> scores, ReadScores(keys, entries.types.size()));
  std::vector<UnigramModel::Entry> pieces;
  bool bytes = false;
  for (TokenId id = 0; id < entries.vocabulary->size(); ++id) {
    const auto index = static_cast<size_t>(id);
    if (!entries.vocabulary->Has(id)) continue;
    const int64_t type = entries.types[index];
    bytes = bytes || type == kByte;
    if (!entries.usable[index] || type == kUnused) continue;
    pieces.push_back({id, scores[index], type == kUserDefined});
  }
  PipelineParts parts;
  AddTokens(entries, parts);
  parts.vocabulary = std::move(entries.vocabulary);
  UnigramModel::Options options;
  options.sums = UnigramModel::Sums::kFloat;
  options.byte_fallback = bytes;
  PANO_ASSIGN_OR_RETURN(options.unknown, keys.Id("unknown_token_id", parts.vocabulary->size()));
  PANO_ASSIGN_OR_RETURN(parts.model, UnigramModel::Create(*parts.vocabulary, pieces, options));
  PANO_ASSIGN_OR_RETURN(SentencePieceRules rules, ReadRules(keys));
  parts.decoder = SentencePieceDecoder(/*strip=*/rules.add_dummy_prefix);
  PANO_ASSIGN_OR_RETURN(parts.normalizer, SentencePieceNormalizer(std::move(rules)));
  PANO_RETURN_IF_ERROR(ReadSpecialIds(keys, /*add_bos=*/false, /*add_eos=*/true, parts));
  parts.adds_special_tokens_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

}  // namespace pano::tokenizer
