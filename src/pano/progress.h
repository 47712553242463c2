#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pano::cli {

// One line on stderr that is rewritten as work goes on; silent where stderr is no terminal.
// Thread-compatible.
class Progress {
 public:
  explicit Progress(std::string label);
  ~Progress();                         // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // At most ten updates a second are shown.
  void Update(double share, std::string_view note = {});

 private:
  const std::string label_;
  const bool shown_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace pano::cli
