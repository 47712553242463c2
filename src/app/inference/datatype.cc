#include "app/inference/datatype.h"

#include <array>

namespace pano::inference {
namespace {

struct Row {
  std::string_view name;
  size_t bytes;
};

constexpr std::array<Row, kDatatypes> kRows = {{{"BOOL", 1},
                                                {"UINT8", 1},
                                                {"UINT16", 2},
                                                {"UINT32", 4},
                                                {"UINT64", 8},
                                                {"INT8", 1},
                                                {"INT16", 2},
                                                {"INT32", 4},
                                                {"INT64", 8},
                                                {"FP16", 2},
                                                {"BF16", 2},
                                                {"FP32", 4},
                                                {"FP64", 8},
                                                {"BYTES", 0}}};

}  // namespace

std::string_view DatatypeName(Datatype datatype) {
  return kRows[static_cast<size_t>(datatype)].name;
}

std::optional<Datatype> FindDatatype(std::string_view name) {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<Datatype>(i);
  }
  return std::nullopt;
}

size_t ElementBytes(Datatype datatype) { return kRows[static_cast<size_t>(datatype)].bytes; }

}  // namespace pano::inference
