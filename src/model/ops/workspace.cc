#include "model/ops/workspace.h"

#include <algorithm>

namespace pano::ops {
namespace {

constexpr size_t kFirstChunk = size_t{64} << 10;

size_t Aligned(size_t bytes) {
  constexpr size_t kTo = device::Device::kAlignment;
  return (bytes + kTo - 1) / kTo * kTo;
}

}  // namespace

Workspace::Scope::Scope(Workspace& workspace)
    : workspace_(workspace),
      chunk_(workspace.current_),
      used_(workspace.chunks_.empty() ? 0 : workspace.chunks_[workspace.current_].used) {
  ++workspace_.depth_;
}

Workspace::Scope::~Scope() {
  workspace_.NotePeak();  // a scope uses most when it ends
  for (size_t i = chunk_ + 1; i < workspace_.chunks_.size(); ++i) workspace_.chunks_[i].used = 0;
  if (!workspace_.chunks_.empty()) workspace_.chunks_[chunk_].used = used_;
  workspace_.current_ = chunk_;
  if (--workspace_.depth_ == 0 && workspace_.chunks_.size() > 1) workspace_.Merge();
}

Rows Workspace::Scope::Take(size_t rows, size_t width) {
  return {reinterpret_cast<float*>(workspace_.Take(rows * width * sizeof(float))), rows, width};
}

std::byte* Workspace::Take(size_t bytes) {
  const size_t size = Aligned(bytes);
  while (current_ < chunks_.size() &&
         chunks_[current_].memory.bytes() - chunks_[current_].used < size) {
    ++current_;
  }
  if (current_ == chunks_.size()) AddChunk(std::max({size, capacity_bytes(), kFirstChunk}));
  Chunk& chunk = chunks_[current_];
  std::byte* data = chunk.memory.data() + chunk.used;
  chunk.used += size;
  return data;
}

void Workspace::AddChunk(size_t bytes) {
  auto memory = device_.Allocate(bytes);
  PANO_CHECK(memory.ok());
  chunks_.push_back({std::move(*memory), 0});
  ++allocations_;
}

void Workspace::NotePeak() {
  size_t used = 0;
  for (const Chunk& chunk : chunks_) used += chunk.used;
  peak_ = std::max(peak_, used);
}

void Workspace::Merge() {
  chunks_.clear();
  AddChunk(peak_);
}

size_t Workspace::capacity_bytes() const {
  size_t sum = 0;
  for (const Chunk& chunk : chunks_) sum += chunk.memory.bytes();
  return sum;
}

}  // namespace pano::ops
