#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "model/grammar/workspace.h"

namespace pano::grammar {

// A place in a grammar that lives on its own: items that keep their frames, in an order that is the
// same for equal sets. A value; copies share the frames. Thread-compatible.
class Configuration {
 public:
  Configuration() = default;
  // REQUIRES: `view` is the newest of the workspace, and what it refers to was made since `mark` or
  // lives on its own.
  Configuration(Workspace& workspace, const Workspace::View& view, const Workspace::Mark& mark);
  Configuration(const Configuration& other);
  Configuration(Configuration&& other) noexcept;
  Configuration& operator=(Configuration other) noexcept;
  ~Configuration();

  std::span<const Item> items() const { return items_; }
  bool accepting() const { return accepting_; }
  // Equal configurations of one automaton have equal hashes, and with practical certainty (128
  // bits) no others.
  const StackFrame::Hash& hash() const { return hash_; }

  // After `bytes`, or nothing where they cannot follow; workspace.exceeded() says whether because
  // a step was too large.
  bool Advance(Workspace& workspace, std::string_view bytes, Configuration& out) const;

 private:
  std::vector<Item> items_;
  bool accepting_ = false;
  StackFrame::Hash hash_{};
};

}  // namespace pano::grammar
