#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace pano {

// An allocator for megabytes that are read at random or in many short pieces: it asks the system for large pages, so
// that a look-up misses the TLB less often. Stateless, so thread-safe.
template <typename T>
class LargePageAllocator {
 public:
  using value_type = T;

  LargePageAllocator() = default;
  template <typename U>
  explicit LargePageAllocator(const LargePageAllocator<U>&) {}

  T* allocate(size_t count) {
    if (count > SIZE_MAX / sizeof(T) - kPage) throw std::bad_alloc();
    const size_t bytes = count * sizeof(T);
    const bool large = bytes >= kPage;
    const size_t alignment = large ? kPage : kSmallAlignment;
    const size_t padded = (bytes + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, padded);
    if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (large) madvise(memory, padded, MADV_HUGEPAGE);  // advice: may fail
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { std::free(memory); }
  bool operator==(const LargePageAllocator&) const { return true; }

 private:
  static constexpr size_t kPage = 2 << 20;
  static constexpr size_t kSmallAlignment = 64;
  static_assert(alignof(T) <= kSmallAlignment);
};

}  // namespace pano
