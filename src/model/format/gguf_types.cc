#include "model/format/gguf_types.h"

#include <algorithm>
#include <iterator>

namespace pano::format {
namespace {

// By number. Those that once were and no longer are keep their names: old files have them.
constexpr std::string_view kNames[] = {
    "F32",   "F16",        "Q4_0",       "Q4_1",       "Q4_2",     "Q4_3",     "Q5_0",
    "Q5_1",  "Q8_0",       "Q8_1",       "Q2_K",       "Q3_K",     "Q4_K",     "Q5_K",
    "Q6_K",  "Q8_K",       "IQ2_XXS",    "IQ2_XS",     "IQ3_XXS",  "IQ1_S",    "IQ4_NL",
    "IQ3_S", "IQ2_S",      "IQ4_XS",     "I8",         "I16",      "I32",      "I64",
    "F64",   "IQ1_M",      "BF16",       "Q4_0_4_4",   "Q4_0_4_8", "Q4_0_8_8", "TQ1_0",
    "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4",    "NVFP4",      "Q1_0",
};

}  // namespace

std::string_view GgmlTypeName(uint32_t type) {
  return type < std::size(kNames) ? kNames[type] : std::string_view();
}

std::optional<tensor::DType> GgmlTypeToDType(uint32_t type) {
  std::string_view name = GgmlTypeName(type);
  return name.empty() ? std::nullopt : tensor::DTypeByName(name);
}

std::optional<uint32_t> GgmlTypeOf(tensor::DType dtype) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), tensor::Describe(dtype).name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<uint32_t>(found - std::begin(kNames));
}

size_t GgufValueBytesMin(GgufValueType type) {
  constexpr size_t kBytes[kGgufValueTypes] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
  return kBytes[static_cast<size_t>(type)];
}

}  // namespace pano::format
