#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/status.h"

namespace pano {

// A value or the reason why there is none; member names are those of std::expected, which it can
// become one day. T may be move-only. A value; thread-compatible.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = Status;

  // Implicit, so that `return value;` and `return Corruption("...");` both read naturally.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT
  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Status> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT
  Result(Status error) : state_(std::in_place_index<1>, std::move(error)) {      // NOLINT
    PANO_CHECK(!std::get<1>(state_).ok());
  }

  bool has_value() const { return state_.index() == 0; }
  bool ok() const { return has_value(); }
  explicit operator bool() const { return has_value(); }

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
  Status error() const { return has_value() ? Status() : std::get<1>(state_); }
  Status status() const { return error(); }

  template <typename U>
  T value_or(U&& fallback) && {
    return has_value() ? std::move(Checked()) : static_cast<T>(std::forward<U>(fallback));
  }

  // The same result with `context` in front of its failure's message.
  Result Wrap(std::string_view context) && {
    if (has_value()) return std::move(*this);
    return std::get<1>(state_).Wrap(context);
  }

 private:
  T& Checked() {
    if (!has_value()) {
      internal::CheckFailed("Result holds a value", std::get<1>(state_).ToString().c_str(),
                            __FILE__, __LINE__);
    }
    return std::get<0>(state_);
  }
  std::variant<T, Status> state_;
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
