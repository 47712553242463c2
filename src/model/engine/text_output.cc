#include "model/engine/text_output.h"

#include <algorithm>

#include "model/tokenizer/tokenizer.h"

namespace pano::engine {

TextOutput::TextOutput(const tokenizer::Tokenizer* tokenizer, const Request& request)
    : tokenizer_(tokenizer),
      stops_(request.stop, request.include_stop),
      unscreened_(request.min_tokens - 1) {
  if (tokenizer == nullptr) return;
  if (request.skip_special) shown_special_ = request.shown_special;
  decoder_ = tokenizer->Stream(request.skip_special && shown_special_.empty());
  vocab_size_ = tokenizer->vocab_size();
  // The text goes on where the prompt ends: a decoder that drops the space at the start of a text must
  // not drop it here. Its last tokens are context enough.
  constexpr size_t kContextTokens = 16;
  const std::vector<TokenId>& prompt = request.prompt;
  for (size_t i = prompt.size() - std::min(prompt.size(), kContextTokens); i < prompt.size(); ++i) {
    if (prompt[i] >= 0 && prompt[i] < vocab_size_ && !Silent(prompt[i])) {
      (void)decoder_->Push(prompt[i]);
    }
  }
}

bool TextOutput::Silent(TokenId id) const {
  return !shown_special_.empty() && tokenizer_->IsSpecial(id) &&
         !std::binary_search(shown_special_.begin(), shown_special_.end(), id);
}

std::string TextOutput::Push(TokenId id) {
  // A model may have more rows than the tokenizer has entries; those are silent.
  if (decoder_ == nullptr || id >= vocab_size_) return "";
  std::string text = Silent(id) ? "" : decoder_->Push(id);
  if (unscreened_ > 0) {
    --unscreened_;
    return text;
  }
  return stops_.Push(text);
}

std::string TextOutput::Finish() {
  if (decoder_ == nullptr || stopped()) return "";
  std::string text = stops_.Push(decoder_->Flush());
  return stopped() ? text : text + stops_.Flush();
}

}  // namespace pano::engine
