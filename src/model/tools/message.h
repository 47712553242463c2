#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pano::tools {

// A piece of one call as it becomes known. `id` and `name` come whole and once, in the first delta of
// their call; the `arguments` of all its deltas add up to JSON text. A value.
struct ToolCallDelta {
  size_t index = 0;  // of the call within the message, from 0
  std::string id;
  std::string name;
  std::string arguments;
};

// What more of a message is known. The deltas of a message, merged in order, are the message, however
// the text came in pieces. A value.
struct MessageDelta {
  std::string content;
  std::string reasoning;
  std::vector<ToolCallDelta> calls;

  bool empty() const { return content.empty() && reasoning.empty() && calls.empty(); }
};

// One call of a function, whole. A value.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON text of an object; of a text that was cut off, its beginning
};

// What a model said, whole. A value.
struct Message {
  std::string content;
  std::string reasoning;
  std::vector<ToolCall> calls;

  // Appends a delta. REQUIRES: call indices without a gap.
  void Merge(const MessageDelta& delta);
};

}  // namespace pano::tools
