// Lines of batches, as anybody may send them.
#include <cstdint>
#include <string_view>

#include "app/batches/input_line.h"
#include "base/check.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<batches::InputLine> line = batches::ParseInputLine(text, "/v1/completions");
  if (!line.ok()) {
    PANO_CHECK(line.error().code() == StatusCode::kInvalidArgument && !line.error().reason().empty());
    return 0;
  }
  PANO_CHECK(!line->custom_id.empty() && line->custom_id.size() <= batches::kCustomIdBytesMax);
  PANO_CHECK(json::Parse(line->body).ok());
  return 0;
}
