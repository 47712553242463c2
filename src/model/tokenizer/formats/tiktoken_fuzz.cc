#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/exercise.h"

// The pattern on the first line, the special tokens as JSON on the second, then a rank file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return taken;
  };
  const std::string_view pattern = line();
  const json::Value special = json::Parse(line()).value_or(json::Value());
  const Result<tokenizer::TokenizerPtr> made = tokenizer::TokenizerFromTiktoken(rest, pattern, special);
  if (!made.ok()) return 0;
  tokenizer::testing::Exercise(**made, tokenizer::testing::kFuzzText);
  return 0;
}
