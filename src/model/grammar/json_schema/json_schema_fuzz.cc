// A schema as text, and behind a NUL byte optionally a text. Whatever comes in, compiling ends
// within its budget; a text that the grammar takes is JSON, and what cannot be enforced is refused
// at a place.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "base/random.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/json_schema/testing/sampled_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  std::string_view text;
  if (const size_t nul = source.find('\0'); nul != std::string_view::npos) {
    text = source.substr(nul + 1);
    source = source.substr(0, nul);
  }
  pano::grammar::SchemaLimits limits;
  limits.conditions_max = 2000;
  limits.steps_max = 200'000;
  const pano::Result<pano::grammar::Grammar> grammar =
      pano::grammar::CompileJsonSchemaText(source, limits);
  if (!grammar.ok()) {
    const pano::Status& error = grammar.error();
    PANO_CHECK(error.code() != pano::StatusCode::kInternal);
    PANO_CHECK(error.code() != pano::StatusCode::kUnimplemented ||
               (error.reason() == "unsupported_keyword" && error.field().starts_with('#')));
    return 0;
  }
  pano::grammar::ByteMatcher matcher(*grammar);
  if (matcher.AcceptBytes(text) && matcher.IsAccepting()) PANO_CHECK(pano::json::Parse(text).ok());
  pano::Random random(size);
  if (const auto drawn = pano::grammar::testing::SampleText(*grammar, random, 100)) {
    PANO_CHECK(pano::json::Parse(*drawn).ok());
  }
  return 0;
}
