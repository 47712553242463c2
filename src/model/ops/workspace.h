#pragma once

#include <span>
#include <vector>

#include "infra/device/device.h"
#include "model/ops/view.h"

namespace pano::ops {

// Scratch memory of forward passes, taken and given back like a stack. It grows to what the largest
// pass needs at once and never shrinks; a pass that needs no more allocates nothing. What is taken
// holds any values. Confined to one thread at a time.
//
//   Workspace::Scope scope(context.workspace());
//   const Rows q = scope.Take(rows, width);   // valid until `scope` ends
//
// When the device has no memory left the process ends: there is nothing to fall back to.
class Workspace {
 public:
  explicit Workspace(device::Device& device) : device_(device) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // All that was taken since is given back when the scope ends. Scopes nest.
  class Scope {
   public:
    explicit Scope(Workspace& workspace);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    // [rows, width], contiguous, aligned to Device::kAlignment.
    Rows Take(size_t rows, size_t width);

   private:
    Workspace& workspace_;
    const size_t chunk_, used_;  // where the workspace stood
  };

  size_t capacity_bytes() const;
  // Times that memory was asked of the device: constant once passes repeat.
  size_t allocations() const { return allocations_; }

 private:
  // Addresses stay as they are while a scope is open: so memory grows by further chunks, which are
  // made one when nothing is in use.
  struct Chunk {
    device::Buffer memory;
    size_t used = 0;
  };
  std::byte* Take(size_t bytes);
  void AddChunk(size_t bytes);
  void NotePeak();
  void Merge();

  device::Device& device_;
  std::vector<Chunk> chunks_;
  size_t current_ = 0;  // chunk that is taken from; those before it are full
  size_t depth_ = 0;    // open scopes
  size_t peak_ = 0;     // most bytes in use at once
  size_t allocations_ = 0;
};

}  // namespace pano::ops
