#pragma once

#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace pano {

namespace internal {
// Ends the process: a result was asked for the value that it has not.
[[noreturn]] void NoValue(const Status& error);
}  // namespace internal

// A value or the reason why there is none; member names are those of std::expected, which it can
// become one day. T may be move-only. A value; thread-compatible.
// A union by hand: a std::variant<T, Status> for every T was a third of what the compiler
// instantiated.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = Status;

  // Implicit, so that `return value;` and `return Corruption("...");` both read naturally.
  Result(T value) : value_(std::move(value)), has_value_(true) {}  // NOLINT
  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Status> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : value_(std::forward<U>(value)), has_value_(true) {}  // NOLINT
  Result(Status error) : error_(std::move(error)), has_value_(false) {     // NOLINT
    PANO_CHECK(!error_.ok());
  }

  Result(const Result& other)
    requires(std::is_copy_constructible_v<T>)
      : error_(other.error_), has_value_(other.has_value_) {
    if (has_value_) new (&value_) T(other.value_);
  }
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : error_(std::move(other.error_)), has_value_(other.has_value_) {
    if (has_value_) new (&value_) T(std::move(other.value_));
  }
  Result& operator=(const Result& other)
    requires(std::is_copy_constructible_v<T>)
  {
    if (this != &other) *this = Result(other);
    return *this;
  }
  Result& operator=(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this == &other) return *this;
    if (has_value_) value_.~T();
    has_value_ = false;
    if (other.has_value_) new (&value_) T(std::move(other.value_));
    has_value_ = other.has_value_;
    error_ = std::move(other.error_);
    return *this;
  }
  ~Result() {
    if (has_value_) value_.~T();
  }

  bool has_value() const { return has_value_; }
  bool ok() const { return has_value_; }
  explicit operator bool() const { return has_value_; }

  // REQUIRES: has_value().
  T& value() & { return Checked(); }
  const T& value() const& { return const_cast<Result*>(this)->Checked(); }
  T&& value() && { return std::move(Checked()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(Checked()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // The failure, or an ok status when there is a value.
  Status error() const { return error_; }
  Status status() const { return error_; }

  template <typename U>
  T value_or(U&& fallback) && {
    return has_value_ ? std::move(value_) : static_cast<T>(std::forward<U>(fallback));
  }

  // The same result with `context` in front of its failure's message.
  Result Wrap(std::string_view context) && {
    if (has_value_) return std::move(*this);
    return error_.Wrap(context);
  }

 private:
  T& Checked() {
    if (!has_value_) internal::NoValue(error_);
    return value_;
  }

  Status error_;  // ok when there is a value
  union {
    T value_;  // alive when has_value_
  };
  bool has_value_;
};

}  // namespace pano

#define PANO_CONCAT_INNER_(a, b) a##b
#define PANO_CONCAT_(a, b) PANO_CONCAT_INNER_(a, b)

// `PANO_ASSIGN_OR_RETURN(auto x, Load(path));` gives x, or leaves the function with the failure.
#define PANO_ASSIGN_OR_RETURN(lhs, expr) \
  PANO_ASSIGN_OR_RETURN_(PANO_CONCAT_(pano_result_, __LINE__), lhs, expr)
#define PANO_ASSIGN_OR_RETURN_(result, lhs, expr) \
  auto result = (expr);                           \
  if (!result.has_value()) return result.error(); \
  lhs = std::move(result).value()
