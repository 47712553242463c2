#include "data/version/state_cache.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/strings.h"

namespace pano::data {
namespace {

constexpr char kMagic[8] = {'P', 'A', 'N', 'O', 'S', 'T', 'A', '1'};   // the digit is the version
constexpr size_t kHeaderBytes = 64;   // so that records lie at multiples of their size
// More would be mostly of files that are gone: then the file begins anew with what this command saw.
constexpr size_t kRecordsMax = 16'000'000;
// Where times are whole seconds, the file system keeps no finer ones (FAT: 2 s).
constexpr int64_t kCoarseRacyNs = 2'000'000'000;

uint32_t CheckOf(const StateRecord& record) {
  uint64_t words[7];
  std::memcpy(words, &record, sizeof words);
  uint64_t h = 0x9E3779B97F4A7C15ull;
  for (const uint64_t w : words) h = (h ^ w) * 0xD6E8FEB86659FD93ull, h ^= h >> 32;
  h = (h ^ record.hash) * 0xD6E8FEB86659FD93ull;
  return static_cast<uint32_t>(h >> 32);
}

auto Key(const StateRecord& r) { return std::tuple(r.stamp.inode, r.stamp.device, r.hash); }
bool Before(const StateRecord& a, const StateRecord& b) { return Key(a) < Key(b); }

uint64_t PlaceOf(const FileStamp& stamp, HashName hash) {
  return (stamp.inode * 2 + static_cast<uint64_t>(hash)) ^ (stamp.device * 0x9E3779B97F4A7C15ull);
}

}  // namespace

int64_t StateCache::Now() {
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

StateCache::StateCache(std::string path, DataEnv& env) : path_(std::move(path)), env_(env) {
  auto file = MappedFile::Open(path_);
  if (!file.ok()) return;
  const std::span<const std::byte> bytes = (*file)->bytes();
  if (bytes.size() < kHeaderBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return;
  file_ = *std::move(file);
  records_ = {reinterpret_cast<const StateRecord*>(bytes.data() + kHeaderBytes), (bytes.size() - kHeaderBytes) / sizeof(StateRecord)};
}

std::optional<Md5> StateCache::FindAdded(const FileStamp& stamp, HashName hash) const {
  MutexLock lock(mu_);
  if (added_.empty()) return std::nullopt;
  const auto it = places_.find(PlaceOf(stamp, hash));
  if (it == places_.end()) return std::nullopt;
  const StateRecord& record = added_[it->second];
  if (record.stamp == stamp && record.hash == static_cast<uint32_t>(hash)) return record.md5;
  return std::nullopt;
}

std::optional<Md5> StateCache::Find(const FileStamp& stamp, HashName hash) const {
  StateRecord wanted;
  wanted.stamp = stamp;
  wanted.hash = static_cast<uint32_t>(hash);
  const auto it = std::lower_bound(records_.begin(), records_.end(), wanted, Before);
  if (it != records_.end() && it->stamp == stamp && it->hash == wanted.hash && it->check == CheckOf(*it)) return it->md5;
  return FindAdded(stamp, hash);
}

void StateCache::Record(const FileStamp& stamp, HashName hash, const Md5& md5, int64_t hashed_at_ns) {
  if (hashed_at_ns != INT64_MAX) {
    const bool coarse = stamp.mtime_ns % 1'000'000'000 == 0 && stamp.ctime_ns % 1'000'000'000 == 0;
    const int64_t last = std::max(stamp.mtime_ns, stamp.ctime_ns);
    if (last >= hashed_at_ns - (coarse ? kCoarseRacyNs : kRacyNs)) return;
  }
  StateRecord record{stamp, md5, static_cast<uint32_t>(hash), 0};
  record.check = CheckOf(record);
  MutexLock lock(mu_);
  places_[PlaceOf(stamp, hash)] = static_cast<uint32_t>(added_.size());
  added_.push_back(record);
}

Status StateCache::Save() {
  MutexLock lock(mu_);
  if (added_.empty()) return {};
  // Of two of one file the later counts.
  std::stable_sort(added_.begin(), added_.end(), Before);
  const std::string temporary = path_ + ".new";
  auto opened = env_.Open(temporary, Env::OpenMode::kWrite);
  if (!opened.ok()) return opened.status().Wrap(temporary);
  std::vector<StateRecord> out;
  const auto flush = [&]() -> Status {
    const Status status = (*opened)->WriteAll(std::as_bytes(std::span(out)));
    out.clear();
    return status;
  };
  std::byte header[kHeaderBytes] = {};
  std::memcpy(header, kMagic, sizeof kMagic);
  PANO_RETURN_IF_ERROR((*opened)->WriteAll(header));
  const std::span<const StateRecord> old =
      records_.size() + added_.size() > kRecordsMax ? std::span<const StateRecord>() : records_;
  size_t o = 0, a = 0;
  while (o < old.size() || a < added_.size()) {
    if (a == added_.size() || (o < old.size() && Before(old[o], added_[a]))) {
      if (old[o].check == CheckOf(old[o])) out.push_back(old[o]);
      ++o;
    } else {
      if (o < old.size() && !Before(added_[a], old[o])) ++o;   // the same file, as it was
      if (a + 1 == added_.size() || Before(added_[a], added_[a + 1])) out.push_back(added_[a]);
      ++a;
    }
    if (out.size() == 4096) PANO_RETURN_IF_ERROR(flush());
  }
  PANO_RETURN_IF_ERROR(flush());
  PANO_RETURN_IF_ERROR((*opened)->Close());
  added_.clear();
  places_.clear();
  return env_.Rename(temporary, path_);
}

}  // namespace pano::data
