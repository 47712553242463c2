#include "pano/terminal/interrupts.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/threads.h"

namespace pano::terminal {
namespace {

// What a handler can touch. `under_way`: number of what an interrupt would stop, 0 for nothing; `hit`:
// that number when the last one came, so that one that is noticed late stops nothing newer.
sem_t happened;
std::atomic<uint64_t> under_way{0}, hit{0};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

void SetHandler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace

Interrupts::Interrupts() {
  ::sem_init(&happened, 0, 0);
  watcher_ = StartThread("pano-interrupt", [this](const std::stop_token& stop) {
    while (true) {
      while (::sem_wait(&happened) != 0 && errno == EINTR) continue;
      if (stop.stop_requested()) return;
      std::stop_source source{std::nostopstate};
      {
        MutexLock lock(mu_);
        if (hit.load() == number_) source = current_;
      }
      source.request_stop();
    }
  });
  SetHandler([](int) {
    hit.store(under_way.load());
    ::sem_post(&happened);
  });
}

Interrupts::~Interrupts() {
  SetHandler(SIG_DFL);
  watcher_.request_stop();
  ::sem_post(&happened);
  watcher_.join();
  ::sem_destroy(&happened);
}

std::stop_token Interrupts::Begin() {
  MutexLock lock(mu_);
  current_ = std::stop_source();
  under_way.store(++number_);
  return current_.get_token();
}

void Interrupts::End() {
  MutexLock lock(mu_);
  under_way.store(0);
  current_ = std::stop_source{std::nostopstate};
}

}  // namespace pano::terminal
