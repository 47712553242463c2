#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// Half-open range of bytes in a text.
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

struct EncodeOptions {
  bool add_special_tokens = true;   // what the post-processor adds: BOS and its like
  // "<s>" in the text is the token; false: it is three characters. Only tokens that the file flags as
  // special (GGUF: control and unknown) become text, other added tokens are found all the same.
  bool parse_special = true;
  // Ranges of the text in which special tokens are never parsed (what a user typed inside a rendered
  // chat template). Ascending, disjoint, ends between characters. Here added tokens that look like
  // markup ("<|User|>", "[INST]", "<tool_call>") stay text too although many files forget to flag
  // them; plain tags ("<b>") and white space are parsed. A token that only partly lies inside is text.
  std::span<const ByteRange> plain = {};
};

// The ids of a text, or of a pair.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<int32_t> type_ids;    // [ids.size()]: which text an id belongs to, as the post-processor says
};

// Turns ids into text as they come: a piece holds whole characters only, the rest waits.
// Confined to one thread.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // The text that `id` completes; may be empty. The pieces and Flush's concatenate to what Decode gives.
  virtual std::string Push(int32_t id) = 0;
  // What is still held back, ill-formed parts as U+FFFD.
  virtual std::string Flush() = 0;
};

// Text to ids and back. Immutable, so thread-safe.
class Tokenizer : public std::enable_shared_from_this<Tokenizer> {
 public:
  virtual ~Tokenizer() = default;

  virtual Result<std::vector<TokenId>> Encode(std::string_view text,
                                              const EncodeOptions& options = {}) const = 0;
  // With type ids; two texts as the post-processor joins them. `plain` is about the first.
  virtual Result<Encoding> EncodePair(std::string_view text, std::optional<std::string_view> second,
                                      const EncodeOptions& options = {}) const {
    static_cast<void>(text), static_cast<void>(second), static_cast<void>(options);
    return Unimplemented("[tokenizer] text pairs");
  }
  // InvalidArgument for an id outside the vocabulary. Ill-formed UTF-8 comes out as U+FFFD.
  virtual Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const = 0;
  virtual std::unique_ptr<StreamDecoder> Stream(bool skip_special) const = 0;

  // Highest id + 1.
  virtual int32_t vocab_size() const = 0;
  // The entry as the vocabulary writes it ("\u0120the", "<0x0A>"); "" for an id that has none.
  virtual std::string_view Piece(TokenId id) const = 0;
  // The bytes that the id stands for inside a longer text ("\u0120the" is " the", "<0x0A>" is "\n").
  virtual std::string Bytes(TokenId id) const = 0;
  virtual bool IsSpecial(TokenId id) const = 0;
  // The places of a text, ascending and disjoint, that spell an added token which is shown as text and
  // which `plain` would keep from being parsed ("<tool_call>" where it is not flagged as special).
  virtual std::vector<ByteRange> FindShownMarkers(std::string_view text) const {
    static_cast<void>(text);
    return {};
  }
  // The id of a vocabulary entry or added token.
  virtual std::optional<TokenId> Find(std::string_view piece) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  virtual std::optional<TokenId> eos() const = 0;
  // What add_special_tokens defaults to for this kind of file: true for tokenizer.json, else false.
  virtual bool adds_special_tokens_by_default() const = 0;
  // The default of parse_special for this kind of file: SentencePiece itself never reads control tokens.
  virtual bool parses_special_by_default() const { return true; }
};

using TokenizerPtr = std::shared_ptr<const Tokenizer>;

}  // namespace pano::tokenizer
