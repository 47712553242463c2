#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/byte_level_encoder.h"
#include "model/tokenizer/decode/decoder.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/models/vocabulary.h"
#include "model/tokenizer/normalize/normalizer.h"
#include "model/tokenizer/post_processor.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// The parts of a tokenizer; any of normalizer and pre_tokenizer may be null.
struct PipelineParts {
  std::unique_ptr<Vocabulary> vocabulary;   // added tokens included; on the heap, as the model refers to it
  std::unique_ptr<Model> model;
  NormalizerPtr normalizer;
  PreTokenizerPtr pre_tokenizer;
  PostProcessor post_processor;
  Decoder decoder;
  std::vector<AddedToken> added;
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  bool adds_special_tokens_by_default = true;
  bool parses_special_by_default = true;
};

// text -> added tokens cut out -> normalised -> normalised added tokens cut out -> pre-tokens -> model,
// then the post-processor; ids -> pieces -> decoder. Immutable, so thread-safe.
class PipelineTokenizer : public Tokenizer {
 public:
  static Result<TokenizerPtr> Create(PipelineParts parts);

  Result<std::vector<TokenId>> Encode(std::string_view text,
                                      const EncodeOptions& options) const override;
  Result<Encoding> EncodePair(std::string_view text, std::optional<std::string_view> second,
                              const EncodeOptions& options) const override;
  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::unique_ptr<StreamDecoder> Stream(bool skip_special) const override;

  int32_t vocab_size() const override { return parts_.vocabulary->size(); }
  std::string_view Piece(TokenId id) const override { return parts_.vocabulary->Piece(id); }
  std::string Bytes(TokenId id) const override { return parts_.decoder.Inner(DecoderPiece(id)); }
  bool IsSpecial(TokenId id) const override;
  std::vector<ByteRange> FindShownMarkers(std::string_view text) const override;
  std::optional<TokenId> Find(std::string_view piece) const override {
    return parts_.vocabulary->Find(piece);
  }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  bool adds_special_tokens_by_default() const override {
    return parts_.adds_special_tokens_by_default;
  }
  bool parses_special_by_default() const override { return parts_.parses_special_by_default; }

  const Decoder& decoder() const { return parts_.decoder; }
  // What the decoder gets for an id: its piece; a normalised added token comes out normalised.
  std::string_view DecoderPiece(TokenId id) const {
    if (rewritten_.empty()) return Piece(id);
    const auto rewritten = rewritten_.find(id);
    return rewritten == rewritten_.end() ? Piece(id) : rewritten->second;
  }

 private:
  explicit PipelineTokenizer(PipelineParts parts) : parts_(std::move(parts)) {}
  Status EncodeSlots(std::string_view text, std::optional<std::string_view> second,
                     const EncodeOptions& options, std::vector<TokenId>& ids,
                     std::vector<int32_t>* type_ids) const;
  // `literal`: no control token may come out of what is no added token.
  Status EncodeText(std::string_view text, const EncodeOptions& options, std::vector<TokenId>& ids) const;
  Status EncodePart(std::string_view text, bool at_start, bool parse_special,
                    std::span<const ByteRange> plain, std::vector<TokenId>& ids) const;
  Status EncodePlain(std::string_view text, bool at_start, bool literal, std::vector<TokenId>& ids) const;
  Status EncodePiece(std::string_view piece, bool literal, std::vector<TokenId>& ids) const;

  const PipelineParts parts_;
  std::unique_ptr<const ByteLevelEncoder> byte_level_;   // pre_tokenizer and model in one, or null
  AddedTokenFinder raw_;           // looked for in the text as given
  AddedTokenFinder normalized_;    // and after normalisation
  AddedTokenFinder shown_;         // markers that are not special, by their content
  std::vector<bool> special_;      // by id
  std::unordered_map<TokenId, std::string> rewritten_;   // added tokens that normalisation changes
};

}  // namespace pano::tokenizer
