#pragma once

#include "base/status.h"

namespace pano {

// What the operating system's error number means, for deciding: NotFound, PermissionDenied,
// AlreadyExists, Exhausted (no space, memory or descriptors), Unimplemented, else Unavailable. The
// message is the system's word alone ("No such file or directory"): the caller wraps it in what it
// wanted to do with what. No space left has the reason "disk_full".
Status ErrnoStatus(int error, const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace pano
