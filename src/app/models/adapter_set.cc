#include "app/models/adapter_set.h"

#include <algorithm>
#include <utility>

#include "base/env.h"
#include "base/log.h"
#include "base/process_limits.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/adapter_config.h"

namespace pano::models {
namespace {

bool Same(const std::weak_ptr<const ModelVersion>& a, const std::weak_ptr<const ModelVersion>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

std::string KeyOf(const AdapterSource& source, const ModelVersion& base) {
  return StrCat(base.FullName(), ' ', source.id, ' ', source.path);
}

// Of both files together; one that is absent has none.
uint64_t BytesOf(const std::string& folder) {
  uint64_t sum = 0;
  for (std::string_view name : {adapter::kConfigFile, adapter::kWeightsFile}) {
    const Result<FileInfo> info = Env::Real().Stat(JoinPath(folder, std::string(name)));
    if (info.ok()) sum += info->bytes;
  }
  return sum;
}

}  // namespace

// Whether a model of which `is` holds has an adapter of this id.
template <typename Predicate>
bool AdapterSet::Wants(const WantedMap& wanted, const std::string& id, const Predicate& is) {
  return std::ranges::any_of(wanted, [&](const auto& entry) {
    const ModelVersionPtr base = entry.second.base.lock();
    return base && is(base) &&
           std::ranges::any_of(entry.second.adapters,
                               [&](const AdapterSource& source) { return source.id == id; });
  });
}

AdapterSet::AdapterSet(ModelHost& host, const MemoryBudget* memory,
                       std::chrono::milliseconds retry_every)
    : host_(host), memory_(memory), retry_every_(retry_every) {
  thread_ = StartThread("pano-adapters", [this](const std::stop_token&) { Run(); });
}

AdapterSet::~AdapterSet() {
  MutexLock lock(mu_);
  stopping_ = true;
  changed_.NotifyAll();
}

void AdapterSet::Want(const ModelVersionPtr& base, std::vector<AdapterSource> adapters) {
  MutexLock lock(mu_);
  wanted_[base->FullName()] = {base, std::move(adapters)};
  ++asked_;
  changed_.NotifyAll();
}

void AdapterSet::Retire(const ModelVersionPtr& base) {
  MutexLock lock(mu_);
  const auto it = wanted_.find(base->FullName());
  if (it == wanted_.end() || !Same(it->second.base, base)) return;
  wanted_.erase(it);
  ++asked_;
  changed_.NotifyAll();
}

void AdapterSet::WaitUntilDone() {
  MutexLock lock(mu_);
  const uint64_t asked = asked_;
  while (done_ < asked) changed_.Wait(mu_);
}

void AdapterSet::Run() {
  while (true) {
    WantedMap wanted;
    uint64_t asked = 0;
    {
      MutexLock lock(mu_);
      bool retry = false;
      while (done_ == asked_ && !stopping_ && !retry) {
        if (failed_.empty()) {
          changed_.Wait(mu_);
        } else {
          retry = !changed_.WaitUntil(mu_, std::chrono::steady_clock::now() + retry_every_);
        }
      }
      if (stopping_) return;
      wanted = wanted_;
      asked = asked_;
    }
    Reconcile(wanted);
    MutexLock lock(mu_);
    done_ = asked;
    changed_.NotifyAll();
  }
}

// Whether the host still serves under this name what was loaded for it: a folder's model takes the name of an adapter.
bool AdapterSet::IsOurs(const std::string& id, const std::string& version, const Served& served) const {
  const Result<ModelVersionPtr> found = host_.Find(id, version);
  return found.ok() && *found == served.version.lock();
}

void AdapterSet::Reconcile(const WantedMap& wanted) {
  // What nobody wants any more goes first: another base may have the same adapter now.
  for (auto it = served_.begin(); it != served_.end();) {
    const auto& [id, version] = it->first;
    if (Wants(wanted, id, [&, &v = version](const ModelVersionPtr& base) { return base->version == v; })) {
      ++it;
      continue;
    }
    if (IsOurs(id, version, it->second)) {
      (void)host_.Remove({id, version});
      LogInfo("[models] adapter ", id, "@", version, " takes no more requests");
    }
    it = served_.erase(it);
  }
  std::map<std::string, Failure> failed_before = std::exchange(failed_, {});
  for (const auto& [name, one] : wanted) {
    for (const AdapterSource& source : one.adapters) {
      const ModelVersionPtr base = one.base.lock();
      if (!base) break;
      const auto served = served_.find({source.id, base->version});
      const bool there = served != served_.end() && Same(served->second.base, one.base) &&
                         served->second.path == source.path &&
                         IsOurs(source.id, base->version, served->second);
      if (there) continue;
      const auto before = failed_before.find(KeyOf(source, *base));
      TryOne(source, base, wanted, before == failed_before.end() ? nullptr : &before->second);
    }
  }
}

// Reports a failure once. One that came of reading the files waits until these have other sizes.
void AdapterSet::TryOne(const AdapterSource& source, const ModelVersionPtr& base,
                        const WantedMap& wanted, const Failure* before) {
  const uint64_t bytes = BytesOf(source.path);
  if (before && before->bytes == bytes && !before->cheap) {
    failed_.emplace(KeyOf(source, *base), *before);
    return;
  }
  const Status status = LoadOne(source, base, wanted);
  if (status.ok()) return;
  if (!before || before->message != status.message()) {
    LogError("[models] adapter ", source.id, " of ", base->FullName(), " is not loaded: ",
             status.message(),
             served_.contains({source.id, base->version}) ? "; what its name means goes on" : "");
  }
  const bool cheap = status.code() == StatusCode::kExhausted || status.code() == StatusCode::kAlreadyExists;
  failed_.emplace(KeyOf(source, *base), Failure{status.message(), bytes, cheap});
}

Status AdapterSet::LoadOne(const AdapterSource& source, const ModelVersionPtr& base,
                           const WantedMap& wanted) {
  const std::pair<std::string, std::string> key{source.id, base->version};
  const auto served = served_.find(key);
  const bool ours = served != served_.end() && IsOurs(source.id, base->version, served->second);
  const ModelVersionPtr other = ours ? served->second.base.lock() : nullptr;
  if (other && other != base && Wants(wanted, source.id, [&](const auto& one) { return one == other; })) {
    return Status(StatusCode::kAlreadyExists,
                  StrCat("'", source.id, "@", base->version, "' is an adapter of another model"));
  }
  // The base itself may not be there yet.
  if (source.id == base->id || (!ours && host_.Find(source.id, base->version).ok())) {
    return Status(StatusCode::kAlreadyExists,
                  StrCat("'", source.id, "@", base->version, "' is served already"));
  }
  PANO_ASSIGN_OR_RETURN(const ModelVersionPtr loaded, LoadAdapterVersion(source, base, memory_));
  if (ours) {
    (void)host_.Put(loaded);
  } else {
    PANO_RETURN_IF_ERROR(host_.Add(loaded));
  }
  served_[key] = {base, source.path, loaded};
  LogInfo("[models] adapter ", source.id, " of ", base->FullName(), ": ", source.path, ", ",
          FormatBytes(loaded->weight_bytes));
  return {};
}

}  // namespace pano::models
