#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/exercise.h"

// A tokenizer.json, or the metadata of a GGUF file as a JSON object; what follows a zero byte is the
// text to encode. A member "tokenizer_config" is the file beside it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const std::string_view file = input.substr(0, zero);
  const std::string_view rest = zero == std::string_view::npos ? std::string_view() : input.substr(zero + 1);
  const Result<json::Value> value = json::Parse(file);
  if (!value.ok()) return 0;
  const json::Value* beside = value->Find("tokenizer_config");
  const json::Value config = beside ? *beside : json::Value();
  const bool gguf = value->Find("tokenizer.ggml.model") != nullptr;
  const Result<tokenizer::TokenizerPtr> made =
      gguf ? tokenizer::TokenizerFromGguf(*value) : tokenizer::TokenizerFromJson(file, config);
  if (!made.ok()) return 0;
  tokenizer::testing::Exercise(**made, rest);
  tokenizer::testing::Exercise(**made, tokenizer::testing::kFuzzText);
  return 0;
}
