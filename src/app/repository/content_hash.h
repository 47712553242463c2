#pragma once

#include <cstdint>
#include <string_view>

namespace pano::repository {

// What files are made of as one number: FNV-1a, 64 bits. It tells states of the same folder apart and
// defends against nobody. Thread-compatible.
class ContentHash {
 public:
  void Add(std::string_view text) {
    for (char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    Add(text.size());
  }
  void Add(uint64_t number) {
    for (int i = 0; i < 8; ++i) value_ = (value_ ^ ((number >> (8 * i)) & 0xff)) * 1099511628211u;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 14695981039346656037u;
};

}  // namespace pano::repository
