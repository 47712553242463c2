#include "app/inference/shape.h"

#include "base/strings.h"

namespace pano::inference {

Result<int64_t> CountElements(std::span<const int64_t> shape) {
  if (shape.size() > kRankMax) {
    return InvalidArgument(StrCat("its shape has ", shape.size(), " sizes, at most ", kRankMax, " are taken"));
  }
  // A size 0 makes any product 0, but the others have to be sizes all the same.
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0) return InvalidArgument(StrCat("its shape ", ShapeText(shape), " has a negative size"));
    empty = empty || size == 0;
  }
  if (empty) return int64_t{0};
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size > kElementsMax / count) {
      return InvalidArgument(StrCat("its shape ", ShapeText(shape), " has more than ", kElementsMax, " elements"));
    }
    count *= size;
  }
  return count;
}

std::string ShapeText(std::span<const int64_t> shape) {
  constexpr size_t kShownMax = kRankMax;
  std::string text = "[";
  for (size_t i = 0; i < shape.size() && i < kShownMax; ++i) {
    if (i > 0) text += ',';
    text += StrCat(shape[i]);
  }
  return text + (shape.size() > kShownMax ? ",...]" : "]");
}

}  // namespace pano::inference
