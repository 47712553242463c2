#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "model/template/runtime.h"

namespace pano::jinja {

// Merge sort with a comparison that may fail or contradict itself: always ends, never leaves the
// range, and stops early once the rendering failed.
template <typename T, typename Less>
void SortStable(Runtime& rt, std::vector<T>& items, const Less& less) {
  if (!rt.Step(items.size() / 8)) return;
  std::vector<T> scratch = items;
  for (size_t width = 1; width < items.size(); width *= 2) {
    for (size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, items.size());
      const size_t end = std::min(begin + 2 * width, items.size());
      size_t a = begin;
      size_t b = middle;
      for (size_t out = begin; out < end; ++out) {
        const bool second = b < end && (a == middle || less(rt, items[b], items[a]));
        scratch[out] = items[second ? b++ : a++];
      }
      // Where one half is used up nothing is compared.
      if (!rt.Step((end - begin) / 8)) return;
    }
    std::swap(items, scratch);
  }
}

}  // namespace pano::jinja
