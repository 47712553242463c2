#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::tokenizer {

// A part of a text and whether the pattern matched it.
struct Match {
  size_t begin = 0;
  size_t end = 0;
  bool matched = false;
};

// A compiled pattern over well-formed UTF-8. Character classes are PCRE2's, Unicode 14.0. Bounded in
// steps, memory and processor time, so that no pattern from a file can hang or exhaust us: a text
// that needs more ends in Exhausted. Immutable, so thread-safe.
class Regex {
 public:
  // From a pattern as tokenizer.json writes it (Unimplemented for what we cannot match faithfully).
  static Result<std::shared_ptr<const Regex>> Compile(std::string_view pattern);
  // From a pattern as the library of rank files writes it (RegexDialect::kRust).
  static Result<std::shared_ptr<const Regex>> CompileRust(std::string_view pattern);
  // From a PCRE2 pattern of our own.
  static Result<std::shared_ptr<const Regex>> CompilePcre2(std::string_view pattern);
  ~Regex();

  // What one thread needs to match; costly enough to be made once per text.
  class Matcher {
   public:
    explicit Matcher(const Regex& regex);
    ~Matcher();
    Matcher(const Matcher&) = delete;
    Matcher& operator=(const Matcher&) = delete;

    // Appends all of `text` in order as matched and unmatched parts; empty matches are parts too,
    // except right after a match.
    Status FindAll(std::string_view text, std::vector<Match>& parts);
    // Whether there is a match anywhere.
    Result<bool> Matches(std::string_view text) { return Search(text, 0, 0); }

   private:
    struct State;
    Result<bool> Search(std::string_view text, size_t from, uint32_t options);
    const Regex& regex_;
    std::unique_ptr<State> state_;
  };

 private:
  struct Code;
  Regex() = default;
  std::string pattern_;
  std::unique_ptr<const Code> code_;
};

using RegexPtr = std::shared_ptr<const Regex>;

}  // namespace pano::tokenizer
