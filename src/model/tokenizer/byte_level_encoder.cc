#include "model/tokenizer/byte_level_encoder.h"

#include <string>

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

class EncodingSink : public PieceSink {
 public:
  EncodingSink(const ByteBpe& bpe, const char* readable_end, std::vector<TokenId>& ids)
      : bpe_(bpe), readable_end_(readable_end), ids_(ids) {}

 private:
  void Take(std::span<const std::string_view> pieces) override {
    bpe_.Encode(pieces, readable_end_, ids_);
  }

  const ByteBpe& bpe_;
  const char* const readable_end_;
  std::vector<TokenId>& ids_;
};

}  // namespace

std::unique_ptr<const ByteLevelEncoder> ByteLevelEncoder::Join(const PreTokenizer& pre_tokenizer,
                                                               const Model& model) {
  const ByteLevelSplit* split = pre_tokenizer.byte_level();
  if (split == nullptr) return nullptr;
  std::unique_ptr<const ByteBpe> bpe = model.ForBytes();
  if (!bpe) return nullptr;
  return std::unique_ptr<const ByteLevelEncoder>(new ByteLevelEncoder(*split, std::move(bpe)));
}

Status ByteLevelEncoder::Encode(std::string_view text, size_t bytes_max,
                                std::vector<TokenId>& ids) const {
  std::string prefixed;
  if (split_.add_prefix_space && !text.starts_with(' ')) text = prefixed = StrCat(" ", text);
  if (split_.scanner || !split_.split) {
    EncodingSink sink(*bpe_, text.data() + text.size(), ids);
    if (split_.scanner) {
      split_.scanner->Scan(text, sink);
    } else {
      sink.Add(text.data(), text.data() + text.size());
    }
    sink.Flush();
    return {};
  }
  Pieces pieces;
  pieces.list.push_back({text, false});
  pieces.bytes_max = bytes_max;
  PANO_RETURN_IF_ERROR(split_.split->Apply(pieces));
  for (const Pieces::Piece& piece : pieces.list) {
    bpe_->Encode({&piece.text, 1}, piece.text.data() + piece.text.size(), ids);
  }
  return {};
}

}  // namespace pano::tokenizer
