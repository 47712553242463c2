#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/tokenizer/decode/sentencepiece_decoder.h"
#include "model/tokenizer/formats/listed_tokens.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/sentencepiece_model.h"
#include "model/tokenizer/models/bpe.h"
#include "model/tokenizer/models/unigram.h"
#include "model/tokenizer/models/user_symbols.h"
#include "model/tokenizer/pipeline.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

using PieceType = SentencePieceModel::PieceType;

TokenId UnknownId(const SentencePieceModel& file) {
  TokenId id = 0;
  while (file.pieces[static_cast<size_t>(id)].type != PieceType::kUnknown) ++id;
  return id;   // the parser checked that there is one
}

Result<std::unique_ptr<Model>> MakeBpe(const SentencePieceModel& file, const Vocabulary& vocabulary) {
  BpeModel::Options options;
  options.unknown = UnknownId(file);
  options.fuse_unknown = true;
  options.byte_fallback = file.byte_fallback;
  std::vector<float> scores;
  std::vector<std::pair<std::string_view, TokenId>> symbols;
  for (const SentencePieceModel::Piece& piece : file.pieces) {
    const auto id = static_cast<TokenId>(scores.size());
    if (piece.type == PieceType::kUnused) {
      return Unimplemented(StrCat("an unused piece in a BPE model (id ", id, ") is not supported"));
    }
    if (piece.type == PieceType::kUserDefined) symbols.emplace_back(vocabulary.Piece(id), id);
    options.usable.push_back(piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined);
    scores.push_back(piece.score);
  }
  const std::optional<TokenId> fused = file.byte_fallback ? std::nullopt : options.unknown;
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<Model> bpe,
                        BpeModel::FromScores(vocabulary, scores, std::move(options)));
  PANO_ASSIGN_OR_RETURN(auto model, UserSymbolModel::Create(std::move(bpe), std::move(symbols), fused));
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> MakeUnigram(const SentencePieceModel& file, const Vocabulary& vocabulary) {
  std::vector<UnigramModel::Entry> entries;
  TokenId id = 0;
  for (const SentencePieceModel::Piece& piece : file.pieces) {
    const bool user_defined = piece.type == PieceType::kUserDefined;
    if (user_defined || piece.type == PieceType::kNormal) entries.push_back({id, piece.score, user_defined});
    ++id;
  }
  UnigramModel::Options options;
  options.unknown = UnknownId(file);
  options.byte_fallback = file.byte_fallback;
  options.sums = UnigramModel::Sums::kFloat;
  PANO_ASSIGN_OR_RETURN(auto model, UnigramModel::Create(vocabulary, entries, options));
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> MakeModel(const SentencePieceModel& file, const Vocabulary& vocabulary) {
  switch (file.kind) {
    case SentencePieceModel::Kind::kBpe: return MakeBpe(file, vocabulary);
    case SentencePieceModel::Kind::kUnigram: return MakeUnigram(file, vocabulary);
    case SentencePieceModel::Kind::kWord: return Unimplemented("a model of whole words is not supported");
    case SentencePieceModel::Kind::kChar: return Unimplemented("a model of characters is not supported");
  }
  return Internal("no such kind of model");
}

Decoder MakeDecoder(const SentencePieceModel& file) {
  SentencePieceText text;
  for (const SentencePieceModel::Piece& piece : file.pieces) {
    if (piece.type == PieceType::kControl) text.fixed[piece.text] = "";
    if (piece.type == PieceType::kUnknown) text.fixed[piece.text] = file.unknown_surface;
  }
  text.bytes = file.byte_fallback;
  text.strip_first = file.rules.add_dummy_prefix;
  text.strip_all = file.rules.remove_extra_whitespaces;
  return Decoder({SentencePieceStep(std::move(text))});
}

// Tokens that a folder lists beside the model: with the id of a piece where the model has one of this
// text.
Status AddListed(const json::Value& tokenizer_config, PipelineParts& parts) {
  PANO_ASSIGN_OR_RETURN(std::vector<AddedToken> tokens, ListedTokens(tokenizer_config));
  const size_t entries = parts.vocabulary->entry_count() + tokens.size();
  std::unordered_set<TokenId> known;
  for (const AddedToken& token : parts.added) known.insert(token.id);
  for (AddedToken& token : tokens) {
    const std::optional<TokenId> found = parts.vocabulary->Find(token.content);
    if (found) token.id = *found;
    if (parts.vocabulary->Has(token.id) && !found) token.id = parts.vocabulary->size();
    if (!known.insert(token.id).second) continue;
    PANO_RETURN_IF_ERROR(parts.vocabulary->Add(token.content, token.id, entries));
    parts.added.push_back(std::move(token));
  }
  return {};
}

// The id of a control piece.
std::optional<TokenId> ControlId(const SentencePieceModel& file, std::string_view piece) {
  for (size_t id = 0; id < file.pieces.size(); ++id) {
    if (file.pieces[id].type == PieceType::kControl && file.pieces[id].text == piece) {
      return static_cast<TokenId>(id);
    }
  }
  return std::nullopt;
}

Result<PostProcessor> MakePostProcessor(const PipelineParts& parts, const json::Value& tokenizer_config) {
  const Field config(tokenizer_config, "tokenizer_config");
  bool add_bos = parts.bos.has_value();
  bool add_eos = !add_bos;
  if (tokenizer_config.is_object()) {
    PANO_ASSIGN_OR_RETURN(add_bos, config.BoolOr("add_bos_token", add_bos));
    PANO_ASSIGN_OR_RETURN(add_eos, config.BoolOr("add_eos_token", add_eos));
  }
  return PostProcessor::Around(add_bos ? parts.bos : std::nullopt, add_eos ? parts.eos : std::nullopt);
}

}  // namespace

Result<TokenizerPtr> TokenizerFromSentencePiece(std::string_view model, const json::Value& tokenizer_config) {
  PANO_ASSIGN_OR_RETURN(SentencePieceModel file, ParseSentencePieceModel(model));
  PipelineParts parts;
  parts.vocabulary = std::make_unique<Vocabulary>();
  for (size_t i = 0; i < file.pieces.size(); ++i) {
    const SentencePieceModel::Piece& piece = file.pieces[i];
    PANO_RETURN_IF_ERROR(parts.vocabulary->Add(piece.text, static_cast<int64_t>(i), file.pieces.size()));
    if (piece.type != PieceType::kControl) continue;
    AddedToken token;
    token.id = static_cast<TokenId>(i);
    token.content = piece.text;
    token.special = true;
    parts.added.push_back(std::move(token));
  }
  PANO_ASSIGN_OR_RETURN(parts.model, MakeModel(file, *parts.vocabulary));
  PANO_RETURN_IF_ERROR(AddListed(tokenizer_config, parts));
  parts.decoder = MakeDecoder(file);
  parts.bos = NamedToken(tokenizer_config, "bos_token", *parts.vocabulary);
  parts.eos = NamedToken(tokenizer_config, "eos_token", *parts.vocabulary);
  if (!parts.bos) parts.bos = ControlId(file, file.bos_piece);
  if (!parts.eos) parts.eos = ControlId(file, file.eos_piece);
  PANO_ASSIGN_OR_RETURN(parts.post_processor, MakePostProcessor(parts, tokenizer_config));
  PANO_ASSIGN_OR_RETURN(parts.normalizer, SentencePieceNormalizer(std::move(file.rules)));
  parts.adds_special_tokens_by_default = false;
  parts.parses_special_by_default = false;
  return PipelineTokenizer::Create(std::move(parts));
}

}  // namespace pano::tokenizer
