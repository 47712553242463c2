#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/status.h"

namespace pano {

// Follows what a file says while a program runs: a thread looks every `poll`, and a text that is another than
// before is handed over once two looks in a row have found it (the first may have found it half-written). What
// cannot be read, or is refused, leaves things as they are; why is logged once, and it is tried again at each
// look. Thread-safe.
class FileFollower {
 public:
  struct Options {
    std::string path = {};
    size_t bytes_max = 1 << 20;
    std::string log_name = {};  // before messages: "[auth] "
    Duration poll = std::chrono::seconds(1);
  };
  // Makes what the text says count, or says why not. One call at a time, on the follower's thread or on that of
  // Look; never from the constructor.
  using Take = std::function<Status(const std::string& text)>;

  // `text`: what the file said when it was read before. `env`, `clock` and what `take` uses outlive this.
  FileFollower(Options options, std::string text, Take take, Env& env = Env::Real(), Clock& clock = Clock::Real());
  // Waits for a call of `take` that is being made.
  ~FileFollower() = default;
  FileFollower(const FileFollower&) = delete;
  FileFollower& operator=(const FileFollower&) = delete;

  // Looks now and has the text taken, even if it is the one in force: it may name other files. What is wrong.
  Status Look();

 private:
  Status Look(bool now);
  // What is wrong, which is logged when it is something else than before.
  Status Note(Status problem) PANO_REQUIRES(mu_);

  const Options options_;
  const Take take_;
  Env& env_;
  Mutex mu_;  // one look at a time
  std::string in_force_ PANO_GUARDED_BY(mu_);
  std::optional<std::string> seen_ PANO_GUARDED_BY(mu_);
  std::string problem_ PANO_GUARDED_BY(mu_);
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace pano
