#include "model/tools/call_sink.h"

#include "base/check.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::tools {

const Tool* CallSink::Find(std::string_view name) const {
  return settings_.tools ? FindTool(*settings_.tools, name) : nullptr;
}

void CallSink::Send(std::string id, std::string name, std::string arguments) {
  // Pieces of one call that come together are one delta.
  if (name.empty() && !out_->calls.empty() && out_->calls.back().index == count_) {
    out_->calls.back().arguments += arguments;
    return;
  }
  out_->calls.push_back({count_, std::move(id), std::move(name), std::move(arguments)});
}

void CallSink::Begin(const Tool& tool, std::string id) {
  PANO_CHECK(!open_);
  open_ = true;
  if (id.empty()) {
    id = settings_.make_id ? settings_.make_id(count_) : StrCat("call_", count_);
  }
  if (settings_.stream) return Send(std::move(id), tool.name, {});
  id_ = std::move(id);
  name_ = tool.name;
  arguments_.clear();
}

void CallSink::Add(std::string_view arguments) {
  PANO_CHECK(open_);
  if (!settings_.stream) {
    arguments_ += arguments;
  } else if (!arguments.empty()) {
    Send({}, {}, std::string(arguments));
  }
}

bool CallSink::End() {
  PANO_CHECK(open_);
  open_ = false;
  if (!settings_.stream) {
    const Result<json::Value> parsed = json::Parse(arguments_);
    if (!parsed.ok() || !parsed->is_object()) return false;
    Send(std::move(id_), std::move(name_), std::move(arguments_));
  }
  ++count_;
  return true;
}

void CallSink::Abandon() {
  if (!open_) return;
  open_ = false;
  if (settings_.stream) ++count_;  // what went out stays a call of its own
}

}  // namespace pano::tools
