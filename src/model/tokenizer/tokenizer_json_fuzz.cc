#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

// Whatever a file says, its tokenizer keeps its promises.
void Exercise(const Tokenizer& tokenizer, std::string_view text) {
  const ByteRange plain[] = {{text.size() / 3, text.size() / 2}};
  for (bool flag : {false, true}) {
    EncodeOptions options;
    options.add_special_tokens = flag;
    options.parse_special = flag;
    if (flag) options.plain = plain;
    const Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
    if (!ids.ok()) continue;
    for (TokenId id : *ids) PANO_CHECK(id >= 0 && id < tokenizer.vocab_size());
    const Result<std::string> decoded = tokenizer.Decode(*ids, flag);
    PANO_CHECK(decoded.ok() && Utf8Valid(*decoded));
    const auto stream = tokenizer.Stream(flag);
    for (TokenId id : *ids) PANO_CHECK(Utf8Valid(stream->Push(id)));
    PANO_CHECK(Utf8Valid(stream->Flush()));
  }
  for (TokenId id = -1; id <= std::min(tokenizer.vocab_size(), 300); ++id) {
    tokenizer.Bytes(id);
    tokenizer.IsSpecial(id);
    tokenizer.Find(tokenizer.Piece(id));
  }
}

}  // namespace
}  // namespace pano::tokenizer

// A tokenizer.json, or the metadata of a GGUF file as a JSON object; what follows a zero byte is the
// text to encode.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const std::string_view file = input.substr(0, zero);
  const std::string_view rest = zero == std::string_view::npos ? std::string_view() : input.substr(zero + 1);
  const Result<json::Value> value = json::Parse(file);
  if (!value.ok()) return 0;
  const bool gguf = value->Find("tokenizer.ggml.model") != nullptr;
  const Result<tokenizer::TokenizerPtr> made =
      gguf ? tokenizer::TokenizerFromGguf(*value) : tokenizer::TokenizerFromJson(file, json::Value());
  if (!made.ok()) return 0;
  tokenizer::Exercise(**made, rest);
  tokenizer::Exercise(**made, "The 42 caf\xc3\xa9s \xe4\xbd\xa0<s> \n\n  \xf0\x9f\x98\x80''ll\xff a\xe2\x96\x81");
  return 0;
}
