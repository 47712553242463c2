#include "pano/chat/entered_text.h"

#include "base/strings.h"

namespace pano::chat {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

bool IsQuoted(std::string_view text) { return Trim(text).starts_with(kQuotes); }

// Two backslashes at the end are a backslash and no continuation.
bool EndsWithBackslash(std::string_view line) {
  size_t count = 0;
  while (count < line.size() && line[line.size() - 1 - count] == '\\') ++count;
  return count % 2 == 1;
}

}  // namespace

bool IsUnfinished(std::string_view text) {
  if (!IsQuoted(text)) return EndsWithBackslash(text);
  const std::string_view trimmed = Trim(text);
  return trimmed.size() < 2 * kQuotes.size() || !trimmed.ends_with(kQuotes);
}

std::string FinishedText(std::string_view text) {
  if (IsQuoted(text)) {
    std::string_view inner = Trim(text).substr(kQuotes.size());
    if (inner.ends_with(kQuotes)) inner.remove_suffix(kQuotes.size());
    if (inner.starts_with('\n')) inner.remove_prefix(1);
    if (inner.ends_with('\n')) inner.remove_suffix(1);
    return std::string(inner);
  }
  std::string out;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t feed = text.find('\n', begin);
    const std::string_view line = text.substr(begin, feed == text.npos ? text.npos : feed - begin);
    if (feed == std::string_view::npos) {
      out += line;
      break;
    }
    out += EndsWithBackslash(line) ? line.substr(0, line.size() - 1) : line;
    out.push_back('\n');
    begin = feed + 1;
  }
  return out;
}

}  // namespace pano::chat
