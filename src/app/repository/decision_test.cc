#include "app/repository/decision.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"

namespace pano::repository {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow = TimePoint() + std::chrono::hours(1);

// A version that lies complete on the disk and is not loaded.
VersionView OnDisk() { return {.present = true, .settled = true, .content = 1, .bytes = 10, .desired = true}; }
VersionView Ready(Duration unused = seconds(30)) {
  VersionView v = OnDisk();
  v.loaded = true;
  v.loaded_content = 1;
  v.last_used = kNow - unused;
  return v;
}
VersionView Waited(Duration since = seconds(1)) {
  VersionView v = OnDisk();
  v.waiting_since = kNow - since;
  return v;
}
template <typename Change>
VersionView With(VersionView view, Change change) {
  change(view);
  return view;
}

// "load 0", "unload 1 parked", "refuse 2".
std::string Decided(const std::vector<VersionView>& versions, const DecisionSettings& settings = {}) {
  std::string text;
  for (const Action& action : Decide(versions, settings, kNow)) {
    constexpr const char* kNames[] = {"load", "unload", "refuse"};
    text += StrCat(text.empty() ? "" : ", ", kNames[static_cast<size_t>(action.kind)], " ", action.version,
                   action.park ? " parked" : "");
    EXPECT_EQ(action.reason.empty(), action.kind == Action::Kind::kLoad);
  }
  return text;
}

TEST(Decision, OfOneVersion) {
  struct Case {
    const char* what;
    VersionView version;
    const char* decided;
  };
  const Case cases[] = {
      {"complete and wanted", OnDisk(), "load 0"},
      {"being written", With(OnDisk(), [](auto& v) { v.settled = false; }), ""},
      {"being written, and waited for", With(Waited(), [](auto& v) { v.settled = false; }), ""},
      {"not of the policy", With(OnDisk(), [](auto& v) { v.desired = false; }), ""},
      {"not of the policy, waited for", With(Waited(), [](auto& v) { v.desired = false; }), "load 0"},
      {"unloaded on request", With(OnDisk(), [](auto& v) { v.stopped = v.parked = true; }), ""},
      {"parked", With(OnDisk(), [](auto& v) { v.parked = true; }), ""},
      {"parked, waited for", With(Waited(), [](auto& v) { v.parked = true; }), "load 0"},
      {"loading already", With(OnDisk(), [](auto& v) { v.loading = true; }), ""},
      {"a copy is still leaving", With(OnDisk(), [](auto& v) { v.unloading = true; }), ""},
      {"failed a moment ago", With(OnDisk(), [](auto& v) { v.failed_content = 1; v.retry_at = kNow + seconds(1); }), ""},
      {"failed, its time has come", With(OnDisk(), [](auto& v) { v.failed_content = 1; v.retry_at = kNow; }), "load 0"},
      {"failed with other files", With(OnDisk(), [](auto& v) { v.failed_content = 2; v.retry_at = kNow + seconds(1); }),
       "load 0"},
      {"ready", Ready(), ""},
      {"ready, and other files lie there", With(Ready(), [](auto& v) { v.content = 2; }), "load 0"},
      {"ready, and the new files failed", With(Ready(), [](auto& v) { v.content = 2; v.failed_content = 2; v.retry_at = kNow + seconds(9); }), ""},
      {"ready, its mapped files changed", With(Ready(), [](auto& v) { v.broken = true; }), "load 0"},
      {"ready, the folder is gone", With(Ready(), [](auto& v) { v.present = false; }), "unload 0"},
      {"ready and busy, the folder is gone", With(Ready(), [](auto& v) { v.present = false; v.busy = true; }), "unload 0"},
      {"ready, to be unloaded", With(Ready(), [](auto& v) { v.stopped = true; }), "unload 0 parked"},
      {"ready, no longer of the policy, alone", With(Ready(), [](auto& v) { v.desired = false; }), ""},
  };
  for (const Case& one : cases) EXPECT_EQ(Decided({one.version}), one.decided) << one.what;
}

TEST(Decision, AVersionGoesWhenItsSuccessorAnswers) {
  const VersionView old = With(Ready(), [](auto& v) { v.desired = false; });
  EXPECT_EQ(Decided({old, OnDisk()}), "load 1");
  EXPECT_EQ(Decided({old, With(OnDisk(), [](auto& v) { v.loading = true; })}), "");
  EXPECT_EQ(Decided({old, With(OnDisk(), [](auto& v) { v.failed_content = 1; v.retry_at = kNow + seconds(1); })}), "");
  EXPECT_EQ(Decided({old, Ready()}), "unload 0");
  EXPECT_EQ(Decided({With(old, [](auto& v) { v.busy = true; }), Ready()}), "");
  EXPECT_EQ(Decided({With(old, [](auto& v) { v.asked = true; }), Ready()}), "");
  EXPECT_EQ(Decided({With(old, [](auto& v) { v.last_used = kNow - seconds(1); }), Ready()}), "");
  // Another model's readiness says nothing.
  EXPECT_EQ(Decided({old, With(Ready(), [](auto& v) { v.model = 1; })}), "");
}

TEST(Decision, TheMostUrgentLoadsFirstAndAlone) {
  const VersionView asked = With(OnDisk(), [](auto& v) { v.asked = true; });
  const VersionView changed = With(Ready(), [](auto& v) { v.content = 2; });
  EXPECT_EQ(Decided({OnDisk(), changed, asked, Waited(), Waited(seconds(2))}), "load 4");
  EXPECT_EQ(Decided({OnDisk(), changed, asked, Waited()}), "load 3");
  EXPECT_EQ(Decided({OnDisk(), changed, asked}), "load 2");
  EXPECT_EQ(Decided({OnDisk(), changed}), "load 1");
  EXPECT_EQ(Decided({OnDisk(), OnDisk()}), "load 0");
  EXPECT_EQ(Decided({With(OnDisk(), [](auto& v) { v.loading = true; }), Waited()}), "");
  EXPECT_EQ(Decided({OnDisk(), Waited()}, {.eager = false}), "load 1");
  EXPECT_EQ(Decided({OnDisk()}, {.eager = false}), "");
}

TEST(Decision, RoomIsMadeByWhatWasUsedLongestAgo) {
  const DecisionSettings budget{.memory_bytes = 25};
  auto busy = [](auto& v) { v.busy = true; };
  EXPECT_EQ(Decided({Ready(), Ready(seconds(60)), Waited()}, budget), "unload 1 parked");
  EXPECT_EQ(Decided({Ready(), With(Ready(seconds(60)), busy), Waited()}, budget), "unload 0 parked");
  // Both are at work: it waits until one is not.
  EXPECT_EQ(Decided({With(Ready(), busy), With(Ready(), busy), Waited()}, budget), "");
  // What makes room is on its way out already.
  const VersionView leaving = With(OnDisk(), [](auto& v) { v.unloading = v.parked = true; v.leaving_bytes = 10; });
  EXPECT_EQ(Decided({Ready(), leaving, Waited()}, budget), "");
  // Nobody waits for it: it takes nothing from others.
  EXPECT_EQ(Decided({Ready(), Ready(), OnDisk()}, budget), "refuse 2");
  // The rest is room enough.
  EXPECT_EQ(Decided({Ready(), Waited()}, budget), "load 1");
  // Two have to go.
  EXPECT_EQ(Decided({Ready(), Ready(seconds(60)), With(Waited(), [](auto& v) { v.bytes = 25; })}, budget),
            "unload 1 parked, unload 0 parked");
  // It alone is too much: told at once, whatever the others do; what can be loaded is.
  EXPECT_EQ(Decided({With(Waited(), [](auto& v) { v.bytes = 26; }), OnDisk()}, budget), "refuse 0, load 1");
  // Who waited for a model gets to ask it before it goes again.
  EXPECT_EQ(Decided({Ready(), Ready(Duration::zero()), Waited()}, budget), "unload 0 parked");
  EXPECT_EQ(Decided({Ready(Duration::zero()), Ready(Duration::zero()), Waited()}, budget), "");
}

TEST(Decision, NewFilesNeedRoomBesideTheOld) {
  const VersionView changed = With(Ready(), [](auto& v) { v.content = 2; });
  EXPECT_EQ(Decided({changed}, {.memory_bytes = 20}), "load 0");
  EXPECT_EQ(Decided({changed}, {.memory_bytes = 19}), "refuse 0");
  // What cannot answer any more makes room for its own successor.
  EXPECT_EQ(Decided({With(changed, [](auto& v) { v.broken = true; })}, {.memory_bytes = 19}), "unload 0");
}

TEST(Decision, WhatIsIdleIsParked) {
  const DecisionSettings idle{.idle_unload = seconds(20)};
  EXPECT_EQ(Decided({Ready(seconds(20))}, idle), "unload 0 parked");
  EXPECT_EQ(Decided({Ready(seconds(19))}, idle), "");
  EXPECT_EQ(Decided({With(Ready(), [](auto& v) { v.busy = true; })}, idle), "");
}

// Whatever the state: no version is loaded and unloaded at once, at most one is loaded, what is loaded
// fits, and busy versions make no room.
TEST(Decision, HoldsForAnyState) {
  Random random(7);
  auto chance = [&] { return random.Below(2) == 0; };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<VersionView> versions(1 + random.Below(6));
    for (VersionView& v : versions) {
      v.model = random.Below(3);
      v.present = !chance() || chance();
      v.settled = chance();
      v.content = random.Below(2);
      v.loaded = chance();
      v.loading = random.Below(8) == 0;
      v.broken = v.loaded && random.Below(4) == 0;
      v.busy = v.loaded && chance();
      v.loaded_content = random.Below(2);
      v.last_used = kNow - seconds(static_cast<int64_t>(random.Below(100)));
      v.bytes = random.Below(30);
      v.unloading = random.Below(8) == 0;
      v.leaving_bytes = v.unloading ? v.bytes : 0;
      if (chance()) v.failed_content = random.Below(2);
      v.retry_at = kNow + seconds(static_cast<int64_t>(random.Below(3)) - 1);
      v.desired = chance();
      v.asked = chance();
      v.stopped = random.Below(4) == 0;
      v.parked = chance();
      if (chance()) v.waiting_since = kNow - seconds(static_cast<int64_t>(random.Below(3)));
    }
    DecisionSettings settings{.eager = chance(), .memory_bytes = chance() ? 40u : 0u};
    if (chance()) settings.idle_unload = seconds(50);
    std::vector<int> touched(versions.size(), 0);
    int loads = 0;
    for (const Action& action : Decide(versions, settings, kNow)) {
      const VersionView& v = versions[action.version];
      touched[action.version] += action.kind != Action::Kind::kRefuse;
      EXPECT_LE(touched[action.version], 1);
      if (action.kind == Action::Kind::kLoad) {
        ++loads;
        EXPECT_TRUE(v.present && v.settled && !v.loading && !v.unloading);
        uint64_t used = v.bytes;
        for (const VersionView& one : versions) {
          EXPECT_FALSE(one.loading);
          used += (one.loaded ? one.bytes : 0) + one.leaving_bytes;
        }
        EXPECT_TRUE(settings.memory_bytes == 0 || used <= settings.memory_bytes);
      }
      if (action.kind == Action::Kind::kUnload) {
        EXPECT_TRUE(v.loaded);
        EXPECT_TRUE(!v.busy || !v.present || v.stopped);
      }
    }
    EXPECT_LE(loads, 1);
  }
}

// An adapter of version `base`.
VersionView Over(size_t base, VersionView view) {
  view.base = base;
  view.bytes = 4;
  return view;
}

TEST(Decision, OfAdapters) {
  struct Case {
    const char* what;
    std::vector<VersionView> versions;
    const char* decided;
    DecisionSettings settings = {};
  };
  const DecisionSettings lazy{.eager = false}, fourteen{.memory_bytes = 14};
  const auto leftover = [](auto& v) { v.content = 2; v.left_behind = true; };
  const Case cases[] = {
      {"its model first", {OnDisk(), Over(0, OnDisk())}, "load 0"},
      {"then the adapter", {Ready(), Over(0, OnDisk())}, "load 1"},
      {"and nothing by itself", {OnDisk(), Over(0, OnDisk())}, "", lazy},
      {"over what answers, also where models wait for requests", {Ready(), Over(0, OnDisk())}, "load 1", lazy},
      {"a request for it loads its model", {OnDisk(), Over(0, Waited())}, "load 0", lazy},
      {"a parked one, too", {With(OnDisk(), [](auto& v) { v.parked = true; }), Over(0, Waited())}, "load 0"},
      {"not one that was unloaded on request", {With(OnDisk(), [](auto& v) { v.stopped = v.parked = true; }), Over(0, Waited())}, ""},
      {"an operator's wish loads its model", {With(OnDisk(), [](auto& v) { v.parked = true; }), Over(0, With(OnDisk(), [](auto& v) { v.asked = true; }))}, "load 0", lazy},
      {"it is no longer asked for", {Ready(), Over(0, With(Ready(), [](auto& v) { v.present = false; }))}, "unload 1"},
      {"its model goes, and it with it", {With(Ready(), [](auto& v) { v.present = false; }), Over(0, Ready())}, "unload 0"},
      {"both fit", {Ready(), Over(0, OnDisk())}, "load 1", fourteen},
      {"no room that others have, unasked", {Ready(), Over(0, OnDisk()), Ready()}, "refuse 1", {.memory_bytes = 20}},
      {"room from another", {Ready(seconds(90)), Over(0, Waited()), Ready()}, "unload 2 parked", {.memory_bytes = 20}},
      {"a model makes room with its adapters", {Ready(), Over(0, Ready()), Waited()}, "unload 0 parked", fourteen},
      {"an adapter alone is enough", {Ready(), Over(0, Ready(seconds(90))), Over(0, Waited())}, "unload 1 parked", fourteen},
      {"a model whose adapter is busy stays", {Ready(), Over(0, With(Ready(), [](auto& v) { v.busy = true; })), Waited()}, "", fourteen},
      {"both are too large", {OnDisk(), Over(0, Waited())}, "refuse 1", {.eager = false, .memory_bytes = 13}},
      {"a model that is waited for by its adapter is not idle", {Ready(seconds(90)), Over(0, With(Waited(), [](auto& v) { v.unloading = true; }))}, "", {.idle_unload = seconds(60)}},
      {"a version that others have taken the place of goes", {With(Ready(), [](auto& v) { v.desired = false; }), Ready()}, "unload 0"},
      {"not one whose adapter an operator had loaded",
       {With(Ready(), [](auto& v) { v.desired = false; }), Ready(), With(Over(0, With(Ready(), [](auto& v) { v.asked = true; })), [](auto& v) { v.model = 1; })}, ""},
      {"it is bound to its model's new copy", {Ready(), Over(0, With(Ready(), leftover))}, "load 1"},
      {"and keeps no old one where there is no room", {With(Ready(), [](auto& v) { v.leaving_bytes = 10; }), Over(0, With(Ready(), leftover))}, "unload 1", {.memory_bytes = 25}},
      {"a pinned one is no part of it", {With(Ready(seconds(90)), [](auto& v) { v.pinned = true; v.content = 2; v.bytes = 99; })}, "load 0", {.memory_bytes = 13, .idle_unload = seconds(60)}},
  };
  for (const Case& c : cases) EXPECT_EQ(Decided(c.versions, c.settings), c.decided) << c.what;
}

}  // namespace
}  // namespace pano::repository
