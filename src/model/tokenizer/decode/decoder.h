#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {

// Takes the pieces of tokens one after another and gives text. Confined to one thread.
class DecoderStage {
 public:
  virtual ~DecoderStage() = default;
  // Appends what is certain after `piece` to `out`, as pieces for the next stage.
  virtual void Push(std::string_view piece, std::vector<std::string>& out) = 0;
  // Appends what is still held back.
  virtual void Flush(std::vector<std::string>& out) = 0;
};

// One step of turning pieces into text. Immutable, so thread-safe.
class DecoderStep {
 public:
  virtual ~DecoderStep() = default;
  // `early`: give out the characters of a run of byte tokens as they become complete. Without it the
  // stage waits for the end of the run, as one ill-formed byte in it makes the whole run U+FFFD.
  virtual std::unique_ptr<DecoderStage> Start(bool early) const = 0;
  // What a piece stands for in the middle of a text.
  virtual std::string Inner(std::string piece) const = 0;
};

using DecoderStepPtr = std::shared_ptr<const DecoderStep>;

// The steps from pieces to text; ill-formed parts of the text are not replaced yet. Without any the
// pieces are joined by spaces, as the format has it. Immutable, so thread-safe.
class Decoder {
 public:
  Decoder() = default;
  explicit Decoder(std::vector<DecoderStepPtr> steps) : steps_(std::move(steps)), given_(true) {}

  // One text on its way. Confined to one thread; the Decoder must outlive it.
  class Run {
   public:
    Run(const Decoder& decoder, bool early);
    void Push(std::string_view piece, std::string& text);
    void Flush(std::string& text);

   private:
    void Pass(size_t stage, std::vector<std::string> pieces, std::string& text);
    std::vector<std::unique_ptr<DecoderStage>> stages_;
    bool join_ = false;      // no decoder: a space between pieces
    bool first_ = true;
  };

  std::string Inner(std::string_view piece) const;

 private:
  std::vector<DecoderStepPtr> steps_;
  bool given_ = false;
};

// From the "decoder" of a tokenizer.json. Unimplemented for a type we do not have.
Result<Decoder> MakeDecoder(const Field& field);

Decoder ByteLevelDecoder();
// U+2581 is a space, byte tokens are bytes; `strip` drops a space in front of the text.
Decoder SentencePieceDecoder(bool strip);

}  // namespace pano::tokenizer
