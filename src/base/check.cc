#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace pano::internal {

void CheckFailed(const char* condition, const char* detail, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%s\n", file, line, condition,
               detail ? ": " : "", detail ? detail : "");
  std::fflush(stderr);
  std::abort();
}

}  // namespace pano::internal
