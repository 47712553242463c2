#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/mutex.h"
#include "model/train/run/events/event.h"

namespace pano::train {

// Where text goes: all of it, at once, so that a reader has each line when the call is back.
using TextOutput = std::function<Status(std::string_view)>;
// Of a descriptor such as 1, standard output; Unavailable when the reader has gone.
TextOutput OutputOf(int descriptor);

// An event as the object of its line: {"event": "step", "step": 3, "loss": ...}. Numbers print in
// the shortest form that reads back to the same bits; what is no number is null.
json::Value EventObject(const Event& event);

// Events as JSON, one object a line, each handed on whole. Thread-safe.
class JsonEventWriter final : public EventSink {
 public:
  explicit JsonEventWriter(TextOutput output) : output_(std::move(output)) {}
  Status Write(const Event& event) override;

 private:
  Mutex mu_;
  const TextOutput output_;
};

// Hands events to several sinks. One that fails is dropped, with a note to the others: a full disk
// under the curves does not end training. Thread-safe.
class EventFanOut final : public EventSink {
 public:
  void Add(std::string name, std::unique_ptr<EventSink> sink);
  // Always ok.
  Status Write(const Event& event) override;

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<EventSink> sink;
  };
  std::vector<Status> WriteAll(const Event& event) PANO_REQUIRES(mu_);

  Mutex mu_;
  std::vector<Entry> sinks_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::train
