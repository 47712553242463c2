#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "model/tools/message.h"
#include "model/tools/tool.h"

namespace pano::tools {

// Takes calls from the readers of formats and makes deltas of them: Begin, Add..., End, or Abandon for
// what turns out to be no call. Confined to its parser.
//
// Text that a grammar constrained holds no broken call, so its arguments go out as they come
// (`stream`). Other text may break anywhere: a call is held back until its arguments are there and
// are JSON.
class CallSink {
 public:
  struct Settings {
    ToolsPtr tools = nullptr;                    // null: no name is known
    bool stream = false;
    std::function<std::string(size_t)> make_id = nullptr;  // of the call with that index
  };

  explicit CallSink(Settings settings) : settings_(std::move(settings)) {}

  // Where deltas go; set before each use.
  void set_out(MessageDelta* out) { out_ = out; }

  const Tool* Find(std::string_view name) const;
  bool stream() const { return settings_.stream; }
  size_t count() const { return count_; }  // of calls that went out

  // `id`: as the model wrote it; "": one is made.
  void Begin(const Tool& tool, std::string id);
  void Add(std::string_view arguments);
  // The arguments are whole. False when they are no JSON object: there was no call.
  bool End();
  void Abandon();
  // Between Begin and the end of the call.
  bool open() const { return open_; }
  // Whether a part of the open call went out: it cannot become text any more.
  bool sent() const { return open_ && settings_.stream; }

 private:
  void Send(std::string id, std::string name, std::string arguments);

  const Settings settings_;
  MessageDelta* out_ = nullptr;
  size_t count_ = 0;
  bool open_ = false;
  std::string id_, name_, arguments_;  // of a call that is held back
};

}  // namespace pano::tools
