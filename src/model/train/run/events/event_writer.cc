#include "model/train/run/events/event_writer.h"

#include <unistd.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::train {
namespace {

void SetMore(json::Value& out, const std::vector<std::pair<std::string, double>>& more) {
  for (const auto& [name, value] : more) out.Set(name, value);
}

json::Value ObjectOf(const StepEvent& e) {
  json::Value out;
  out.Set("event", "step");
  out.Set("step", e.step);
  out.Set("loss", e.loss);
  out.Set("grad_norm", e.grad_norm);
  out.Set("lr", e.lr);
  out.Set("items", e.items);
  out.Set("tokens", e.tokens);
  out.Set("tok_s", e.tok_s);
  SetMore(out, e.more);
  return out;
}

json::Value ObjectOf(const EvalEvent& e) {
  json::Value out;
  out.Set("event", "eval");
  out.Set("step", e.step);
  out.Set("loss", e.loss);
  out.Set("best", e.best);
  SetMore(out, e.more);
  return out;
}

json::Value ObjectOf(const CheckpointEvent& e) {
  json::Value out;
  out.Set("event", "checkpoint");
  out.Set("step", e.step);
  out.Set("path", e.path);
  out.Set("bytes", e.bytes);
  out.Set("seconds", e.seconds);
  if (!e.status.ok()) out.Set("error", e.status.message());
  return out;
}

json::Value ObjectOf(const DoneEvent& e) {
  json::Value out;
  out.Set("event", "done");
  out.Set("step", e.step);
  out.Set("reason", e.reason);
  if (!e.output.empty()) out.Set("output", e.output);
  if (e.best_step >= 0) {
    out.Set("best_step", e.best_step);
    out.Set("best_loss", e.best_loss);
  }
  out.Set("seconds", e.seconds);
  out.Set("tokens", e.tokens);
  return out;
}

json::Value ObjectOf(const NoteEvent& e) {
  json::Value out;
  out.Set("event", "note");
  out.Set("text", e.text);
  return out;
}

}  // namespace

TextOutput OutputOf(int descriptor) {
  return [descriptor](std::string_view text) -> Status {
    while (!text.empty()) {
      const ssize_t count = ::write(descriptor, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno);
      text.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  };
}

json::Value EventObject(const Event& event) {
  return std::visit([](const auto& e) { return ObjectOf(e); }, event);
}

Status JsonEventWriter::Write(const Event& event) {
  const std::string line = json::Dump(EventObject(event)) + "\n";
  MutexLock lock(mu_);
  return output_(line);
}

void EventFanOut::Add(std::string name, std::unique_ptr<EventSink> sink) {
  MutexLock lock(mu_);
  sinks_.push_back({std::move(name), std::move(sink)});
}

std::vector<Status> EventFanOut::WriteAll(const Event& event) {
  std::vector<Status> failures;
  std::erase_if(sinks_, [&](const Entry& entry) {
    Status status = entry.sink->Write(event);
    if (status.ok()) return false;
    failures.push_back(status.Wrap(StrCat("no more ", entry.name)));
    return true;
  });
  return failures;
}

Status EventFanOut::Write(const Event& event) {
  MutexLock lock(mu_);
  std::vector<Status> failures = WriteAll(event);
  // A note may cost the next sink; each round has one less.
  while (!failures.empty()) {
    const Event note = NoteEvent{failures.back().message()};
    failures.pop_back();
    for (Status& more : WriteAll(note)) failures.push_back(std::move(more));
  }
  return {};
}

}  // namespace pano::train
