#include "model/tensor/tensor.h"

#include <iterator>

#include "base/check.h"
#include "base/strings.h"
#include "model/tensor/packed.h"

namespace pano::tensor {
namespace {

// In the order of DType.
constexpr DTypeInfo kTypes[] = {
    {"F32", 1, 4},         {"F16", 1, 2},        {"BF16", 1, 2},       {"F64", 1, 8},
    {"I8", 1, 1},          {"U8", 1, 1},         {"I16", 1, 2},        {"U16", 1, 2},
    {"I32", 1, 4},         {"U32", 1, 4},        {"I64", 1, 8},        {"U64", 1, 8},
    {"BOOL", 1, 1},        {"Q4_0", 32, 18},     {"Q4_1", 32, 20},     {"Q5_0", 32, 22},
    {"Q5_1", 32, 24},      {"Q8_0", 32, 34},     {"Q2_K", 256, 84},    {"Q3_K", 256, 110},
    {"Q4_K", 256, 144},    {"Q5_K", 256, 176},   {"Q6_K", 256, 210},   {"IQ1_S", 256, 50},
    {"IQ1_M", 256, 56},    {"IQ2_XXS", 256, 66}, {"IQ2_XS", 256, 74},  {"IQ2_S", 256, 82},
    {"IQ3_XXS", 256, 98},  {"IQ3_S", 256, 110},  {"IQ4_NL", 32, 18},   {"IQ4_XS", 256, 136},
    {"TQ1_0", 256, 54},    {"TQ2_0", 256, 66},   {"MXFP4", 32, 17},    {"NVFP4", 64, 36},
    {"Q8_0X16", 32, 34},   {"W8X16", 32, 32},    {"Q4_0X16", 32, 18},  {"Q4GX16", 32, 18},
    {"Q4_KX16", 256, 148}, {"Q6_KX16", 256, 210},
    {"F32X16", 1, 4},      {"F16X16", 1, 2},      {"BF16X16", 2, 4},
};
static_assert(std::size(kTypes) == kDTypeCount);

}  // namespace

const DTypeInfo& Describe(DType dtype) { return kTypes[static_cast<size_t>(dtype)]; }

std::optional<DType> DTypeByName(std::string_view name) {
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::string ShapeText(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text.append(StrCat(i > 0 ? ", " : "", shape[i]));
  text.push_back(']');
  return text;
}

Result<int64_t> ElementCount(const Shape& shape) {
  // Zeros are left out of the product at first: whoever multiplies only some of the sizes (strides)
  // must not overflow either.
  int64_t product = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0) return Corruption(StrCat("shape ", ShapeText(shape), " has a negative size"));
    if (size == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, size, &product)) {
      return Corruption(StrCat("shape ", ShapeText(shape), " has more than 2^63 elements"));
    }
  }
  return empty ? 0 : product;
}

Result<size_t> ByteSize(DType dtype, const Shape& shape) {
  const DTypeInfo& info = Describe(dtype);
  PANO_ASSIGN_OR_RETURN(int64_t count, ElementCount(shape));
  int64_t innermost = shape.empty() ? 1 : shape.back();
  if (innermost % static_cast<int64_t>(info.block_elements) != 0) {
    return Corruption(StrCat("shape ", ShapeText(shape), ": the innermost size is no multiple of ",
                             info.name, "'s block of ", info.block_elements));
  }
  int64_t bytes = 0;
  if (IsPacked(dtype)) {
    if (shape.size() != 2) {
      return Corruption(StrCat(info.name, " ", ShapeText(shape), " is no matrix"));
    }
    const int64_t panels = shape[0] / kPanelRows + (shape[0] % kPanelRows != 0);
    int64_t panel = 0;
    if (__builtin_mul_overflow(innermost / static_cast<int64_t>(info.block_elements),
                               static_cast<int64_t>(info.block_bytes) * kPanelRows, &panel) ||
        __builtin_add_overflow(panel, PanelHeaderBytes(dtype), &panel) ||
        __builtin_mul_overflow(panel, panels, &bytes)) {
      return Corruption(StrCat(info.name, " ", ShapeText(shape), " has more than 2^63 bytes"));
    }
    return static_cast<size_t>(bytes);
  }
  if (__builtin_mul_overflow(count / static_cast<int64_t>(info.block_elements),
                             static_cast<int64_t>(info.block_bytes), &bytes)) {
    return Corruption(StrCat(info.name, " ", ShapeText(shape), " has more than 2^63 bytes"));
  }
  return static_cast<size_t>(bytes);
}

int64_t TensorView::elements() const { return ElementCount(shape).value(); }

}  // namespace pano::tensor
