#include "pano/terminal/interrupts.h"

#include <semaphore.h>

#include <cerrno>
#include <csignal>

#include "base/threads.h"

namespace pano::terminal {
namespace {

sem_t happened;  // what a handler can touch

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
        source = current_;
      }
      source.request_stop();
    }
  });
  SetHandler([](int) { ::sem_post(&happened); });
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
  return current_.get_token();
}

void Interrupts::End() {
  MutexLock lock(mu_);
  current_ = std::stop_source{std::nostopstate};
}

}  // namespace pano::terminal
