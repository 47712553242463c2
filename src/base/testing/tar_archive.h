#pragma once

#include <charconv>
#include <cstddef>
#include <map>
#include <string>

namespace pano {

// The regular files of an uncompressed tar archive by name, for tests.
inline std::map<std::string, std::string> ReadTar(const std::string& archive) {
  constexpr size_t kBlock = 512;
  std::map<std::string, std::string> out;
  size_t pos = 0;
  while (pos + kBlock <= archive.size() && archive[pos] != '\0') {
    const std::string name(archive.c_str() + pos);
    size_t size = 0;
    const char* digits = archive.data() + pos + 124;
    std::from_chars(digits, digits + 11, size, 8);
    const char type = archive[pos + 156];
    pos += kBlock;
    if (size > archive.size() - pos) break;
    if (type == '0' || type == '\0') out[name] = archive.substr(pos, size);
    pos += (size + kBlock - 1) / kBlock * kBlock;
  }
  return out;
}

}  // namespace pano
