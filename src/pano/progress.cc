#include "pano/progress.h"

#include <cstdio>

#include "pano/cli.h"

namespace pano::cli {

Progress::Progress(std::string label) : label_(std::move(label)), shown_(StderrIsTerminal()) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::Update(double share, std::string_view note) {
  auto now = std::chrono::steady_clock::now();
  if (!shown_ || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  std::fprintf(stderr, "\r\033[K%s %3.0f %% %.*s", label_.c_str(), share * 100,
               static_cast<int>(note.size()), note.data());
}

}  // namespace pano::cli
