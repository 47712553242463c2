#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "app/streams/stream_log.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::streams {

// The logs of resumable streams, by the principal that began them and the id of their request. Two
// principals may have streams of the same id; neither sees the other's. A log that has ended is kept for
// `retention`; one that goes on and has had no reader for as long is cancelled, and kept for as long
// after its end. Memory is shared among tenants (LogShare). Thread-safe.
class StreamStore {
 public:
  struct Options {
    Duration retention = std::chrono::seconds(120);
    size_t log_bytes_max = 16 << 20;     // of one log: see StreamLog
    size_t bytes_total_max = 256 << 20;  // of all; a tenant that holds its share of them gets no more streams
  };

  // `clock` outlives the store.
  explicit StreamStore(Options options, Clock& clock = Clock::Real());
  // Readers and producers are let go; logs that somebody still holds stay readable by nobody.
  ~StreamStore();
  StreamStore(const StreamStore&) = delete;
  StreamStore& operator=(const StreamStore&) = delete;

  // AlreadyExists while the owner has a stream of this id, running or kept: a retried request is never
  // mixed with the one before. kExhausted when the tenant's logs hold all the memory that they may.
  Result<std::shared_ptr<StreamLog>> Create(std::string owner, std::string id, const std::string& tenant);
  // NotFound, in the same words for an id that never was, one whose time is over, and one of another.
  Result<std::shared_ptr<StreamLog>> Find(std::string_view owner, std::string_view id);
  // Cancels what goes on, and from then on the stream is not found. NotFound as above.
  Status Delete(std::string_view owner, std::string_view id);

  // Nothing is woken or cancelled on its own any more. From any thread but the store's.
  void Stop();

  // Does what is due: a thread of the store's does this on time. The next time that it has to.
  TimePoint Sweep();

  size_t count() const;
  size_t bytes() const { return memory_->bytes.load(); }
  const Options& options() const { return options_; }

 private:
  using Key = std::pair<std::string, std::string>;  // owner, id

  void Run();
  bool Expired(const StreamLog& log, TimePoint now) const;
  std::shared_ptr<LogShare> ShareOf(const std::string& tenant) PANO_REQUIRES(mu_);

  const Options options_;
  Clock& clock_;
  const std::shared_ptr<LogMemory> memory_;
  mutable Mutex mu_;
  CondVar changed_;
  std::map<Key, std::shared_ptr<StreamLog>> logs_ PANO_GUARDED_BY(mu_);
  std::map<std::string, std::weak_ptr<LogShare>> shares_ PANO_GUARDED_BY(mu_);  // by tenant; logs own them
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::jthread sweeper_;  // started with the first log; joined by the destructor
};

}  // namespace pano::streams
