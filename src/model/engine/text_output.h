#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/engine/request.h"
#include "model/engine/stop_matcher.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::engine {

// One choice's text as its tokens come: decoded in whole characters, screened for stop strings.
// Confined to one thread.
class TextOutput {
 public:
  // Without a tokenizer all text is empty.
  TextOutput(const tokenizer::Tokenizer* tokenizer, const Request& request);

  // The text that `id` lets go. Stop strings count only from the request's min_tokens-th token on.
  std::string Push(TokenId id);
  // What is left when no more tokens come.
  std::string Finish();

  bool stopped() const { return stops_.matched(); }
  const std::string& stop_match() const { return stops_.match(); }

 private:
  bool Silent(TokenId id) const;

  const tokenizer::Tokenizer* const tokenizer_;
  std::vector<TokenId> shown_special_;   // ascending; empty: the decoder skips all or none
  std::unique_ptr<tokenizer::StreamDecoder> decoder_;
  TokenId vocab_size_ = 0;
  StopMatcher stops_;
  int64_t unscreened_;   // tokens to come whose text is not looked at
};

}  // namespace pano::engine
