#pragma once

#include <memory>
#include <string_view>

#include "model/grammar/configuration.h"
#include "model/grammar/grammar.h"

namespace pano::grammar {

class Workspace;

// Whether a text, given in pieces, is one of a grammar's; without a vocabulary. Thread-compatible.
class ByteMatcher {
 public:
  explicit ByteMatcher(Grammar grammar);
  ~ByteMatcher();
  ByteMatcher(const ByteMatcher&) = delete;
  ByteMatcher& operator=(const ByteMatcher&) = delete;

  // False: no text of the grammar begins so; the matcher stays as it was.
  bool AcceptBytes(std::string_view bytes);
  bool IsAccepting() const { return configuration_.accepting(); }
  // Ambiguity made a step too large; it was refused.
  bool exceeded() const { return exceeded_; }
  void Reset();

 private:
  Grammar grammar_;
  std::unique_ptr<Workspace> workspace_;
  Configuration configuration_;
  bool exceeded_ = false;
};

}  // namespace pano::grammar
