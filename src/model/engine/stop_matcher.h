#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pano::engine {

// Looks for stop strings in text that comes in pieces, and holds back what may still become one. The
// match is the stop string that is complete first (of several, the longest), so what comes out does
// not depend on how the text was cut. Confined to one thread.
class StopMatcher {
 public:
  // Empty strings are ignored. `include_stop`: the match is part of the text that comes out.
  StopMatcher(std::vector<std::string> stops, bool include_stop);

  // The text that can be let go after `piece`; once a stop string was found, nothing more.
  std::string Push(std::string_view piece);
  // What is held back, when no more text comes.
  std::string Flush();

  bool matched() const { return matched_ != nullptr; }
  // REQUIRES: matched().
  const std::string& match() const { return *matched_; }

 private:
  // Bytes at the end of held_ that begin some stop string.
  size_t PossibleStop() const;

  const std::vector<std::string> stops_;
  const bool include_stop_;
  std::string held_;
  const std::string* matched_ = nullptr;
};

}  // namespace pano::engine
