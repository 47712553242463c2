// Forms with files, as anybody may send them, in pieces: the first line is the Content-Type; the first byte behind
// it says how long pieces are.
#include <cstdint>
#include <string>
#include <string_view>

#include "app/api/batches/multipart.h"
#include "base/check.h"

namespace {

using pano::Status;
using namespace pano::api::batches;

class Counting final : public FormSink {
 public:
  Status OnPart(FormPart part) override {
    PANO_CHECK(!part.name.empty());
    text += "|" + part.name + "=";
    ++parts;
    return {};
  }
  Status OnContent(std::string_view piece) override {
    PANO_CHECK(parts > 0);
    text += piece;
    return {};
  }
  std::string text;
  size_t parts = 0;
};

// What was read, or what was wrong.
std::string Read(std::string_view type, std::string_view body, size_t piece) {
  auto reader = MultipartReader::Create(type);
  if (!reader.ok()) return reader.error().message();
  Counting parts;
  Status status;
  for (size_t at = 0; at < body.size() && status.ok(); at += piece) status = reader->Feed(body.substr(at, piece), parts);
  if (status.ok()) status = reader->Finish();
  PANO_CHECK(parts.parts <= MultipartReader::kPartsMax);
  if (status.ok()) return parts.text;
  PANO_CHECK(status.code() == pano::StatusCode::kInvalidArgument);
  return "!" + status.message();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view body = text.substr(line + 1);
  const size_t piece = body.empty() ? 1 : 1 + static_cast<unsigned char>(body[0]) % 16;
  PANO_CHECK(Read(text.substr(0, line), body, piece) == Read(text.substr(0, line), body, body.size() + 1));
  return 0;
}
