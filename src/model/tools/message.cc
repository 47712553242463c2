#include "model/tools/message.h"

#include "base/check.h"

namespace pano::tools {

void Message::Merge(const MessageDelta& delta) {
  content += delta.content;
  reasoning += delta.reasoning;
  for (const ToolCallDelta& call : delta.calls) {
    if (call.index == calls.size()) calls.push_back({call.id, call.name, {}});
    PANO_CHECK(call.index < calls.size());
    calls[call.index].arguments += call.arguments;
  }
}

}  // namespace pano::tools
