#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/exercise.h"

// A SentencePiece model file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const Result<tokenizer::TokenizerPtr> made = tokenizer::TokenizerFromSentencePiece(
      std::string_view(reinterpret_cast<const char*>(data), size), json::Value());
  if (!made.ok()) return 0;
  tokenizer::testing::Exercise(**made, tokenizer::testing::kFuzzText);
  tokenizer::testing::Exercise(**made, "aAx\tab ab<sep>  \xef\xbc\xa1");
  return 0;
}
