#include "pano/command_line/interrupt.h"

#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <ctime>

#include "base/threads.h"

namespace pano::cli {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

StopOnSignal::StopOnSignal() {
  const sigset_t signals = Signals();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  interrupted_blocked_ = sigismember(&before, SIGINT) == 1;
  terminated_blocked_ = sigismember(&before, SIGTERM) == 1;
  waiter_ = StartThread("pano-signals", [this](const std::stop_token& over) { Wait(over); });
}

void StopOnSignal::Wait(const std::stop_token& over) {
  const sigset_t signals = Signals();
  while (!over.stop_requested()) {
    const timespec wait{0, 50'000'000};
    if (sigtimedwait(&signals, nullptr, &wait) <= 0) continue;
    if (stop_.stop_requested()) std::_Exit(1);
    stop_.request_stop();
  }
}

StopOnSignal::~StopOnSignal() {
  waiter_.request_stop();
  waiter_.join();
  sigset_t signals;
  sigemptyset(&signals);
  if (!interrupted_blocked_) sigaddset(&signals, SIGINT);
  if (!terminated_blocked_) sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace pano::cli
