#include "data/version/chunked/chunk_store.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/abandoned_files.h"
#include "base/digest/digest.h"
#include "base/mapped_file.h"
#include "base/path_exists.h"
#include "base/random.h"
#include "base/strings.h"
#include "data/version/chunked/chunk_pack.h"
#include "data/version/chunked/fast_cdc.h"

namespace pano::chunked {
namespace {

constexpr size_t kManifestBytesMax = 64u << 20;
constexpr size_t kPacksWithoutPrevious = 64;   // that are looked into where nothing says which
constexpr size_t kKnownChunksMax = 4'000'000;  // then no further pack is looked into
constexpr size_t kReadBytes = 4u << 20;

// A chunk that a pack has. A value.
struct Place {
  uint32_t pack = 0;
  uint64_t offset = 0;
  uint32_t bytes = 0;
};

std::string Raw(const std::string& hex) {
  std::string raw;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i < hex.size(); i += 2)
    raw += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return raw;
}

// Cuts a file and sorts its chunks into those that are known and those that go into a new pack.
// Confined to one call.
class Cutter {
 public:
  Cutter(CutRule rule, PackWriter& writer, std::unordered_map<std::string, Place>& known,
         uint32_t new_pack)
      : rule_(rule), writer_(writer), known_(known), new_pack_(new_pack) {}

  // `last`: nothing follows. Keeps what may still grow.
  Status Take(std::span<const std::byte> piece, bool last) {
    whole_.Update(piece);
    pending_.insert(pending_.end(), piece.begin(), piece.end());
    size_t at = 0;
    while (at < pending_.size() && (last || pending_.size() - at > rule_.most())) {
      const auto rest = std::span<const std::byte>(pending_).subspan(at);
      const size_t size = FirstChunk(rest, rule_);
      PANO_RETURN_IF_ERROR(Chunk(rest.first(size)));
      at += size;
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(at));
    return {};
  }

  std::string Md5() { return whole_.Hex(); }
  std::vector<Run> runs;
  uint64_t bytes = 0, chunks = 0, new_chunks = 0;

 private:
  Status Chunk(std::span<const std::byte> chunk) {
    Digest digest(Digest::kSha256);
    digest.Update(chunk);
    const std::string sha256 = Raw(digest.Hex());
    auto found = known_.find(sha256);
    if (found == known_.end() || found->second.bytes != chunk.size()) {
      PANO_ASSIGN_OR_RETURN(const uint64_t offset, writer_.Append(chunk, sha256));
      found = known_
                  .insert_or_assign(sha256,
                                    Place{new_pack_, offset, static_cast<uint32_t>(chunk.size())})
                  .first;
      ++new_chunks;
    }
    ++chunks;
    bytes += chunk.size();
    const Place& place = found->second;
    if (!runs.empty() && runs.back().pack == place.pack &&
        runs.back().offset + runs.back().bytes == place.offset) {
      runs.back().bytes += place.bytes;
    } else {
      runs.push_back({place.pack, place.offset, place.bytes});
    }
    return {};
  }

  const CutRule rule_;
  PackWriter& writer_;
  std::unordered_map<std::string, Place>& known_;
  const uint32_t new_pack_;
  std::vector<std::byte> pending_;
  Digest whole_{Digest::kMd5};
};

}  // namespace

std::string ChunkStore::PackPath(const std::string& name) const {
  return StrCat(folder_, "/packs/", name.substr(0, 2), "/", name.substr(2));
}
std::string ChunkStore::ManifestPath(const std::string& md5) const {
  return StrCat(folder_, "/manifests/", md5.substr(0, 2), "/", md5.substr(2));
}

Status ChunkStore::MakeFolders(const std::string& folder) const {
  Status made = env_.MakeFolder(folder);
  if (made.code() == StatusCode::kNotFound && FolderName(folder) != folder) {
    PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(folder))));
    made = env_.MakeFolder(folder);
  }
  return made.code() == StatusCode::kAlreadyExists
             ? OkStatus()
             : made.Wrap(StrCat("cannot make the folder ", folder));
}

Result<std::vector<std::string>> ChunkStore::NamesBelow(const std::string& folder) const {
  std::vector<std::string> names;
  const Result<std::vector<std::string>> prefixes = env_.List(JoinPath(folder_, folder));
  if (!prefixes.ok()) {
    if (prefixes.error().code() == StatusCode::kNotFound) return names;
    return prefixes.error().Wrap(StrCat("cannot read ", JoinPath(folder_, folder)));
  }
  for (const std::string& prefix : *prefixes) {
    if (prefix.size() != 2) continue;
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> rests,
                          env_.List(StrCat(folder_, "/", folder, "/", prefix)));
    for (const std::string& rest : rests) {
      if (rest.find('.') == std::string::npos) names.push_back(prefix + rest);
    }
  }
  return names;
}

Result<std::vector<std::string>> ChunkStore::CandidatePacks(const std::string& previous,
                                                            CutRule* rule) const {
  if (!previous.empty()) {
    Result<Manifest> manifest = Load(previous);
    if (manifest.ok()) {
      *rule = manifest->rule;
      return std::move(manifest->packs);
    }
    // Without the version before it the rest of the store may still share something.
  }
  PANO_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesBelow("packs"));
  std::erase_if(names, [](const std::string& name) { return !IsPackName(name); });
  if (names.size() > kPacksWithoutPrevious) names.resize(kPacksWithoutPrevious);
  return names;
}

Result<Stored> ChunkStore::Put(const std::string& path, const std::string& previous) {
  PANO_ASSIGN_OR_RETURN(const FileInfo info,
                        env_.Stat(path).Wrap(StrCat("cannot read ", Printable(path, 300))));
  if (info.kind != FileInfo::Kind::kFile)
    return InvalidArgument(
        StrCat(Printable(path, 300), " is no file: chunks are for single files"));
  Manifest manifest;
  manifest.rule = RuleFor(info.bytes);
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> candidates,
                        CandidatePacks(previous, &manifest.rule));
  std::unordered_map<std::string, Place> known;
  for (const std::string& name : candidates) {
    if (known.size() >= kKnownChunksMax) break;
    const Result<Pack> pack = Pack::Open(PackPath(name), name);
    if (!pack.ok()) continue;  // what is broken is not built upon
    const auto index = static_cast<uint32_t>(manifest.packs.size());
    manifest.packs.push_back(name);
    for (const PackedChunk& chunk : pack->chunks())
      known.try_emplace(chunk.sha256, Place{index, chunk.offset, chunk.bytes});
  }
  const std::string unfinished = JoinPath(folder_, "tmp/pack");
  PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(unfinished))));
  if (&env_ == &Env::Real()) RemoveAbandoned(unfinished);
  const std::string temporary = StrCat(unfinished, ".tmp-", RandomHex(8));
  PackWriter writer(temporary, env_);
  Cutter cutter(manifest.rule, writer, known, static_cast<uint32_t>(manifest.packs.size()));
  const auto cut = [&]() -> Status {
    PANO_ASSIGN_OR_RETURN(
        const std::unique_ptr<File> file,
        env_.Open(path, Env::OpenMode::kRead).Wrap(StrCat("cannot read ", Printable(path, 300))));
    std::vector<std::byte> buffer(kReadBytes);
    while (true) {
      const Result<size_t> count = file->ReadSome(buffer);
      if (!count.ok()) return count.error().Wrap(StrCat("cannot read ", Printable(path, 300)));
      PANO_RETURN_IF_ERROR(cutter.Take(std::span(buffer).first(*count), *count == 0));
      if (*count == 0) return {};
    }
  };
  Status status = cut();
  Stored stored;
  if (status.ok() && !writer.empty()) {
    Result<std::string> name = writer.Finish();
    if (name.ok()) {
      status = MakeFolders(std::string(FolderName(PackPath(*name))));
      if (status.ok()) status = env_.Rename(temporary, PackPath(*name)).Wrap("cannot name a pack");
      stored.added_bytes = writer.bytes();
      manifest.packs.push_back(*std::move(name));
    } else {
      status = name.error();
    }
  }
  if (!status.ok()) {
    (void)env_.Remove(temporary);  // a leftover is never read
    return status;
  }
  manifest.md5 = cutter.Md5();
  manifest.bytes = cutter.bytes;
  manifest.runs = std::move(cutter.runs);
  // Packs that give nothing are not named.
  std::vector<int64_t> renumbered(manifest.packs.size(), -1);
  std::vector<std::string> used;
  for (Run& run : manifest.runs) {
    if (renumbered[run.pack] < 0) {
      renumbered[run.pack] = static_cast<int64_t>(used.size());
      used.push_back(manifest.packs[run.pack]);
    }
    run.pack = static_cast<uint32_t>(renumbered[run.pack]);
  }
  manifest.packs = std::move(used);
  const std::string text = manifest.Text();
  PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(ManifestPath(manifest.md5)))));
  PANO_RETURN_IF_ERROR(WriteFile(ManifestPath(manifest.md5), text, env_));
  stored.md5 = manifest.md5;
  stored.bytes = manifest.bytes;
  stored.added_bytes += text.size();
  stored.chunks = cutter.chunks;
  stored.new_chunks = cutter.new_chunks;
  return stored;
}

Result<bool> ChunkStore::Has(const std::string& md5) const {
  return Exists(ManifestPath(md5), env_);
}

Result<Manifest> ChunkStore::Load(const std::string& md5) const {
  if (md5.size() != 32 || md5.find_first_not_of("0123456789abcdef") != std::string::npos)
    return InvalidArgument(StrCat("'", Printable(md5), "' is no MD5"));
  PANO_ASSIGN_OR_RETURN(const std::string text,
                        ReadFile(ManifestPath(md5), kManifestBytesMax, env_));
  Result<Manifest> manifest = ParseManifest(text);
  if (!manifest.ok()) return manifest.error().Wrap(ManifestPath(md5));
  if (manifest->md5 != md5)
    return Corruption(StrCat(ManifestPath(md5), ": is of the version ", manifest->md5));
  return manifest;
}

Status ChunkStore::Read(const std::string& md5, const OnBytes& on_bytes) const {
  PANO_ASSIGN_OR_RETURN(const Manifest manifest, Load(md5));
  std::vector<Pack> packs;
  for (const std::string& name : manifest.packs) {
    Result<Pack> pack = Pack::Open(PackPath(name), name);
    if (!pack.ok()) return pack.error().Wrap(StrCat("version ", md5));
    packs.push_back(*std::move(pack));
  }
  Digest digest(Digest::kMd5);
  for (const Run& run : manifest.runs) {
    for (uint64_t done = 0; done < run.bytes;) {
      const uint64_t count = std::min<uint64_t>(kReadBytes, run.bytes - done);
      PANO_ASSIGN_OR_RETURN(const std::span<const std::byte> data,
                            packs[run.pack].Data(run.offset + done, count));
      digest.Update(data);
      PANO_RETURN_IF_ERROR(on_bytes(data));
      done += count;
    }
  }
  if (digest.Hex() == md5) return {};
  for (size_t i = 0; i < packs.size(); ++i) {
    PANO_RETURN_IF_ERROR(
        packs[i].Check().Wrap(StrCat("version ", md5, ": pack ", manifest.packs[i])));
  }
  return Corruption(
      StrCat("version ", md5, ": its chunks are sound, but do not make this version"));
}

Result<std::vector<std::string>> ChunkStore::FilesOf(const std::string& md5) const {
  PANO_ASSIGN_OR_RETURN(const Manifest manifest, Load(md5));
  std::vector<std::string> files;
  for (const std::string& name : manifest.packs)
    files.push_back(StrCat("packs/", name.substr(0, 2), "/", name.substr(2)));
  files.push_back(StrCat("manifests/", md5.substr(0, 2), "/", md5.substr(2)));
  return files;
}

Result<std::vector<std::string>> ChunkStore::Versions() const { return NamesBelow("manifests"); }

Result<uint64_t> ChunkStore::Collect(const std::function<bool(const std::string& md5)>& keep) {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> versions, Versions());
  std::set<std::string> needed;
  std::vector<std::string> drop;
  for (const std::string& md5 : versions) {
    if (!keep(md5)) {
      drop.push_back(ManifestPath(md5));
      continue;
    }
    // A version that is to stay and cannot be read: nothing is removed before that is mended.
    PANO_ASSIGN_OR_RETURN(const Manifest manifest, Load(md5));
    needed.insert(manifest.packs.begin(), manifest.packs.end());
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> packs, NamesBelow("packs"));
  for (const std::string& name : packs) {
    if (!needed.contains(name)) drop.push_back(PackPath(name));
  }
  uint64_t freed = 0;
  for (const std::string& path : drop) {
    if (const Result<FileInfo> info = env_.Stat(path); info.ok()) freed += info->bytes;
    PANO_RETURN_IF_ERROR(env_.Remove(path).Wrap(StrCat("cannot remove ", path)));
  }
  return freed;
}

Result<std::vector<std::string>> ChunkStore::Verify() const {
  std::vector<std::string> broken;
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> packs, NamesBelow("packs"));
  for (const std::string& name : packs) {
    const Result<Pack> pack = Pack::Open(PackPath(name), name);
    if (!pack.ok() || !pack->Check().ok()) broken.push_back(name);
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> versions, Versions());
  for (const std::string& md5 : versions) {
    if (!Read(md5, [](std::span<const std::byte>) { return OkStatus(); }).ok())
      broken.push_back(md5);
  }
  return broken;
}

}  // namespace pano::chunked
