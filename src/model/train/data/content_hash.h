#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace pano::train {

// SHA-256 (FIPS 180-4) of bytes that come in parts. Confined to one thread.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;

  void Add(std::string_view bytes);
  // 64 lower-case hexadecimal digits. Nothing may be added afterwards.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pano::train
