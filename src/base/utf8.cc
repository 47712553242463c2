#include "base/utf8.h"

#include <algorithm>
#include <cstring>

namespace pano {
namespace {

struct Lead {
  size_t length;             // of the whole character; 0: cannot lead
  uint8_t second_min = 0x80;  // bounds of the second byte, narrower for some leads
  uint8_t second_max = 0xBF;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte >= 0xC2 && byte <= 0xDF) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// Well-formed bytes at the start of `text`: up to lead.length.
size_t GoodPrefix(std::string_view text, const Lead& lead) {
  size_t n = 1;
  for (; n < lead.length && n < text.size(); ++n) {
    auto byte = static_cast<uint8_t>(text[n]);
    uint8_t low = n == 1 ? lead.second_min : uint8_t{0x80};
    uint8_t high = n == 1 ? lead.second_max : uint8_t{0xBF};
    if (byte < low || byte > high) break;
  }
  return n;
}

// How many bytes at the start of `text` are ASCII.
size_t AsciiPrefix(std::string_view text) {
  size_t n = 0;
  for (; n + 8 <= text.size(); n += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + n, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  while (n < text.size() && static_cast<uint8_t>(text[n]) < 0x80) ++n;
  return n;
}

}  // namespace

size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  Lead lead = LeadOf(static_cast<uint8_t>(text[0]));
  if (lead.length == 0) return 0;
  return GoodPrefix(text, lead) == lead.length ? lead.length : 0;
}

size_t Utf8IncompleteTail(std::string_view text) {
  size_t reach = std::min<size_t>(3, text.size());
  for (size_t back = 1; back <= reach; ++back) {
    std::string_view tail = text.substr(text.size() - back);
    auto byte = static_cast<uint8_t>(tail[0]);
    if ((byte & 0xC0) == 0x80) continue;  // a continuation: look further back for its lead
    Lead lead = LeadOf(byte);
    bool open = lead.length > back && GoodPrefix(tail, lead) == back;
    return open ? back : 0;
  }
  return 0;
}

char32_t Utf8Decode(std::string_view text, size_t length) {
  auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(text[i])); };
  switch (length) {
    case 1: return byte(0);
    case 2: return ((byte(0) & 0x1F) << 6) | (byte(1) & 0x3F);
    case 3: return ((byte(0) & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
    default:
      return ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) |
             (byte(3) & 0x3F);
  }
}

void Utf8Append(std::string& out, char32_t c) {
  auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool Utf8Valid(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) break;
    size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string Utf8Sanitize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Lead lead = LeadOf(static_cast<uint8_t>(text[0]));
    size_t good = lead.length == 0 ? 1 : GoodPrefix(text, lead);
    if (good == lead.length) {
      out.append(text.substr(0, good));
    } else {
      out.append("\xEF\xBF\xBD");
    }
    text.remove_prefix(good);
  }
  return out;
}

}  // namespace pano
