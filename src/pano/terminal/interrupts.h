#pragma once

#include <cstdint>
#include <stop_token>
#include <thread>

#include "base/mutex.h"

namespace pano::terminal {

// SIGINT (Ctrl-C) as a stop request for what is under way, instead of the end of the process. At most
// one at a time, after threads of others may have started. Thread-safe.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();  // SIGINT ends the process again
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // From now on an interrupt stops this token. An interrupt that comes while nothing is under way
  // is dropped.
  std::stop_token Begin();
  void End();

 private:
  Mutex mu_;
  std::stop_source current_ PANO_GUARDED_BY(mu_){std::nostopstate};
  uint64_t number_ PANO_GUARDED_BY(mu_) = 0;  // of what is or was under way
  std::jthread watcher_;  // waits for the signal: a handler itself may do next to nothing
};

}  // namespace pano::terminal
