#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pano::terminal {

// What was pressed, whatever bytes the terminal sends for it.
struct Key {
  enum class Kind {
    kText,     // `text`: one character
    kPaste,    // `text`: what was pasted, lines ended by '\n'
    kEnter,
    kNewLine,  // Alt-Enter, Shift-Enter where the terminal tells: a line feed in the text
    kTab, kBackspace, kDelete, kDeleteOrEnd /* Ctrl-D */,
    kLeft, kRight, kUp, kDown, kHome, kEnd, kWordLeft, kWordRight,
    kKillLine, kKillToStart, kKillWordLeft, kKillWordRight, kYank, kTranspose,
    kSearch, kClearScreen, kInterrupt, kSuspend, kEscape,
  };
  Kind kind = Kind::kText;
  std::string text = {};

  bool operator==(const Key&) const = default;
};

// Takes apart what a terminal sends (ECMA-48 sequences as xterm and its kin use them, bracketed
// paste). Sequences that are not known are skipped whole. Confined to one thread.
class KeyDecoder {
 public:
  // Longer pastes lose their end, one byte behind this limit: then it is up to the reader to refuse.
  static constexpr size_t kPasteBytesMax = 1 << 20;

  void Feed(std::string_view bytes, std::vector<Key>& keys);
  // A key is not complete: more bytes follow at once, or it was the escape key.
  bool pending() const { return !pending_.empty() && !pasting_; }
  // No byte came for a while: what is pending is all there is.
  void Flush(std::vector<Key>& keys);

 private:
  // Each takes a first part of `bytes` and answers its size; 0 when more bytes are needed.
  size_t Decode(std::string_view bytes, std::vector<Key>& keys);
  size_t DecodeEscape(std::string_view bytes, std::vector<Key>& keys);
  size_t DecodeSequence(std::string_view bytes, std::vector<Key>& keys);
  size_t DecodePaste(std::string_view bytes, std::vector<Key>& keys);

  std::string pending_;
  std::string paste_;
  bool pasting_ = false;
};

}  // namespace pano::terminal
