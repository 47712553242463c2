#include "model/grammar/mask_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pano::grammar {
namespace {

// What an entry of a map takes beside its mask, about.
constexpr size_t kEntryBytes = 64;

void SetBit(std::span<uint32_t> bits, int32_t id) {
  bits[static_cast<uint32_t>(id) / 32] |= 1u << (static_cast<uint32_t>(id) % 32);
}

}  // namespace

size_t StateMask::memory_bytes() const {
  return sizeof *this + shared.capacity() * sizeof(void*) + ids.capacity() * sizeof(int32_t) +
         bits.capacity() * sizeof(uint32_t) + exits.capacity() * sizeof(Exit);
}

void StateMask::AddTo(std::span<uint32_t> to) const {
  if (base) base->AddTo(to);
  for (const std::vector<uint32_t>* mask : shared) {
    for (size_t i = 0; i < mask->size(); ++i) to[i] |= (*mask)[i];
  }
  for (size_t i = 0; i < bits.size(); ++i) to[i] |= bits[i];
  for (int32_t id : ids) SetBit(to, id);
}

FinishedMask FinishedMask::Of(std::span<const uint32_t> bits) {
  const size_t few = bits.size() / 2;
  size_t count = 0;
  for (size_t i = 0; i < bits.size() && count <= few; ++i) {
    if (bits[i] != 0) count += static_cast<size_t>(std::popcount(bits[i]));
  }
  FinishedMask out;
  if (count > few) {
    out.bits.assign(bits.begin(), bits.end());
    return out;
  }
  out.ids.reserve(count);
  for (size_t i = 0; i < bits.size(); ++i) {
    for (uint32_t word = bits[i]; word != 0; word &= word - 1) {
      out.ids.push_back(static_cast<int32_t>(32 * i) + std::countr_zero(word));
    }
  }
  return out;
}

size_t FinishedMask::memory_bytes() const {
  return sizeof *this + ids.capacity() * sizeof(int32_t) + bits.capacity() * sizeof(uint32_t);
}

void FinishedMask::CopyTo(std::span<uint32_t> to) const {
  std::copy(bits.begin(), bits.end(), to.begin());
  for (int32_t id : ids) SetBit(to, id);
}

std::shared_ptr<const StateMask> MaskCache::FindState(uint32_t state) const {
  MutexLock lock(mu_);
  const auto found = states_.find(state);
  return found == states_.end() ? nullptr : found->second;
}

void MaskCache::MakeRoomForState(size_t bytes) {
  if (state_bytes_ + bytes <= bytes_max_ / 2) return;
  states_.clear();
  shapes_.clear();
  state_bytes_ = 0;
}

void MaskCache::KeepState(uint32_t state, std::shared_ptr<const StateMask> mask) {
  const size_t bytes = mask->memory_bytes() + kEntryBytes;
  if (bytes > bytes_max_ / 2) return;
  MutexLock lock(mu_);
  MakeRoomForState(bytes);
  if (states_.emplace(state, std::move(mask)).second) state_bytes_ += bytes;
}

std::shared_ptr<const StateMask> MaskCache::FindShape(const StackFrame::Hash& shape) const {
  MutexLock lock(mu_);
  const auto found = shapes_.find(shape);
  return found == shapes_.end() ? nullptr : found->second;
}

void MaskCache::KeepShape(const StackFrame::Hash& shape, std::shared_ptr<const StateMask> mask) {
  const size_t bytes = mask->memory_bytes() + kEntryBytes;
  if (bytes > bytes_max_ / 2) return;
  MutexLock lock(mu_);
  MakeRoomForState(bytes);
  if (shapes_.emplace(shape, std::move(mask)).second) state_bytes_ += bytes;
}

std::shared_ptr<const FinishedMask> MaskCache::FindFinished(
    const StackFrame::Hash& configuration) const {
  MutexLock lock(mu_);
  const auto found = finished_.find(configuration);
  return found == finished_.end() ? nullptr : found->second;
}

void MaskCache::KeepFinished(const StackFrame::Hash& configuration,
                             std::shared_ptr<const FinishedMask> mask) {
  const size_t bytes = mask->memory_bytes() + kEntryBytes;
  if (bytes > bytes_max_ / 2) return;
  MutexLock lock(mu_);
  if (finished_bytes_ + bytes > bytes_max_ / 2) {
    finished_.clear();
    finished_bytes_ = 0;
  }
  if (finished_.emplace(configuration, std::move(mask)).second) finished_bytes_ += bytes;
}

size_t MaskCache::memory_bytes() const {
  MutexLock lock(mu_);
  return state_bytes_ + finished_bytes_;
}

}  // namespace pano::grammar
