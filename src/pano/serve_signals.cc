#include "pano/serve_signals.h"

#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/threads.h"

namespace pano::cli {
namespace {

[[noreturn]] void EndProcess(int code) {
  std::fflush(nullptr);
  std::_Exit(code);   // no destructor: a thread may be at work for long
}

bool IsIgnored(int signal) {
  struct sigaction now {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

ServeSignals::ServeSignals(std::chrono::milliseconds end_time, bool hangup_reopens)
    : end_time_(end_time), hangup_reopens_(hangup_reopens) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  if (hangup_reopens) std::signal(SIGHUP, SIG_DFL);   // what is ignored is never seen
  if (hangup_reopens || !IsIgnored(SIGHUP)) sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = StartThread("pano-signals", [this](const std::stop_token&) { Watch(); });
}

ServeSignals::~ServeSignals() {
  {
    MutexLock lock(mu_);
    over_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGTERM);   // wakes it
  thread_.join();
}

void ServeSignals::OnHangup(std::function<void()> reopen) {
  MutexLock lock(mu_);
  reopen_ = std::move(reopen);
}

void ServeSignals::SetReady() {
  MutexLock lock(mu_);
  ready_ = true;
}

void ServeSignals::AwaitFirst() {
  MutexLock lock(mu_);
  while (!asked_) changed_.Wait(mu_);
}

int ServeSignals::Next() {
  int signal = 0;
  if (first_ == TimePoint()) {
    sigwait(&signals_, &signal);
    return signal;
  }
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(first_ + end_time_ -
                                                                         Clock::Real().Now());
  if (left.count() <= 0) return 0;
  const timespec wait{static_cast<time_t>(left.count() / 1'000'000'000),
                      static_cast<long>(left.count() % 1'000'000'000)};
  return std::max(sigtimedwait(&signals_, nullptr, &wait), 0);
}

// False when the watch is over.
bool ServeSignals::Handle(int signal) {
  MutexLock lock(mu_);
  if (over_) return false;
  if (signal == SIGHUP && hangup_reopens_) {
    if (reopen_) reopen_();
    return true;
  }
  if (first_ != TimePoint()) {
    if (signal == 0 && Clock::Real().Now() < first_ + end_time_) return true;   // interrupted
    if (signal != 0 && Clock::Real().Now() - first_ <= kSameSignal) return true;
    LogWarning(signal == 0 ? "[serve] ended: the drain went on beyond its bound"
                           : "[serve] ended at once by a second signal");
    EndProcess(1);
  }
  first_ = Clock::Real().Now();
  if (!ready_) {
    LogInfo("[serve] stopped before it was ready");
    EndProcess(0);
  }
  asked_ = true;
  changed_.NotifyAll();
  return true;
}

void ServeSignals::Watch() {
  while (Handle(Next())) {
  }
}

}  // namespace pano::cli
