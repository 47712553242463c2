// Any bytes as a dvc.lock; what is read is written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "data/version/pipeline/lock_file.h"
#include "data/version/pipeline/run_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto lock = pipeline::LockFile::Parse(text, "dvc.lock");
  if (!lock.ok()) {
    PANO_CHECK(lock.error().message().starts_with("dvc.lock"));
    return 0;
  }
  if (const pipeline::LockedStage* stage = lock->Find("a")) {
    PANO_CHECK(pipeline::RunCacheKey(*stage).size() == 64);
    lock->Set("a", *stage);
  }
  const std::string written = lock->Text();
  const auto again = pipeline::LockFile::Parse(written, "dvc.lock");
  PANO_CHECK(again.ok());
  PANO_CHECK(again->Text() == written);
  return 0;
}
