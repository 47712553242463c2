#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::adapter {

// Processor time that matches may take together: patterns come from a file, and so does their number.
// Thread-safe.
class MatchBudget {
 public:
  static constexpr int64_t kNanosecondsMax = 5'000'000'000;
  // False once it is used up.
  bool Spend(int64_t nanoseconds) {
    return spent_.fetch_add(nanoseconds, std::memory_order_relaxed) + nanoseconds <=
           kNanosecondsMax;
  }

 private:
  std::atomic<int64_t> spent_{0};
};

// A regular expression in the syntax of Python's `re`, for names of modules. It comes from a file,
// so what it may cost is bounded: its length and nesting when it is compiled, the steps of each
// match. Immutable, so thread-safe.
class PythonRegex {
 public:
  // Unimplemented, with the reason, for what is no expression or would mean something else to the
  // library underneath (PCRE2): never guessed.
  static Result<std::shared_ptr<const PythonRegex>> Compile(std::string_view pattern);
  ~PythonRegex();

  // Whether all of `name` matches (re.fullmatch). Exhausted when it takes too many steps, or the
  // budget is used up. False for a name that is not well-formed UTF-8 or longer than any module's.
  Result<bool> FullMatch(std::string_view name, MatchBudget& budget) const;

  static constexpr size_t kNameBytesMax = 512;

 private:
  struct Code;
  PythonRegex() = default;
  std::unique_ptr<const Code> code_;
};

// The PCRE2 pattern (UTF, UCP) that matches what the Python pattern does. For PythonRegex, and for
// tests.
Result<std::string> TranslatePythonRegex(std::string_view pattern);

}  // namespace pano::adapter
