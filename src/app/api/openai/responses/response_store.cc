#include "app/api/openai/responses/response_store.h"

#include <algorithm>
#include <utility>

#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

constexpr size_t kTurnBytes = 1024;  // of one turn beside its JSON

Status NoSuchResponse(std::string_view id) {
  return NotFound(StrCat("there is no response '", Printable(id), "' here")).WithReason("response_not_found");
}

Status NoSuchItem(std::string_view id) {
  return NotFound(StrCat("there is no item '", Printable(id), "' here")).WithReason("item_not_found");
}

// Calls `visit` with the id of each item of the response's output.
template <typename Visit>
void ForEachItem(const StoredResponse& response, Visit visit) {
  const json::Value* output = response.response.Find("output");
  if (!output || !output->is_array()) return;
  for (const json::Value& item : output->as_array()) {
    const json::Value* id = item.Find("id");
    if (id && id->is_string()) visit(id->as_string(), item);
  }
}

}  // namespace

StoredResponse::~StoredResponse() {
  if (owner_live_) *owner_live_ -= bytes_;
  if (all_live_) *all_live_ -= bytes_;
  // One by one: a talk may have tens of thousands of turns, each in the destructor of the one after it.
  std::shared_ptr<const StoredResponse> last = std::move(previous);
  while (last && last.use_count() == 1) last = std::move(last->previous);
}

size_t HeldBytes(const json::Value& value) {
  size_t bytes = sizeof(json::Value);
  if (value.is_string()) bytes += value.as_string().size();
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) bytes += HeldBytes(item);
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) bytes += sizeof(name) + name.size() + HeldBytes(member);
  }
  return bytes;
}

ResponseStore::ResponseStore(Options options) : options_(options) {}

Status ResponseStore::CheckRoom(const StoredResponse* previous, size_t more_bytes) const {
  const size_t most = std::min(options_.owner_bytes_max, options_.bytes_max);
  const size_t bytes = kTurnBytes + more_bytes + (previous ? previous->talk_bytes_ : 0);
  if (bytes <= most) return {};
  return BadField("store", StrCat("the talk holds ", bytes, " bytes, and one that is kept may hold ", most,
                                  ": send \"store\": false, and what was said so far as 'input'"))
      .WithReason("response_too_large");
}

void ResponseStore::Remove(Owner& owner, std::list<Entry>::iterator entry, Removed& removed) {
  owner.by_id.erase(entry->response->id);
  ForEachItem(*entry->response, [&](const std::string& id, const json::Value&) { owner.by_item.erase(id); });
  removed.push_back(std::move(entry->response));
  owner.entries.erase(entry);
}

void ResponseStore::Expire(TimePoint now, Removed& removed) {
  for (auto owner = owners_.begin(); owner != owners_.end();) {
    std::list<Entry>& entries = owner->second.entries;
    while (!entries.empty() && entries.front().expires <= now) Remove(owner->second, entries.begin(), removed);
    owner = entries.empty() ? owners_.erase(owner) : std::next(owner);
  }
}

// Taken out turns count until they end, and they end at once here where no later turn needs them.
void ResponseStore::MakeRoom(Owner& owner, Removed& removed) {
  auto drop_oldest = [&](Owner& from) PANO_REQUIRES(mu_) {
    Remove(from, from.entries.begin(), removed);
    removed.clear();
  };
  while (*owner.live > options_.owner_bytes_max && owner.entries.size() > 1) drop_oldest(owner);
  while (*live_ > options_.bytes_max) {
    auto most = std::max_element(owners_.begin(), owners_.end(), [](const auto& a, const auto& b) {
      return *a.second.live < *b.second.live;
    });
    Owner& from = most->second;
    if (from.entries.empty() || (&from == &owner && from.entries.size() == 1)) return;
    drop_oldest(from);
    if (from.entries.empty()) owners_.erase(most);
  }
}

void ResponseStore::Put(const std::string& owner, std::shared_ptr<StoredResponse> response, TimePoint now,
                        Duration retention) {
  response->bytes_ = kTurnBytes + HeldBytes(response->response) + HeldBytes(response->input_items) +
                     HeldBytes(response->messages);
  response->talk_bytes_ = response->bytes_ + (response->previous ? response->previous->talk_bytes_ : 0);
  Removed removed;
  MutexLock lock(mu_);
  Expire(now, removed);
  Owner& kept = owners_[owner];
  response->owner_live_ = kept.live;
  response->all_live_ = live_;
  *kept.live += response->bytes_;
  *live_ += response->bytes_;
  std::string id = response->id;
  kept.entries.push_back({std::move(response), now + retention});
  const auto entry = std::prev(kept.entries.end());
  kept.by_id[std::move(id)] = entry;
  ForEachItem(*entry->response, [&](const std::string& item, const json::Value&) { kept.by_item[item] = entry; });
  MakeRoom(kept, removed);
}

Result<std::shared_ptr<const StoredResponse>> ResponseStore::Find(std::string_view owner, std::string_view id,
                                                                  TimePoint now) {
  MutexLock lock(mu_);
  auto kept = owners_.find(owner);
  if (kept == owners_.end()) return NoSuchResponse(id);
  auto found = kept->second.by_id.find(id);
  if (found == kept->second.by_id.end() || found->second->expires <= now) return NoSuchResponse(id);
  return found->second->response;
}

Result<json::Value> ResponseStore::FindItem(std::string_view owner, std::string_view item_id, TimePoint now) {
  std::shared_ptr<const StoredResponse> response;
  {
    MutexLock lock(mu_);
    auto kept = owners_.find(owner);
    if (kept == owners_.end()) return NoSuchItem(item_id);
    auto found = kept->second.by_item.find(item_id);
    if (found == kept->second.by_item.end() || found->second->expires <= now) return NoSuchItem(item_id);
    response = found->second->response;
  }
  const json::Value* found = nullptr;
  ForEachItem(*response, [&](const std::string& id, const json::Value& item) {
    if (id == item_id) found = &item;
  });
  return found ? Result<json::Value>(*found) : NoSuchItem(item_id);
}

Status ResponseStore::Delete(std::string_view owner, std::string_view id, TimePoint now) {
  Removed removed;
  MutexLock lock(mu_);
  auto kept = owners_.find(owner);
  if (kept == owners_.end()) return NoSuchResponse(id);
  auto found = kept->second.by_id.find(id);
  if (found == kept->second.by_id.end()) return NoSuchResponse(id);
  const bool over = found->second->expires <= now;
  Remove(kept->second, found->second, removed);
  if (kept->second.entries.empty()) owners_.erase(kept);
  return over ? NoSuchResponse(id) : Status();
}

size_t ResponseStore::bytes() const { return *live_; }

size_t ResponseStore::count() const {
  MutexLock lock(mu_);
  size_t count = 0;
  for (const auto& [name, owner] : owners_) count += owner.entries.size();
  return count;
}

}  // namespace pano::api::openai
