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
// A failure has a code and a text, and may have
//   a reason: a short stable id for programs ("context_length_exceeded"), where the code is too
//   coarse;
//   a field: the field of the request or configuration that is wrong ("max_tokens", "texts[2]");
//   a cause: the failure that led to this one.
// Who decides by a failure reads code and reason, never the text.
//
//   if (!file.ok()) return Status(StatusCode::kNotFound, "[models] no folder 'x'");
//   return Parse(text).Wrap("tokenizer.json");      // "tokenizer.json: [bpe] merge 7 ..."
//   return InvalidArgument("n is negative").WithField("n");
//   return Status(StatusCode::kUnavailable, "[models] no version loads").WithCause(last);
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
  StatusCode code() const;
  // The text for the person on call; empty when ok. Without reason, field and cause.
  const std::string& message() const;
  const std::string& reason() const;  // "" = none
  const std::string& field() const;   // "" = none
  const Status* cause() const;        // null = none; lives as long as this status
  // "Corruption: message [field x] (file.cc:12); caused by NotFound: ... (env.cc:40)", for logs.
  std::string ToString() const;

  // The same failure with `context` in front of its message; an ok status stays ok.
  Status Wrap(std::string_view context) const;

  // The same failure with a reason, a field, a cause; an ok status stays ok. A failure without a
  // reason or field of its own takes its cause's. An ok cause is none. A chain has at most
  // kCausesMax causes; what would lie deeper is dropped.
  static constexpr int kCausesMax = 16;
  Status WithReason(std::string reason) &&;
  Status WithReason(std::string reason) const&;
  Status WithField(std::string field) &&;
  Status WithField(std::string field) const&;
  Status WithCause(Status cause) &&;
  Status WithCause(Status cause) const&;

 private:
  struct Rep;
  struct Free {
    void operator()(Rep* rep) const;
  };
  std::unique_ptr<Rep, Free> rep_;  // not changed once the status is built
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
