#include "base/testing/memory_env.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "base/errno_status.h"
#include "base/strings.h"

namespace pano {

// A file or a folder: as it is seen now, and as the disk has it.
struct MemoryEnv::Node {
  using Entries = std::map<std::string, NodePtr>;
  bool is_folder = false;
  std::string data, durable_data;
  Entries entries, durable_entries;
};

// One step that changes names: in each folder, `name` then stands for `node` (null: for nothing).
struct MemoryEnv::Change {
  struct Entry {
    NodePtr folder;
    std::string name;
    NodePtr node;
  };
  std::vector<Entry> entries;

  bool Touches(const NodePtr& folder) const {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const Entry& entry) { return entry.folder == folder; });
  }
  void Apply(Node::Entries Node::* of) const {
    for (const Entry& entry : entries) {
      Node::Entries& names = *entry.folder.*of;
      if (entry.node) {
        names[entry.name] = entry.node;
      } else {
        names.erase(entry.name);
      }
    }
  }
};

struct MemoryEnv::Place {
  NodePtr folder;    // null for the root
  std::string name;
  NodePtr node;      // null when nothing stands there
};

class MemoryEnv::OpenFile final : public File {
 public:
  OpenFile(MemoryEnv& env, NodePtr node, bool writes)
      : env_(env), node_(std::move(node)), writes_(writes) {}

  Result<size_t> ReadSome(std::span<std::byte> buffer) override {
    MutexLock lock(env_.mu_);
    if (node_->is_folder) return ErrnoStatus(EISDIR);
    if (writes_ || closed_) return ErrnoStatus(EBADF);
    const size_t left = node_->data.size() - std::min(position_, node_->data.size());
    const size_t n = std::min(left, buffer.size());
    if (n > 0) std::memcpy(buffer.data(), node_->data.data() + position_, n);
    position_ += n;
    return n;
  }

  // A file is written by one writer, from its end.
  Result<size_t> WriteSome(std::span<const std::byte> bytes) override {
    MutexLock lock(env_.mu_);
    if (!writes_ || closed_) return ErrnoStatus(EBADF);
    size_t n = bytes.size();
    if (env_.capacity_) {
      const uint64_t used = env_.BytesUsed();
      n = std::min<uint64_t>(n, *env_.capacity_ - std::min(used, *env_.capacity_));
      if (n == 0 && !bytes.empty()) return ErrnoStatus(ENOSPC);
    }
    node_->data.append(reinterpret_cast<const char*>(bytes.data()), n);
    return n;
  }

  Status Sync() override {
    MutexLock lock(env_.mu_);
    if (closed_) return ErrnoStatus(EBADF);
    node_->durable_data = node_->data;
    return {};
  }

  Status Close() override {
    closed_ = true;
    return {};
  }

 private:
  MemoryEnv& env_;
  const NodePtr node_;
  const bool writes_;
  bool closed_ = false;
  size_t position_ = 0;
};

MemoryEnv::MemoryEnv() : root_(std::make_shared<Node>()) { root_->is_folder = true; }
MemoryEnv::~MemoryEnv() = default;

Result<MemoryEnv::Place> MemoryEnv::Find(const std::string& path) const {
  Place place{nullptr, "", root_};
  for (std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (!place.node) return ErrnoStatus(ENOENT);
    if (!place.node->is_folder) return ErrnoStatus(ENOTDIR);
    place.folder = place.node;
    place.name = part;
    const auto found = place.folder->entries.find(place.name);
    place.node = found == place.folder->entries.end() ? nullptr : found->second;
  }
  return place;
}

void MemoryEnv::Make(Change change) {
  change.Apply(&Node::entries);
  unsynced_.push_back(std::move(change));
}

uint64_t MemoryEnv::BytesUsed() const {
  const std::function<uint64_t(const Node&)> count = [&](const Node& node) -> uint64_t {
    uint64_t bytes = node.data.size();
    for (const auto& [name, child] : node.entries) bytes += count(*child);
    return bytes;
  };
  return count(*root_);
}

Result<std::unique_ptr<File>> MemoryEnv::Open(const std::string& path, OpenMode mode) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Place place, Find(path));
  const bool writes = mode != OpenMode::kRead;
  if (!place.node && !writes) return ErrnoStatus(ENOENT);
  if (place.node && place.node->is_folder && writes) return ErrnoStatus(EISDIR);
  if (!place.node) {
    place.node = std::make_shared<Node>();
    Make({{{place.folder, place.name, place.node}}});
  }
  if (mode == OpenMode::kWrite) place.node->data.clear();
  return std::make_unique<OpenFile>(*this, place.node, writes);
}

Status MemoryEnv::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place source, Find(from));
  PANO_ASSIGN_OR_RETURN(const Place target, Find(to));
  if (!source.node) return ErrnoStatus(ENOENT);
  if (!source.folder || !target.folder) return ErrnoStatus(EBUSY);
  if (source.node == target.node) return {};
  if (target.node) {
    if (source.node->is_folder && !target.node->is_folder) return ErrnoStatus(ENOTDIR);
    if (!source.node->is_folder && target.node->is_folder) return ErrnoStatus(EISDIR);
    if (!target.node->entries.empty()) return ErrnoStatus(ENOTEMPTY);
  }
  Make({{{source.folder, source.name, nullptr}, {target.folder, target.name, source.node}}});
  return {};
}

Status MemoryEnv::Exchange(const std::string& a, const std::string& b) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place one, Find(a));
  PANO_ASSIGN_OR_RETURN(const Place other, Find(b));
  if (!one.node || !other.node) return ErrnoStatus(ENOENT);
  if (!one.folder || !other.folder) return ErrnoStatus(EBUSY);
  Make({{{one.folder, one.name, other.node}, {other.folder, other.name, one.node}}});
  return {};
}

Status MemoryEnv::Remove(const std::string& path) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (!place.node) return ErrnoStatus(ENOENT);
  if (!place.folder) return ErrnoStatus(EBUSY);
  if (!place.node->entries.empty()) return ErrnoStatus(ENOTEMPTY);
  Make({{{place.folder, place.name, nullptr}}});
  return {};
}

Status MemoryEnv::RemoveTree(const std::string& path) {
  MutexLock lock(mu_);
  const auto place = Find(path);
  if (!place.ok() || !place->node) return {};
  if (!place->folder) return ErrnoStatus(EBUSY);
  Empty(place->node);
  Make({{{place->folder, place->name, nullptr}}});
  return {};
}

// Leaves first, as a real one does: a crash in between leaves a part.
void MemoryEnv::Empty(const NodePtr& folder) {
  const Node::Entries entries = folder->entries;
  for (const auto& [name, child] : entries) {
    Empty(child);
    Make({{{folder, name, nullptr}}});
  }
}

Status MemoryEnv::MakeFolder(const std::string& path) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (place.node) return ErrnoStatus(EEXIST);
  auto folder = std::make_shared<Node>();
  folder->is_folder = true;
  Make({{{place.folder, place.name, std::move(folder)}}});
  return {};
}

Status MemoryEnv::SyncFolder(const std::string& path) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (!place.node) return ErrnoStatus(ENOENT);
  if (!place.node->is_folder) return ErrnoStatus(ENOTDIR);
  std::erase_if(unsynced_, [&](const Change& change) {
    if (!change.Touches(place.node)) return false;
    change.Apply(&Node::durable_entries);
    return true;
  });
  return {};
}

void MemoryEnv::Crash(Random* random) {
  MutexLock lock(mu_);
  const size_t kept = random ? random->Below(unsynced_.size() + 1) : 0;
  for (size_t i = 0; i < kept; ++i) unsynced_[i].Apply(&Node::durable_entries);
  unsynced_.clear();
  SettleData(root_, random);
}

void MemoryEnv::SettleData(const NodePtr& node, Random* random) {
  std::string data = node->durable_data;
  if (random && node->data != data) {
    const uint64_t choice = random->Below(3);
    if (choice == 1) data = node->data.substr(0, random->Below(node->data.size() + 1));
    if (choice == 2) data = node->data;
  }
  node->data = node->durable_data = std::move(data);
  node->entries = node->durable_entries;
  for (const auto& [name, child] : node->entries) SettleData(child, random);
}

void MemoryEnv::SetCapacity(std::optional<uint64_t> bytes) {
  MutexLock lock(mu_);
  capacity_ = bytes;
}

void MemoryEnv::SetVariable(const std::string& name, std::string value) {
  MutexLock lock(mu_);
  variables_[name] = std::move(value);
}

Result<FileInfo> MemoryEnv::Stat(const std::string& path) const {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (!place.node) return ErrnoStatus(ENOENT);
  if (place.node->is_folder) return FileInfo{FileInfo::Kind::kFolder, 0};
  return FileInfo{FileInfo::Kind::kFile, place.node->data.size()};
}

Result<std::vector<std::string>> MemoryEnv::List(const std::string& path) const {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (!place.node) return ErrnoStatus(ENOENT);
  if (!place.node->is_folder) return ErrnoStatus(ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, child] : place.node->entries) names.push_back(name);
  return names;
}

Result<uint64_t> MemoryEnv::SpaceLeft(const std::string& path) const {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const Place place, Find(path));
  if (!place.node) return ErrnoStatus(ENOENT);
  if (!capacity_) return uint64_t{1} << 60;
  return *capacity_ - std::min(BytesUsed(), *capacity_);
}

std::string MemoryEnv::Variable(const std::string& name) const {
  MutexLock lock(mu_);
  const auto found = variables_.find(name);
  return found == variables_.end() ? "" : found->second;
}

}  // namespace pano
