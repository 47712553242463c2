#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"

namespace pano::terminal {

// What was entered before, oldest first; kept in a file if there is one: each line a JSON string, so
// that entries may have several lines. The file is for its owner only (0600), is appended to with
// one write an entry (several programs may share it), and is written anew once it has grown.
// Thread-compatible.
class History {
 public:
  static constexpr size_t kEntriesMax = 1000;
  static constexpr size_t kEntryBytesMax = 64 << 10;  // longer ones are not kept
  static constexpr size_t kFileBytesMax = 8 << 20;

  // In memory only.
  History() = default;

  // Reads `path`, whose folders are made when they are absent. Lines that are no JSON string are
  // skipped. `env` outlives the history.
  static Result<History> Open(std::string path, Env& env = Env::Real());

  const std::deque<std::string>& entries() const { return entries_; }
  // Not when it is empty or the same as the last one. A failure is about the file alone.
  Status Add(std::string_view entry);

 private:
  void Keep(std::string entry);
  Status Rewrite() const;

  std::deque<std::string> entries_;
  std::string path_;  // "": none
  Env* env_ = nullptr;
};

// "$XDG_STATE_HOME/panorama/NAME", else below ~/.local/state; "" without a home.
std::string StateFile(std::string_view name, const Env& env = Env::Real());

// While it lives, files are created for their owner only. The mask belongs to the process: confined
// to one thread, with no other that creates files.
class PrivateFiles {
 public:
  PrivateFiles();
  ~PrivateFiles();
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  const unsigned mask_before_;
};

}  // namespace pano::terminal
