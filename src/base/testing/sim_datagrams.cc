#include "base/testing/sim_datagrams.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/random.h"
#include "base/strings.h"

namespace pano {
namespace {

// Draws of one datagram, by what they are for.
enum : uint64_t { kLoss, kDuplication, kDelay, kSecondDelay };

}  // namespace

uint64_t NameHash(std::string_view name) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

void SimDatagrams::Record(std::string what) { trace_.emplace_back(clock_.Now(), std::move(what)); }

Status SimDatagrams::Open(const std::string& address) {
  MutexLock lock(mu_);
  if (inboxes_.try_emplace(address).second) return {};
  return Status(StatusCode::kUnavailable, "Address already in use");
}

void SimDatagrams::Close(const std::string& address) {
  MutexLock lock(mu_);
  inboxes_.erase(address);
}

void SimDatagrams::Send(const std::string& from, const std::string& to,
                        std::span<const std::byte> bytes, const DatagramLink& link) {
  MutexLock lock(mu_);
  const uint64_t number = sent_[{from, to}]++;
  const std::string name = StrCat(from, "=>", to, '#', number);
  const uint64_t key = seed_ ^ NameHash(StrCat(from, "=>", to));
  if (link.cut || UniformAt(key, kLoss, number) < link.loss) return Record(StrCat(name, " lost"));
  const auto inbox = inboxes_.find(to);
  if (inbox == inboxes_.end()) return Record(StrCat(name, " nobody"));
  const bool twice = UniformAt(key, kDuplication, number) < link.duplication;
  for (const uint64_t stream : {kDelay, kSecondDelay}) {
    if (stream == kSecondDelay && !twice) break;
    size_t waiting = bytes.size();
    for (const Waiting& other : inbox->second) waiting += other.bytes.size();
    if (waiting > link.buffer_bytes) {
      Record(StrCat(name, " dropped"));
      break;
    }
    const double share = UniformAt(key, stream, number);
    const auto span = static_cast<double>((link.latency_max - link.latency_min).count());
    const Duration latency = link.latency_min + Duration(static_cast<int64_t>(share * span));
    inbox->second.push_back({clock_.Now() + std::max(latency, Duration(1)), from, number,
                             std::string(reinterpret_cast<const char*>(bytes.data()),
                                         bytes.size())});
  }
  clock_.NotifyAll(changed_);
}

Result<Datagram> SimDatagrams::Receive(const std::string& address, std::span<std::byte> buffer,
                                       TimePoint deadline, const std::stop_token& stop) {
  MutexLock lock(mu_);
  while (true) {
    if (stop.stop_requested()) {
      return Status(StatusCode::kCancelled, "the call was cancelled");
    }
    Inbox& inbox = inboxes_[address];
    const auto before = [](const Waiting& a, const Waiting& b) {
      return std::tie(a.arrival, a.from, a.number) < std::tie(b.arrival, b.from, b.number);
    };
    const auto first = std::min_element(inbox.begin(), inbox.end(), before);
    const TimePoint now = clock_.Now();
    if (first != inbox.end() && first->arrival <= now) {
      Datagram datagram{first->bytes.size(), first->from};
      const size_t part = std::min(buffer.size(), first->bytes.size());
      if (part > 0) std::memcpy(buffer.data(), first->bytes.data(), part);
      Record(StrCat(first->from, "=>", address, '#', first->number, " received"));
      inbox.erase(first);
      return datagram;
    }
    if (deadline <= now) return Status(StatusCode::kDeadline, "the deadline has passed");
    const TimePoint next = first == inbox.end() ? deadline : std::min(deadline, first->arrival);
    clock_.WaitUntil(changed_, mu_, next);
  }
}

void SimDatagrams::Wake() {
  MutexLock lock(mu_);
  clock_.NotifyAll(changed_);
}

std::vector<std::pair<TimePoint, std::string>> SimDatagrams::Trace() const {
  MutexLock lock(mu_);
  return trace_;
}

}  // namespace pano
