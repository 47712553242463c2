// Options in the first bytes, the rest is the text: what is learnt is a tokenizer that loads.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "model/tokenizer/train/train_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  using namespace pano::tokenizer;
  if (size < 6) return 0;
  TokenizerRecipe recipe;
  recipe.type = static_cast<TrainedType>(data[0] % 3);
  recipe.vocab = data[1] * 4;
  recipe.min_frequency = data[2] % 4;
  recipe.prefix_space = (data[3] & 1) != 0;
  recipe.qwen2_split = (data[3] & 2) != 0;
  recipe.nfc = (data[3] & 4) != 0;
  if ((data[3] & 8) != 0) recipe.lowercase = (data[3] & 16) != 0;
  recipe.initial_bytes = (data[3] & 32) == 0;
  if ((data[3] & 64) != 0) recipe.tie_rule = TieRule::kLexicographic;
  if (data[4] % 4 == 1) recipe.limit_alphabet = data[4] / 4;
  if (data[5] % 4 == 1) recipe.max_token_length = data[5] / 4;
  const std::string_view text(reinterpret_cast<const char*>(data) + 6, size - 6);
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  if (!lines.empty() && lines[0].size() < 20 && data[5] % 4 == 2) recipe.special = {{lines[0]}};
  const auto source = SequencesOf(lines);
  TrainTokenizerOptions options;
  options.threads = 1;
  options.limits.word_bytes_max = 1 << 20;
  const Result<TrainedTokenizer> trained = TrainTokenizer(*source, recipe, options);
  if (!trained.ok()) {
    PANO_CHECK(!trained.error().message().empty());
    return 0;
  }
  PANO_CHECK(trained->vocab_size <= recipe.vocab);
  const Result<TokenizerPtr> loaded = TokenizerFromJson(json::Dump(trained->file), nullptr);
  PANO_CHECK(loaded.ok());
  for (const std::string& line : lines) {
    const Result<std::vector<TokenId>> ids = (*loaded)->Encode(line);
    PANO_CHECK(!ids.ok() || (*loaded)->Decode(*ids, false).ok());
  }
  return 0;
}
