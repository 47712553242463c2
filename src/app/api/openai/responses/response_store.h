#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::api::openai {

// One turn of a talk: what was asked and answered. Immutable once stored, so thread-safe.
struct StoredResponse {
  StoredResponse() = default;
  ~StoredResponse();
  StoredResponse(const StoredResponse&) = delete;
  StoredResponse& operator=(const StoredResponse&) = delete;

  std::string id;
  json::Value response;     // the object, as it was answered
  json::Value input_items;  // array: the items of its input, each with an id
  json::Value messages;     // array: the same and the answer as chat messages, without instructions
  // The turn before it; null: it began the talk. Mutable for the destructor, which takes long talks apart in a loop.
  mutable std::shared_ptr<const StoredResponse> previous;

 private:
  friend class ResponseStore;
  using Counter = std::shared_ptr<std::atomic<size_t>>;
  size_t bytes_ = 0;       // of this turn
  size_t talk_bytes_ = 0;  // and of those before it
  Counter owner_live_, all_live_;  // what they count in while it lives
};

// Roughly what a JSON value holds in memory.
size_t HeldBytes(const json::Value& value);

// Answered responses, by the principal that asked and the response's id: bounded in time and memory. When a principal
// holds more than it may, its oldest go; when all hold too much, the oldest of the one that holds most. A turn that
// a later one goes on from stays in memory, and counts, until that one goes. Thread-safe.
class ResponseStore {
 public:
  struct Options {
    size_t owner_bytes_max = 16 << 20;
    size_t bytes_max = 128 << 20;  // of all
  };

  explicit ResponseStore(Options options);

  // Whether a talk that goes on from `previous` with so many bytes more could be kept; InvalidArgument.
  Status CheckRoom(const StoredResponse* previous, size_t more_bytes) const;
  // Keeps it for `retention`, until it is deleted, or others need the room.
  void Put(const std::string& owner, std::shared_ptr<StoredResponse> response, TimePoint now, Duration retention);
  // NotFound, in the same words for what never was, is over, was deleted, or is another's.
  Result<std::shared_ptr<const StoredResponse>> Find(std::string_view owner, std::string_view id, TimePoint now);
  // An item of the output of one of the owner's responses; NotFound as above.
  Result<json::Value> FindItem(std::string_view owner, std::string_view item_id, TimePoint now);
  Status Delete(std::string_view owner, std::string_view id, TimePoint now);

  size_t bytes() const;
  size_t count() const;

 private:
  struct Entry {
    std::shared_ptr<const StoredResponse> response;
    TimePoint expires;
  };
  struct Owner {
    StoredResponse::Counter live = std::make_shared<std::atomic<size_t>>(0);  // bytes of its turns
    std::list<Entry> entries;                                                 // in the order of time
    std::map<std::string, std::list<Entry>::iterator, std::less<>> by_id, by_item;
  };
  using Owners = std::map<std::string, Owner, std::less<>>;
  // Turns that were taken out; they end after the lock was given back.
  using Removed = std::list<std::shared_ptr<const StoredResponse>>;

  void Remove(Owner& owner, std::list<Entry>::iterator entry, Removed& removed) PANO_REQUIRES(mu_);
  void Expire(TimePoint now, Removed& removed) PANO_REQUIRES(mu_);
  void MakeRoom(Owner& owner, Removed& removed) PANO_REQUIRES(mu_);

  const Options options_;
  const StoredResponse::Counter live_ = std::make_shared<std::atomic<size_t>>(0);  // turns may outlive the store
  mutable Mutex mu_;
  Owners owners_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::api::openai
