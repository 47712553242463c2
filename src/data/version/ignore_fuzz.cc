// Arbitrary bytes as patterns and, behind a NUL, a path. Matching takes time in proportion to both lengths at most.

#include <cstdint>
#include <string_view>

#include "data/version/ignore.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t nul = text.find('\0');
  const auto file = pano::data::IgnoreFile::Parse(text.substr(0, nul));
  if (!file.ok()) return 0;
  const std::string_view path = nul == text.npos ? std::string_view("data/a/b.log") : text.substr(nul + 1, 4096);
  (void)file->Match(path, false);
  (void)file->Match(path, true);
  return 0;
}
