#pragma once

namespace pano::internal {
// Prints the failed condition with its place and ends the process.
[[noreturn]] void CheckFailed(const char* condition, const char* detail, const char* file,
                              int line);
}  // namespace pano::internal

// A bug of ours when it fails: on in every build. Never for input, which ends in a Status.
#define PANO_CHECK(condition)                                                   \
  do {                                                                          \
    if (!(condition)) [[unlikely]]                                              \
      ::pano::internal::CheckFailed(#condition, nullptr, __FILE__, __LINE__);   \
  } while (false)

// The same for hot loops: off in release.
#ifdef NDEBUG
#define PANO_DCHECK(condition) \
  do {                         \
    if (false) PANO_CHECK(condition); \
  } while (false)
#else
#define PANO_DCHECK(condition) PANO_CHECK(condition)
#endif
