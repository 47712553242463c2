#include "model/tokenizer/stream_decoder.h"

#include <utility>

#include "base/utf8.h"
#include "model/tokenizer/decode/decoder.h"

namespace pano::tokenizer {
namespace {

// Ill-formed output that never ends must not be held for ever.
constexpr size_t kHeldBytesMax = 256;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";   // U+FFFD

class PipelineStream : public StreamDecoder {
 public:
  PipelineStream(std::shared_ptr<const PipelineTokenizer> tokenizer, bool skip_special)
      : tokenizer_(std::move(tokenizer)),
        skip_special_(skip_special),
        run_(tokenizer_->decoder(), /*early=*/true) {}

  std::string Push(int32_t id) override {
    const std::string_view piece = tokenizer_->DecoderPiece(id);
    if (piece.empty() || (skip_special_ && tokenizer_->IsSpecial(id))) return {};
    run_.Push(piece, held_);
    const size_t tail = Utf8IncompleteTail(held_);
    if (tail == 0) {
      std::string text = Utf8Sanitize(held_);
      if (held_.size() <= kHeldBytesMax && text.ends_with(kReplacement)) return {};
      held_.clear();
      return text;
    }
    if (held_.size() <= kHeldBytesMax) return {};
    std::string text = Utf8Sanitize(std::string_view(held_).substr(0, held_.size() - tail));
    held_.erase(0, held_.size() - tail);
    return text;
  }

  std::string Flush() override {
    run_.Flush(held_);
    return Utf8Sanitize(std::exchange(held_, {}));
  }

 private:
  const std::shared_ptr<const PipelineTokenizer> tokenizer_;
  const bool skip_special_;
  Decoder::Run run_;
  std::string held_;     // decoded but not given out
};

}  // namespace

std::unique_ptr<StreamDecoder> MakeStreamDecoder(std::shared_ptr<const PipelineTokenizer> tokenizer,
                                                 bool skip_special) {
  return std::make_unique<PipelineStream>(std::move(tokenizer), skip_special);
}

}  // namespace pano::tokenizer
