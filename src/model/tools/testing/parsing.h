#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/tools/tool_format.h"

namespace pano::tools::testing {

// A message from pieces of text, and whether its deltas kept their promise: a call's id and name come
// whole, once and first.
struct Parsed {
  Message message;
  std::string broken;  // "" or what promise was
};

inline Parsed ParsePieces(const ToolFormat& format, const ParserSettings& settings,
                          const std::vector<std::string_view>& pieces) {
  Parsed out;
  const auto parser = format.MakeParser(settings);
  auto take = [&out](const MessageDelta& delta) {
    for (const ToolCallDelta& call : delta.calls) {
      const bool first = call.index == out.message.calls.size();
      if (call.index > out.message.calls.size()) out.broken = "a call's index has a gap";
      if (first == call.name.empty() || first == call.id.empty()) {
        out.broken = "a call's id and name are not in its first delta alone";
      }
      if (!out.broken.empty()) return;
      MessageDelta one;
      one.calls.push_back(call);
      out.message.Merge(one);
    }
    out.message.content += delta.content;
    out.message.reasoning += delta.reasoning;
  };
  for (std::string_view piece : pieces) {
    MessageDelta delta;
    parser->Append(piece, &delta);
    take(delta);
  }
  MessageDelta delta;
  parser->Finish(&delta);
  take(delta);
  return out;
}

inline Message ParseWhole(const ToolFormat& format, const ParserSettings& settings,
                          std::string_view text) {
  return ParsePieces(format, settings, {text}).message;
}

inline std::string Difference(const Message& a, const Message& b) {
  if (a.content != b.content) return StrCat("content '", a.content, "' and '", b.content, "'");
  if (a.reasoning != b.reasoning) {
    return StrCat("reasoning '", a.reasoning, "' and '", b.reasoning, "'");
  }
  if (a.calls.size() != b.calls.size()) return StrCat(a.calls.size(), ", ", b.calls.size(), " calls");
  for (size_t i = 0; i < a.calls.size(); ++i) {
    const bool same = a.calls[i].id == b.calls[i].id && a.calls[i].name == b.calls[i].name &&
                      a.calls[i].arguments == b.calls[i].arguments;
    if (!same) return StrCat("call ", i, ": ", a.calls[i].arguments, " and ", b.calls[i].arguments);
  }
  return {};
}

// Cuts the text at each place, at every byte, and at random ones: "" or where the message became
// another. Adds to `splits`.
inline std::string CheckSplits(const ToolFormat& format, const ParserSettings& settings,
                               std::string_view text, size_t* splits) {
  const Message whole = ParseWhole(format, settings, text);
  std::vector<std::vector<std::string_view>> ways;
  for (size_t at = 1; at < text.size(); ++at) ways.push_back({text.substr(0, at), text.substr(at)});
  std::vector<std::string_view> bytes;
  for (size_t at = 0; at < text.size(); ++at) bytes.push_back(text.substr(at, 1));
  ways.push_back(bytes);
  Random random(7);
  for (int i = 0; i < 16; ++i) {
    std::vector<std::string_view> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t length = 1 + random.Below(9);
      pieces.push_back(text.substr(at, length));
      at += length;
    }
    ways.push_back(std::move(pieces));
  }
  *splits += ways.size();
  for (const auto& pieces : ways) {
    const Parsed parsed = ParsePieces(format, settings, pieces);
    std::string wrong = parsed.broken;
    if (wrong.empty()) wrong = Difference(whole, parsed.message);
    if (!wrong.empty()) {
      return StrCat("cut in ", pieces.size(), " (first ", pieces[0].size(), "): ", wrong);
    }
  }
  return {};
}

}  // namespace pano::tools::testing
