#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.h"

namespace pano {

// std::mutex that clang's thread-safety analysis understands.
class PANO_CAPABILITY("mutex") Mutex {
 public:
  void lock() PANO_ACQUIRE() { mu_.lock(); }
  void unlock() PANO_RELEASE() { mu_.unlock(); }
  bool try_lock() PANO_TRY_ACQUIRE(true) { return mu_.try_lock(); }

 private:
  std::mutex mu_;
};

// Holds a mutex as long as it lives. Confined to one thread.
class PANO_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) PANO_ACQUIRE(mu) : mu_(mu) { mu_.lock(); }
  ~MutexLock() PANO_RELEASE() { mu_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// A condition variable for Mutex. As always, wait in a loop over the condition. Thread-safe.
class CondVar {
 public:
  void Wait(Mutex& mu) PANO_REQUIRES(mu) { cv_.wait(mu); }
  // False when `until` passed first.
  bool WaitUntil(Mutex& mu, std::chrono::steady_clock::time_point until) PANO_REQUIRES(mu) {
    return cv_.wait_until(mu, until) == std::cv_status::no_timeout;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable_any cv_;
};

}  // namespace pano
