#include "model/engine/special_tokens.h"

#include <algorithm>
#include <string_view>

namespace pano::engine {
namespace {

// Flagged as special, or written like a marker, which many files forget to flag.
bool IsControl(const tokenizer::Tokenizer& tokenizer, TokenId id) {
  if (id < 0 || id >= tokenizer.vocab_size()) return false;
  const std::string_view piece = tokenizer.Piece(id);
  return tokenizer.IsSpecial(id) ||
         (piece.size() > 2 && ((piece.starts_with('<') && piece.ends_with('>')) ||
                               (piece.starts_with('[') && piece.ends_with(']'))));
}

}  // namespace

void SetSpecialTokens(const nn::SpecialTokens& files, const tokenizer::Tokenizer* tokenizer,
                      Options& options) {
  std::vector<TokenId>& end = options.end_token_ids;
  end = files.end;
  auto add = [&](TokenId id) {
    if (std::ranges::find(end, id) == end.end()) end.push_back(id);
  };
  if (tokenizer && tokenizer->eos()) add(*tokenizer->eos());
  for (TokenId id : files.config_end) {
    if (end.empty() || !tokenizer || IsControl(*tokenizer, id)) add(id);
  }
  options.begin_token_id = files.begin;
  if (!options.begin_token_id && tokenizer) options.begin_token_id = tokenizer->bos();
}

}  // namespace pano::engine
