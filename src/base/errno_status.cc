#include "base/errno_status.h"

#include <cerrno>
#include <system_error>

namespace pano {
namespace {

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case EEXIST:
    case ENOTEMPTY:
      return StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return StatusCode::kExhausted;
    case ENOSYS:
    case ENOTSUP:
      return StatusCode::kUnimplemented;
    default:
      return StatusCode::kUnavailable;
  }
}

}  // namespace

Status ErrnoStatus(int error, const char* file, int line) {
  Status status(CodeOf(error), std::generic_category().message(error), file, line);
  if (error == ENOSPC || error == EDQUOT) return std::move(status).WithReason("disk_full");
  return status;
}

}  // namespace pano
