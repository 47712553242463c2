// Whatever stands in a file, loading it ends in a conversation or a word; what was loaded and saved
// again is the same.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "pano/chat/session_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::chat;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto chat = ParseSavedChat(text);
  if (!chat.ok()) {
    PANO_CHECK(!chat.error().message().empty());
    return 0;
  }
  const std::string saved = FormatSavedChat(*chat);
  const auto again = ParseSavedChat(saved);
  PANO_CHECK(again.ok());
  PANO_CHECK(FormatSavedChat(*again) == saved);
  return 0;
}
