#include "model/grammar/configuration.h"

#include <algorithm>
#include <utility>

namespace pano::grammar {

Configuration::Configuration(Workspace& workspace, const Workspace::View& view,
                             const Workspace::Mark& mark)
    : items_(workspace.Keep(view, mark)), accepting_(view.accepting), hash_{3, 4} {
  if (items_.size() > 1) {
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      return a.state != b.state ? a.state < b.state : a.frame->hash < b.frame->hash;
    });
  }
  for (const Item& item : items_) {
    hash_ = Combine(hash_, item.state);
    hash_ = Combine(hash_, item.frame->hash[0]);
    hash_ = Combine(hash_, item.frame->hash[1]);
  }
}

Configuration::Configuration(const Configuration& other)
    : items_(other.items_), accepting_(other.accepting_), hash_(other.hash_) {
  for (const Item& item : items_) Acquire(item.frame);
}

Configuration::Configuration(Configuration&& other) noexcept
    : items_(std::exchange(other.items_, {})), accepting_(std::exchange(other.accepting_, false)),
      hash_(other.hash_) {}

Configuration& Configuration::operator=(Configuration other) noexcept {
  std::swap(items_, other.items_);
  std::swap(accepting_, other.accepting_);
  std::swap(hash_, other.hash_);
  return *this;
}

Configuration::~Configuration() {
  for (const Item& item : items_) Release(item.frame);
}

bool Configuration::Advance(Workspace& workspace, std::string_view bytes, Configuration& out) const {
  // Frames are copied out every so often, so that a long text needs little of the workspace.
  constexpr size_t kPiece = 256;
  Configuration at = *this;
  while (!bytes.empty()) {
    const Workspace::Mark mark = workspace.mark();
    Workspace::View view = workspace.Load(at.items(), at.accepting());
    for (char byte : bytes.substr(0, kPiece)) {
      view = workspace.Step(view, static_cast<uint8_t>(byte));
      if (!view.alive()) break;
    }
    if (view.alive()) at = Configuration(workspace, view, mark);
    workspace.Rewind(mark);
    if (!view.alive()) return false;
    bytes.remove_prefix(std::min(bytes.size(), kPiece));
  }
  out = std::move(at);
  return true;
}

}  // namespace pano::grammar
