#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pano::http {

// Collects the head of a message (start line and fields, up to the empty line) as it arrives and
// refuses at once what can be no head: line ends other than CR LF, control characters, folded
// lines. Thread-compatible.
class HeadScanner {
 public:
  enum class State { kMore, kDone, kMalformed, kTooLarge };

  explicit HeadScanner(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Returns how many bytes belong to the head. Empty lines before it are skipped but count.
  size_t Feed(std::string_view bytes);
  State state() const { return state_; }
  const std::string& text() const { return text_; }  // with the empty line
  bool started() const { return seen_ > 0; }

 private:
  void Step(char c);

  const size_t bytes_max_;
  State state_ = State::kMore;
  std::string text_;
  size_t seen_ = 0;
  size_t line_bytes_ = 0;  // of the current line, without its end
  bool after_cr_ = false;
};

}  // namespace pano::http
