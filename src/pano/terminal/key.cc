#include "pano/terminal/key.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::terminal {
namespace {

using Kind = Key::Kind;
constexpr char kEscapeByte = '\x1b';
constexpr std::string_view kPasteEnd = "\x1b[201~";
constexpr size_t kSequenceBytesMax = 64;

std::optional<Kind> ControlKey(char byte) {
  switch (byte) {
    case 1: return Kind::kHome;
    case 2: return Kind::kLeft;
    case 3: return Kind::kInterrupt;
    case 4: return Kind::kDeleteOrEnd;
    case 5: return Kind::kEnd;
    case 6: return Kind::kRight;
    case 8:
    case 0x7f: return Kind::kBackspace;
    case 9: return Kind::kTab;
    case 10:
    case 13: return Kind::kEnter;
    case 11: return Kind::kKillLine;
    case 12: return Kind::kClearScreen;
    case 14: return Kind::kDown;
    case 16: return Kind::kUp;
    case 18: return Kind::kSearch;
    case 20: return Kind::kTranspose;
    case 21: return Kind::kKillToStart;
    case 23: return Kind::kKillWordLeft;
    case 25: return Kind::kYank;
    case 26: return Kind::kSuspend;
    default: return std::nullopt;
  }
}

// ESC and a character: the key with Alt (Meta).
std::optional<Kind> AltKey(char byte) {
  switch (byte) {
    case 10:
    case 13: return Kind::kNewLine;
    case 'b': return Kind::kWordLeft;
    case 'f': return Kind::kWordRight;
    case 'd': return Kind::kKillWordRight;
    case 8:
    case 0x7f: return Kind::kKillWordLeft;
    default: return std::nullopt;
  }
}

// The last byte of ESC [ ... or ESC O ..., with `parameters` like "1;5".
std::optional<Kind> SequenceKey(char last, std::string_view parameters) {
  const std::vector<std::string_view> numbers = Split(parameters, ';');
  // The second parameter is 1 + a mask: 1 Shift, 2 Alt, 4 Control.
  const bool by_word = numbers.size() > 1 && ParseInt(numbers[1]).value_or(1) >= 3;
  switch (last) {
    case 'A': return Kind::kUp;
    case 'B': return Kind::kDown;
    case 'C': return by_word ? Kind::kWordRight : Kind::kRight;
    case 'D': return by_word ? Kind::kWordLeft : Kind::kLeft;
    case 'H': return Kind::kHome;
    case 'F': return Kind::kEnd;
    case 'M': return Kind::kEnter;  // of the keypad, after ESC O
    case '~':
      if (numbers[0] == "1" || numbers[0] == "7") return Kind::kHome;
      if (numbers[0] == "4" || numbers[0] == "8") return Kind::kEnd;
      if (numbers[0] == "3") return by_word ? Kind::kKillWordRight : Kind::kDelete;
      // xterm's modifyOtherKeys: 27;modifier;character
      if (numbers.size() == 3 && numbers[0] == "27" && numbers[2] == "13") return Kind::kNewLine;
      return std::nullopt;
    case 'u':  // character;modifier
      if (numbers[0] == "13") return numbers.size() > 1 ? Kind::kNewLine : Kind::kEnter;
      if (numbers[0] == "27") return Kind::kEscape;
      return std::nullopt;
    default: return std::nullopt;
  }
}

// Line ends as '\n', whatever they were.
std::string WithLineFeeds(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      out.push_back('\n');
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

void KeyDecoder::Feed(std::string_view bytes, std::vector<Key>& keys) {
  pending_.append(bytes);
  size_t at = 0;
  while (at < pending_.size()) {
    const std::string_view rest = std::string_view(pending_).substr(at);
    const size_t used = pasting_ ? DecodePaste(rest, keys) : Decode(rest, keys);
    if (used == 0) break;
    at += used;
  }
  pending_.erase(0, at);
}

void KeyDecoder::Flush(std::vector<Key>& keys) {
  if (!pending()) return;
  if (pending_ == std::string_view(&kEscapeByte, 1)) keys.push_back({Kind::kEscape});
  pending_.clear();
}

size_t KeyDecoder::Decode(std::string_view bytes, std::vector<Key>& keys) {
  const char first = bytes[0];
  if (first == kEscapeByte) return DecodeEscape(bytes, keys);
  if (static_cast<unsigned char>(first) < 0x20 || first == 0x7f) {
    if (const auto kind = ControlKey(first)) keys.push_back({*kind});
    return 1;
  }
  const size_t length = Utf8Length(bytes);
  if (length == 0) return Utf8IncompleteTail(bytes) == bytes.size() ? 0 : 1;
  const char32_t c = Utf8Decode(bytes, length);
  if (c < 0x80 || c >= 0xA0) keys.push_back({Kind::kText, std::string(bytes.substr(0, length))});
  return length;
}

size_t KeyDecoder::DecodeEscape(std::string_view bytes, std::vector<Key>& keys) {
  if (bytes.size() == 1) return 0;
  if (bytes[1] == kEscapeByte) {
    keys.push_back({Kind::kEscape});
    return 1;
  }
  if (bytes[1] == '[' || bytes[1] == 'O') return DecodeSequence(bytes, keys);
  if (const auto kind = AltKey(bytes[1])) {
    keys.push_back({*kind});
  } else if (const size_t length = Utf8Length(bytes.substr(1)); length > 1) {
    return 1 + length;
  }
  return 2;
}

size_t KeyDecoder::DecodeSequence(std::string_view bytes, std::vector<Key>& keys) {
  for (size_t i = 2; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c >= 0x20 && c < 0x40 && i < kSequenceBytesMax) continue;  // parameters
    if (c < 0x40 || c == 0x7f) return i;                           // no sequence: skipped
    const std::string_view parameters = bytes.substr(2, i - 2);
    if (c == '~' && parameters == "200") {
      pasting_ = true;
    } else if (const auto kind = SequenceKey(c, parameters)) {
      keys.push_back({*kind});
    }
    return i + 1;
  }
  return 0;
}

size_t KeyDecoder::DecodePaste(std::string_view bytes, std::vector<Key>& keys) {
  const size_t end = bytes.find(kPasteEnd);
  // The mark may have begun in the last bytes.
  const size_t taken = end != std::string_view::npos ? end
                       : bytes.size() < kPasteEnd.size() ? 0
                                                         : bytes.size() - kPasteEnd.size() + 1;
  const size_t room = kPasteBytesMax + 1 - std::min(paste_.size(), kPasteBytesMax + 1);
  paste_.append(bytes.substr(0, std::min(taken, room)));
  if (end == std::string_view::npos) return taken;
  keys.push_back({Kind::kPaste, WithLineFeeds(Utf8Sanitize(paste_))});
  paste_.clear();
  pasting_ = false;
  return end + kPasteEnd.size();
}

}  // namespace pano::terminal
