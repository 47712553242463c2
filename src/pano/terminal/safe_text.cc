#include "pano/terminal/safe_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace pano::terminal {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool TurnsOrder(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

void AppendSafe(std::string& out, std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    const char32_t c = length == 0 ? kReplacement : Utf8Decode(text.substr(i), length);
    i += std::max<size_t>(length, 1);
    if (c == '\r') continue;
    if (c == '\n' || c == '\t') {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x20) {
      Utf8Append(out, 0x2400 + c);
    } else if (c == 0x7F) {
      Utf8Append(out, 0x2421);
    } else if ((c >= 0x80 && c < 0xA0) || TurnsOrder(c)) {
      Utf8Append(out, kReplacement);
    } else {
      Utf8Append(out, c);
    }
  }
}

}  // namespace

std::string SafeText::Push(std::string_view bytes) {
  tail_.append(bytes);
  const size_t held = Utf8IncompleteTail(tail_);
  std::string out;
  AppendSafe(out, std::string_view(tail_).substr(0, tail_.size() - held));
  tail_.erase(0, tail_.size() - held);
  return out;
}

std::string SafeText::Flush() {
  std::string out;
  AppendSafe(out, tail_);
  tail_.clear();
  return out;
}

std::string MakeSafe(std::string_view text) {
  std::string out;
  AppendSafe(out, text);
  return out;
}

std::string MakeSafeLine(std::string_view text) {
  std::string out = MakeSafe(text);
  std::replace(out.begin(), out.end(), '\n', ' ');
  std::replace(out.begin(), out.end(), '\t', ' ');
  return out;
}

}  // namespace pano::terminal
