#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pano {

// What went wrong, to decide with (retry? which HTTP status?), not to describe. Do not renumber.
enum class StatusCode {
  kOk = 0,
  kInvalidArgument = 1,
  kNotFound = 2,
  kAlreadyExists = 3,
  kCorruption = 4,
  kExhausted = 5,
  kDeadline = 6,
  kCancelled = 7,
  kUnavailable = 8,
  kUnimplemented = 9,
  kInternal = 10,
  kUnauthenticated = 11,
  kPermissionDenied = 12,
};

// The code's row in the one table: its name, the HTTP status it becomes, whether a retry may help.
struct StatusCodeInfo {
  std::string_view name;
  int http_status;
  bool retryable;
};
const StatusCodeInfo& Describe(StatusCode code);

// The outcome of an operation: one pointer, null when all is well. A value; thread-compatible.
//
//   if (!file.ok()) return Status(StatusCode::kNotFound, "[models] no folder 'x'");
//   return Parse(text).Wrap("tokenizer.json");      // "tokenizer.json: [bpe] merge 7 ..."
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message, const char* file = __builtin_FILE(),
         int line = __builtin_LINE());

  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  // The text for the person on call; empty when ok.
  const std::string& message() const;
  // "Corruption: message (file.cc:12)", for logs.
  std::string ToString() const;

  // The same failure with `context` in front of its message; an ok status stays ok.
  Status Wrap(std::string_view context) const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
    const char* file;
    int line;
  };
  std::unique_ptr<const Rep> rep_;
};

inline Status OkStatus() { return {}; }

// Shorthands for the codes that are used most.
Status InvalidArgument(std::string message, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE());
Status NotFound(std::string message, const char* file = __builtin_FILE(),
                int line = __builtin_LINE());
Status Corruption(std::string message, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE());
Status Unimplemented(std::string message, const char* file = __builtin_FILE(),
                     int line = __builtin_LINE());
Status Internal(std::string message, const char* file = __builtin_FILE(),
                int line = __builtin_LINE());

}  // namespace pano

// Leaves the function with the status of `expr` when that is a failure.
#define PANO_RETURN_IF_ERROR(expr)                          \
  do {                                                      \
    if (::pano::Status pano_status_ = (expr); !pano_status_.ok()) return pano_status_; \
  } while (false)
