#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace pano::repository {

// What the decision knows of one version. A value.
struct VersionView {
  size_t model = 0;  // versions of one model have the same number
  // Of an adapter: the place of the version whose weights it changes. What `content` says depends on that
  // version's copy, too.
  std::optional<size_t> base = {};
  bool pinned = false;  // given with the command line: never unloaded, and no part of the budget

  // On the disk.
  bool present = false;  // a folder is there
  bool settled = false;  // and it is complete: it may be read
  uint64_t content = 0;  // what it is made of; another number: other files

  // In memory.
  bool loaded = false;                // answers requests
  bool unloading = false;             // a copy takes no more requests and has some: no other is read before it is gone
  bool loading = false;               // is being read, beside a loaded copy or not
  bool broken = false;                // loaded, and its files are no longer what it was made of
  bool busy = false;                  // has requests
  bool left_behind = false;           // an adapter whose model has another copy by now: it keeps the old one
  uint64_t loaded_content = 0;        // of the loaded copy
  TimePoint last_used = {};           // loaded, or took a request
  uint64_t bytes = 0;                 // that a copy takes, or would take
  uint64_t leaving_bytes = 0;         // of copies that are unloading
  std::optional<uint64_t> failed_content = {};  // that did not load
  TimePoint retry_at = {};            // when that may be tried again

  // Wanted by whom.
  bool desired = false;   // its model's policy or a label names it
  bool asked = false;     // an operator had it loaded
  bool stopped = false;   // an operator had it unloaded
  bool parked = false;    // unloaded for want of use or of memory: waits for a request
  std::optional<TimePoint> waiting_since = {};  // the first request that waits for it
};

struct DecisionSettings {
  bool eager = true;                      // desired versions load by themselves
  uint64_t memory_bytes = 0;              // of all versions together; 0: no limit of its own
  Duration idle_unload = Duration::zero();  // of a version without requests; 0: never
  // How long a version that others have taken the place of stays after its last use: clients may name it.
  Duration keep_superseded = std::chrono::seconds(10);
  // What was used within that time makes no room for others: who waited for it gets to ask it.
  Duration keep_used = std::chrono::milliseconds(500);
};

// What to do with one version. A value.
struct Action {
  enum class Kind : uint8_t {
    kLoad,    // read it; where it is loaded, the new copy takes the old one's place
    kUnload,  // take it out of service; its requests may end
    kRefuse,  // it cannot be loaded now: whoever waits is told
  };
  Kind kind = Kind::kLoad;
  size_t version = 0;  // its place in the snapshot
  std::string reason = {};
  bool park = false;  // of kUnload: only a request or an operator loads it again

  bool operator==(const Action&) const = default;
};

// What to do next, as a pure function. One version is loaded at a time: reading two is no faster, and
// what is left for the second is known once the first is there.
//
//   - what is gone from the disk, stopped, superseded or idle is unloaded. A version is superseded when
//     it is no longer desired and every desired one of its model is ready: until then it goes on.
//   - first what requests wait for, the longest wait first; then what an operator asked for; then changed
//     files of what is loaded; then, where `eager`, what is desired.
//   - within `memory_bytes`, what a request or an operator wants makes room: the version that was used
//     longest ago goes first, and none that has requests or is waited for. What nobody waits for takes
//     no room from others.
//   - what failed is tried again at `retry_at`, or when its files are others.
//   - an adapter is loaded over a version that answers, by itself as long as nobody had it unloaded. Whoever wants it
//     wants that version, too. It goes when that version goes, which makes room for as much as both take.
std::vector<Action> Decide(const std::vector<VersionView>& versions, const DecisionSettings& settings,
                           TimePoint now);

}  // namespace pano::repository
