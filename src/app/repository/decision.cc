#include "app/repository/decision.h"

#include <algorithm>
#include <numeric>

#include "base/process_limits.h"
#include "base/strings.h"

namespace pano::repository {
namespace {

// One pass over a snapshot. Confined to its thread.
class Decider {
 public:
  Decider(const std::vector<VersionView>& versions, const DecisionSettings& settings, TimePoint now)
      : versions_(versions), settings_(settings), now_(now), desired_(CountDesired()), leaving_(versions.size(), false),
        needed_(versions.size(), false), adapters_(versions.size()) {
    for (size_t i = 0; i < versions.size(); ++i) {
      if (versions[i].base) adapters_[*versions[i].base].push_back(i);
    }
  }

  std::vector<Action> Run() {
    for (size_t i = 0; i < versions_.size(); ++i) WantBaseOf(i);
    for (size_t i = 0; i < versions_.size(); ++i) UnloadIfOver(i);
    const bool loading = std::any_of(versions_.begin(), versions_.end(),
                                     [](const VersionView& v) { return v.loading; });
    for (size_t i : Candidates()) {
      if (loading) break;
      if (TryLoad(i)) break;
    }
    return std::move(actions_);
  }

 private:
  // Whether somebody other than the policy wants it now.
  static bool Requested(const VersionView& v) { return v.waiting_since || v.asked; }

  // Whoever waits for an adapter waits for what it changes, and that stays until the adapter is there.
  void WantBaseOf(size_t i) {
    const VersionView& v = versions_[i];
    if (!v.base || v.loaded || v.stopped || !v.present || !v.settled || !Requested(v)) return;
    VersionView& base = versions_[*v.base];
    if (const uint64_t limit = settings_.memory_bytes; limit > 0 && v.bytes + base.bytes > limit) {
      return Refuse(i, StrCat("it and the model that it changes take ", FormatBytes(v.bytes + base.bytes),
                              ", more than all models together may (--memory-budget ", FormatBytes(limit), ")"));
    }
    needed_[*v.base] = true;
    if (base.loaded || base.stopped) return;
    base.asked = base.asked || v.asked;
    base.parked = base.parked && !v.asked;
    if (v.waiting_since) base.waiting_since = std::min(base.waiting_since.value_or(TimePoint::max()), *v.waiting_since);
  }

  // With what is loaded over it.
  void Unload(size_t i, std::string reason, bool park = false) {
    leaving_[i] = true;
    for (size_t a : adapters_[i]) leaving_[a] = leaving_[a] || versions_[a].loaded;
    actions_.push_back({Action::Kind::kUnload, i, std::move(reason), park});
  }

  // Of each model: how many of its versions are desired, and how many of those answer.
  struct Desired {
    size_t count = 0;
    size_t ready = 0;
  };
  std::vector<Desired> CountDesired() const {
    std::vector<Desired> models;
    for (const VersionView& v : versions_) {
      if (models.size() <= v.model) models.resize(v.model + 1);
      models[v.model].count += v.desired;
      models[v.model].ready += v.desired && v.loaded;
    }
    return models;
  }
  bool SuccessorsReady(size_t model) const {
    return desired_[model].count > 0 && desired_[model].ready == desired_[model].count;
  }

  void UnloadIfOver(size_t i) {
    const VersionView& v = versions_[i];
    if (!v.loaded || v.loading || v.pinned || leaving_[i]) return;
    if (!v.present) return Unload(i, v.base ? "its model does not ask for it any more" : "its folder is gone");
    if (v.stopped) return Unload(i, "it was unloaded on request", /*park=*/true);
    if (v.waiting_since || needed_[i]) return;
    if (!v.desired && !AskedFor(i) && !v.busy && SuccessorsReady(v.model) && IdleFor(v) >= settings_.keep_superseded) {
      return Unload(i, "other versions of the model answer");
    }
    if (settings_.idle_unload > Duration::zero() && !v.busy && IdleFor(v) >= settings_.idle_unload) {
      return Unload(i, "nobody has used it for a while", /*park=*/true);
    }
  }

  // By an operator, or one of its adapters is.
  bool AskedFor(size_t i) const {
    return versions_[i].asked || std::any_of(adapters_[i].begin(), adapters_[i].end(),
                                             [&](size_t a) { return versions_[a].asked; });
  }
  bool InUseAlone(const VersionView& v) const { return v.busy || IdleFor(v) < settings_.keep_used; }
  bool InUse(size_t i) const {
    return InUseAlone(versions_[i]) || std::any_of(adapters_[i].begin(), adapters_[i].end(), [&](size_t a) {
             return versions_[a].loaded && InUseAlone(versions_[a]);
           });
  }
  Duration IdleFor(const VersionView& v) const { return now_ - v.last_used; }

  bool MayLoad(const VersionView& v) const {
    if (!v.present || !v.settled || v.unloading || v.loading) return false;
    if (v.base && (!versions_[*v.base].loaded || leaving_[*v.base])) return false;
    if (v.loaded && v.loaded_content == v.content && !v.broken) return false;
    return !v.failed_content || *v.failed_content != v.content || now_ >= v.retry_at;
  }

  // 0 the most urgent; 4: nobody wants it.
  int Urgency(const VersionView& v) const {
    if (v.waiting_since && !v.loaded) return 0;
    if (v.stopped) return 4;
    if (v.asked && !v.loaded && !v.parked) return 1;
    if (v.loaded) return 2;
    return (settings_.eager || v.base) && v.desired && !v.parked ? 3 : 4;
  }

  std::vector<size_t> Candidates() const {
    std::vector<size_t> order;
    for (size_t i = 0; i < versions_.size(); ++i) {
      if (!leaving_[i] && MayLoad(versions_[i]) && Urgency(versions_[i]) < 4) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      const int first = Urgency(versions_[a]), second = Urgency(versions_[b]);
      if (first != second) return first < second;
      return first == 0 && *versions_[a].waiting_since < *versions_[b].waiting_since;
    });
    return order;
  }

  // What versions take now, those that are on their way out included.
  uint64_t Used() const {
    uint64_t used = 0;
    for (const VersionView& v : versions_) {
      if (!v.pinned) used += (v.loaded ? v.bytes : 0) + (v.loading ? v.bytes : 0) + v.leaving_bytes;
    }
    return used;
  }
  uint64_t Leaving() const {
    uint64_t bytes = 0;
    for (size_t i = 0; i < versions_.size(); ++i) {
      if (versions_[i].pinned) continue;
      bytes += versions_[i].leaving_bytes + (leaving_[i] && versions_[i].loaded ? versions_[i].bytes : 0);
    }
    return bytes;
  }

  // Whether nothing less urgent is to be looked at after it: it loads, or room is made for it.
  bool TryLoad(size_t i) {
    const VersionView& v = versions_[i];
    if (settings_.memory_bytes == 0 || v.pinned) return Load(i);
    const uint64_t limit = settings_.memory_bytes;
    if (v.bytes > limit) {
      Refuse(i, StrCat("it takes ", FormatBytes(v.bytes), ", more than all models together may (--memory-budget ",
                       FormatBytes(limit), ")"));
      return false;
    }
    const uint64_t used = Used();
    if (used + v.bytes <= limit) return Load(i);
    if (v.left_behind) {
      Unload(i, "the old copy of its model makes room");
      return true;
    }
    if (used - Leaving() + v.bytes <= limit) return true;  // once those are gone
    if (v.loaded && v.broken && !v.busy) {  // it cannot answer: its own memory is of more use
      Unload(i, "its files have changed");
      return true;
    }
    if (!Requested(v)) {
      Refuse(i, StrCat(v.loaded ? "its new files wait: " : "", "there is no memory for it until others go, it takes ",
                       FormatBytes(v.bytes)));
      return false;
    }
    return MakeRoom(i, used - Leaving() + v.bytes - limit);
  }

  // Has the versions go that were used longest ago, until `bytes` are free.
  bool MakeRoom(size_t for_whom, uint64_t bytes) {
    std::vector<size_t> order(versions_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const std::optional<size_t> base = versions_[for_whom].base;
    std::erase_if(order, [&](size_t i) {
      const VersionView& v = versions_[i];
      return i == for_whom || (base && i == *base) || leaving_[i] || needed_[i] || !v.loaded || v.loading || v.pinned ||
             v.waiting_since;
    });
    uint64_t idle = 0, all = 0;
    for (size_t i : order) {
      all += versions_[i].bytes;
      if (!InUse(i)) idle += versions_[i].bytes;
    }
    if (idle < bytes) {
      if (all < bytes) Refuse(for_whom, "there is no memory for it while others are loaded");
      return true;  // those that are busy will not be for ever; what is less urgent takes nothing away
    }
    std::erase_if(order, [&](size_t i) { return InUse(i); });
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return versions_[a].last_used < versions_[b].last_used; });
    uint64_t freed = 0;
    for (size_t i : order) {
      if (freed >= bytes) break;
      if (leaving_[i]) continue;  // with what it is loaded over
      freed += versions_[i].bytes;
      for (size_t a : adapters_[i]) freed += versions_[a].loaded && !leaving_[a] ? versions_[a].bytes : 0;
      Unload(i, "others need its memory", /*park=*/true);
    }
    return true;
  }

  bool Load(size_t i) {
    actions_.push_back({Action::Kind::kLoad, i, "", false});
    return true;
  }
  void Refuse(size_t i, std::string reason) {
    actions_.push_back({Action::Kind::kRefuse, i, std::move(reason), false});
  }

  std::vector<VersionView> versions_;
  const DecisionSettings& settings_;
  const TimePoint now_;
  const std::vector<Desired> desired_;
  std::vector<bool> leaving_;
  std::vector<bool> needed_;  // by an adapter that is wanted and not loaded yet
  std::vector<std::vector<size_t>> adapters_;  // of each version
  std::vector<Action> actions_;
};

}  // namespace

std::vector<Action> Decide(const std::vector<VersionView>& versions, const DecisionSettings& settings,
                           TimePoint now) {
  return Decider(versions, settings, now).Run();
}

}  // namespace pano::repository
