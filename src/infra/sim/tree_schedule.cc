#include "infra/sim/tree_schedule.h"

namespace pano::sim {

// Position i hangs below the position that has i's lowest set bit moved up by one, where that exists: all odd
// positions are leaves, and every subtree is a stretch of positions.
int64_t DoubleTreeSchedule::ParentInTree(int64_t position, int64_t count) {
  if (position == 0) return -1;
  const int64_t low = position & -position;
  const int64_t above = (position ^ low) | (low << 1);
  return above < count ? above : position ^ low;
}

DoubleTreeSchedule::DoubleTreeSchedule(const cluster::Fabric& fabric, double bytes, int64_t chunks)
    : ranks_(fabric.ranks()), chunks_(chunks), bytes_(bytes / 2 / static_cast<double>(chunks)),
      places_(static_cast<size_t>(2 * fabric.ranks())) {
  const int64_t N = fabric.nodes, G = fabric.gpus_per_node;
  for (int64_t tree = 0; tree < 2; ++tree) {
    // The second tree is the first one seen from the other end, or where that would leave leaves as leaves
    // (an odd count), moved on by one.
    const auto position_of = [&](int64_t node) { return tree == 0 ? node : N % 2 == 0 ? N - 1 - node : (node + 1) % N; };
    const auto node_at = [&](int64_t position) {
      return tree == 0 ? position : N % 2 == 0 ? N - 1 - position : (position + N - 1) % N;
    };
    for (int64_t rank = 0; rank < ranks_; ++rank) {
      const int64_t node = rank / G;
      int64_t parent = rank - 1;  // in the node's chain
      if (rank % G == 0) {
        const int64_t above = ParentInTree(position_of(node), N);
        parent = above < 0 ? -1 : node_at(above) * G;
      }
      places_[static_cast<size_t>(tree * ranks_ + rank)].parent = parent;
      if (parent >= 0) places_[static_cast<size_t>(tree * ranks_ + parent)].children.push_back(rank);
    }
  }
}

// Actor = (2 * tree + down) * ranks + rank.
Schedule::Move DoubleTreeSchedule::At(int64_t actor, int64_t) const {
  const int64_t kind = actor / ranks_, rank = actor % ranks_;
  const int64_t parent = places_[static_cast<size_t>(kind / 2 * ranks_ + rank)].parent;
  if (parent < 0) return {};
  return kind % 2 == 0 ? Move{Kind::kBetween, rank, parent, bytes_} : Move{Kind::kBetween, parent, rank, bytes_};
}

int64_t DoubleTreeSchedule::Needs(int64_t actor, int64_t) const {
  const int64_t kind = actor / ranks_, first = kind / 2 * ranks_;
  const Place& place = places_[static_cast<size_t>(first + actor % ranks_)];
  if (place.parent < 0) return 0;
  if (kind % 2 == 0) return static_cast<int64_t>(place.children.size());
  // A root sends a chunk down when all of its children have sent theirs.
  const Place& parent = places_[static_cast<size_t>(first + place.parent)];
  return parent.parent < 0 ? static_cast<int64_t>(parent.children.size()) : 1;
}

void DoubleTreeSchedule::AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const {
  const int64_t kind = actor / ranks_, rank = actor % ranks_, first = kind / 2 * ranks_;
  const int64_t up = kind / 2 * 2 * ranks_, down = up + ranks_;
  const Place& place = places_[static_cast<size_t>(first + rank)];
  if (place.parent < 0) return;
  if (kind % 2 == 0) {
    const Place& parent = places_[static_cast<size_t>(first + place.parent)];
    if (parent.parent >= 0) {
      out.push_back({up + place.parent, step});
    } else {
      for (const int64_t child : parent.children) out.push_back({down + child, step});
    }
  } else {
    for (const int64_t child : place.children) out.push_back({down + child, step});
  }
}

// Actors: up from node 0 .. N-1, down to node 0 .. N-1, the switches.
Schedule::Move InNetworkSchedule::At(int64_t actor, int64_t) const {
  if (actor < nodes_) return {Kind::kUp, actor, 0, bytes_};
  if (actor < 2 * nodes_) return {Kind::kDown, 0, actor - nodes_, bytes_};
  return {};
}

int64_t InNetworkSchedule::Needs(int64_t actor, int64_t) const {
  return actor < nodes_ ? 0 : actor < 2 * nodes_ ? 1 : nodes_;
}

void InNetworkSchedule::AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const {
  if (actor < nodes_) {
    out.push_back({2 * nodes_, step});
  } else if (actor == 2 * nodes_) {
    for (int64_t node = 0; node < nodes_; ++node) out.push_back({nodes_ + node, step});
  }
}

}  // namespace pano::sim
