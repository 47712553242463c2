#include "model/grammar/byte_matcher.h"

#include <utility>

#include "model/grammar/workspace.h"

namespace pano::grammar {

ByteMatcher::ByteMatcher(Grammar grammar)
    : grammar_(std::move(grammar)), workspace_(std::make_unique<Workspace>(grammar_.automaton())) {
  Reset();
}

ByteMatcher::~ByteMatcher() = default;

void ByteMatcher::Reset() {
  const Workspace::Mark mark = workspace_->mark();
  configuration_ = Configuration(*workspace_, workspace_->Start(), mark);
  exceeded_ = workspace_->exceeded();
  workspace_->ClearExceeded();
  workspace_->Rewind(mark);
}

bool ByteMatcher::AcceptBytes(std::string_view bytes) {
  if (configuration_.Advance(*workspace_, bytes, configuration_)) return true;
  exceeded_ = exceeded_ || workspace_->exceeded();
  workspace_->ClearExceeded();
  return false;
}

}  // namespace pano::grammar
