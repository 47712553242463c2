// A byte that picks the format, one that picks the mode, then what a model wrote. Whatever comes in,
// the message is the same in pieces, its calls name tools, and their arguments are JSON.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "model/tools/call_format.h"
#include "model/tools/json_scanner.h"
#include "model/tools/testing/parsing.h"
#include "model/tools/tool_format.h"

namespace {

using pano::tools::CallFormats;
using pano::tools::Message;
using pano::tools::ParserSettings;
using pano::tools::ReasoningFormats;
using pano::tools::ToolCall;
using pano::tools::ToolFormat;
using pano::tools::ToolFormatPtr;

constexpr std::string_view kTools =
    R"([{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":)"
    R"({"a":{"type":"string"},"b":{"type":"integer"},"c":{"anyOf":[{"type":"string"},)"
    R"({"$ref":"#"}]}}}}},{"name":"get_weather"}])";

// A template that shows the format `index`, with some reasoning.
ToolFormatPtr FormatOf(uint8_t index) {
  const auto& formats = CallFormats();
  const size_t which = index % (formats.size() + 1);
  std::string text;
  if (which == formats.size()) return ToolFormat::Detect("<|start|><|channel|><|message|>");
  for (const std::string& part : formats[which].signatures[0]) text += part;
  for (const std::string& part : ReasoningFormats()[index % ReasoningFormats().size()].signature) {
    text += part;
  }
  return ToolFormat::Detect(text);
}

bool BeginsJson(std::string_view text) {
  pano::tools::JsonScanner scanner;
  for (char c : text) {
    if (scanner.Step(c) == pano::tools::JsonScanner::Result::kError) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 4096) return 0;
  static const auto tools = std::make_shared<const pano::tools::Tools>(
      pano::tools::ReadTools(pano::json::Parse(kTools).value()).value());
  const ToolFormatPtr format = FormatOf(data[0]);
  ParserSettings settings{.tools = (data[1] & 1) != 0 ? nullptr : tools};
  settings.trusted = (data[1] & 2) != 0;
  if ((data[1] & 4) != 0) settings.prompt_end = format->reasoning() ? "<think>\n" : ">>>";
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);

  const auto whole = pano::tools::testing::ParsePieces(*format, settings, {text});
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < text.size(); at += 1 + at % 3) {
    pieces.push_back(text.substr(at, 1 + at % 3));
  }
  const auto cut = pano::tools::testing::ParsePieces(*format, settings, pieces);
  PANO_CHECK(whole.broken.empty() && cut.broken.empty());
  PANO_CHECK(pano::tools::testing::Difference(whole.message, cut.message).empty());
  PANO_CHECK(whole.message.calls.empty() || settings.tools);
  for (const ToolCall& call : whole.message.calls) {
    PANO_CHECK(FindTool(*tools, call.name) != nullptr);
    if (settings.trusted) {
      PANO_CHECK(BeginsJson(call.arguments));
    } else {
      const auto arguments = pano::json::Parse(call.arguments);
      PANO_CHECK(arguments.ok() && arguments->is_object());
    }
  }
  // Nothing is made up: no more text comes out than went in.
  PANO_CHECK(whole.message.content.size() + whole.message.reasoning.size() <= text.size() + 64);
  return 0;
}
