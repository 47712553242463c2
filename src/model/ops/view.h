#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "base/check.h"

namespace pano::ops {

// A matrix of floats in the device's memory, one row a token: row r begins at data + r * stride.
// Borrowed; a value.
template <typename T>
struct RowsOf {
  T* data = nullptr;
  size_t rows = 0;
  size_t width = 0;   // floats of a row
  size_t stride = 0;  // floats from one row to the next, at least width

  RowsOf() = default;
  RowsOf(T* first, size_t row_count, size_t row_width)
      : RowsOf(first, row_count, row_width, row_width) {}
  RowsOf(T* first, size_t row_count, size_t row_width, size_t row_stride)
      : data(first), rows(row_count), width(row_width), stride(row_stride) {}
  // What may be written may be read.
  template <typename U>
    requires(std::is_same_v<T, const U>)
  RowsOf(const RowsOf<U>& other)  // NOLINT: implicit
      : data(other.data), rows(other.rows), width(other.width), stride(other.stride) {}

  T* row(size_t i) const { return data + i * stride; }
  bool contiguous() const { return stride == width || rows <= 1; }
  bool SameShape(const RowsOf<const float>& other) const {
    return rows == other.rows && width == other.width;
  }

  // Columns [begin, begin + count) of every row.
  RowsOf Columns(size_t begin, size_t count) const {
    PANO_CHECK(begin + count <= width);
    return {data + begin, rows, count, stride};
  }
  // Rows [begin, begin + count).
  RowsOf Slice(size_t begin, size_t count) const {
    PANO_CHECK(begin + count <= rows);
    return {row(begin), count, width, stride};
  }
  // Each row as `parts` rows of equal width (heads of a token). REQUIRES: contiguous.
  RowsOf Split(size_t parts) const {
    PANO_CHECK(contiguous() && parts > 0 && width % parts == 0);
    return {data, rows * parts, width / parts};
  }
  // REQUIRES: contiguous.
  std::span<T> values() const {
    PANO_CHECK(contiguous());
    return {data, rows * width};
  }
};
using Rows = RowsOf<float>;
using ConstRows = RowsOf<const float>;

}  // namespace pano::ops
