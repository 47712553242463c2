#pragma once

#include <string>
#include <string_view>

namespace pano::terminal {

// Makes text of unknown origin (a model's, a server's, a file's) safe to show, as it arrives: what a
// terminal could take for a command is shown as a sign in its place. Kept: line feeds and tabs.
// Dropped: carriage returns. Control characters become their pictures (ESC: U+241B), C1 controls and
// characters that turn the order of text around (U+202A-202E, U+2066-2069) U+FFFD, as do ill-formed
// bytes. Thread-compatible.
class SafeText {
 public:
  // What can be shown by now: characters are not cut in two.
  std::string Push(std::string_view bytes);
  // What was held back.
  std::string Flush();

 private:
  std::string tail_;  // the start of a character
};

// The same for a whole text.
std::string MakeSafe(std::string_view text);
// The same for one line: line feeds and tabs become spaces.
std::string MakeSafeLine(std::string_view text);

}  // namespace pano::terminal
