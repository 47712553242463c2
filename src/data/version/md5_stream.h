#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "data/version/object_id.h"

namespace pano::data {

// Takes bytes and answers their digest. Of kMd5Dos2Unix the first kSampleBytes decide whether the content
// is text (no NUL, at most 30 % bytes that texts do not have: DVC's rule). Thread-compatible.
class Md5Stream {
 public:
  explicit Md5Stream(HashName hash = HashName::kMd5);
  ~Md5Stream();
  Md5Stream(Md5Stream&&) noexcept;
  Md5Stream& operator=(Md5Stream&&) noexcept;

  void Append(std::span<const std::byte> bytes);
  void Append(std::string_view text) { Append(std::as_bytes(std::span(text))); }
  // The digest of all that was appended; the stream begins anew.
  Md5 Finish();

  static constexpr size_t kSampleBytes = 512;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Md5 Md5Of(std::string_view text, HashName hash = HashName::kMd5);

}  // namespace pano::data
