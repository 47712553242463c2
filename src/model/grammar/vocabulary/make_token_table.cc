#include "model/grammar/vocabulary/make_token_table.h"

#include <string>
#include <vector>

namespace pano::grammar {

Result<std::shared_ptr<const TokenTable>> MakeTokenTable(const tokenizer::Tokenizer& tokenizer) {
  std::vector<std::string> tokens(static_cast<size_t>(tokenizer.vocab_size()));
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const bool ends = tokenizer.bos() == id || tokenizer.eos() == id;   // flagged or not
    if (ends || tokenizer.IsSpecial(id) || tokenizer.Piece(id).empty()) continue;
    tokens[static_cast<size_t>(id)] = tokenizer.Bytes(id);
  }
  return TokenTable::Create(tokens);
}

}  // namespace pano::grammar
