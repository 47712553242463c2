#include "app/models/mark_tokens.h"

#include <set>

namespace pano::models {

std::vector<tokenizer::TokenId> SpecialTokensOf(const tokenizer::Tokenizer& tokenizer,
                                                const std::vector<std::string>& marks) {
  std::set<tokenizer::TokenId> ids;
  tokenizer::EncodeOptions options;
  options.add_special_tokens = false;
  for (const std::string& mark : marks) {
    const auto encoded = tokenizer.Encode(mark, options);
    if (!encoded.ok()) continue;
    for (tokenizer::TokenId id : *encoded) {
      if (tokenizer.IsSpecial(id)) ids.insert(id);
    }
  }
  return {ids.begin(), ids.end()};
}

}  // namespace pano::models
