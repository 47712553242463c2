#include "model/format/gguf_split.h"

#include "base/strings.h"

namespace pano::format {
namespace {

constexpr int64_t kPartsMax = 65535;  // the keys have 16 bits
constexpr std::string_view kEnding = ".gguf";

// "-00002-of-00003.gguf"
std::string PartEnding(int64_t number, int64_t count) {
  auto five = [](int64_t value) {
    const std::string digits = StrCat(value);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  };
  return StrCat("-", five(number + 1), "-of-", five(count), kEnding);
}

Result<int64_t> Number(const json::Value& metadata, std::string_view key, int64_t max,
                       int64_t fallback) {
  const json::Value* value = metadata.Find(key);
  if (!value) return fallback;
  if (!value->is_int() || value->as_int() < 0 || value->as_int() > max) {
    return Corruption(
        StrCat(key, ": ", Printable(json::Dump(*value)), " is no number in 0..", max));
  }
  return value->as_int();
}

}  // namespace

Result<GgufSplit> ReadGgufSplit(const json::Value& metadata) {
  GgufSplit out;
  PANO_ASSIGN_OR_RETURN(out.count, Number(metadata, "split.count", kPartsMax, 1));
  if (out.count <= 1) return GgufSplit();
  PANO_ASSIGN_OR_RETURN(out.number, Number(metadata, "split.no", kPartsMax, 0));
  PANO_ASSIGN_OR_RETURN(out.tensors, Number(metadata, "split.tensors.count", INT32_MAX, 0));
  if (out.number >= out.count) {
    return Corruption(StrCat("split.no: ", out.number, ", of ", out.count, " files"));
  }
  return out;
}

Result<std::vector<std::string>> GgufPartPaths(std::string_view first, int64_t count) {
  const std::string ending = PartEnding(0, count);
  if (!first.ends_with(ending)) {
    return InvalidArgument(StrCat(first, ": is the first of ", count,
                                  " files, which are found by its name: it has to end in ",
                                  ending));
  }
  const std::string_view stem = first.substr(0, first.size() - ending.size());
  std::vector<std::string> paths;
  for (int64_t i = 0; i < count; ++i) paths.push_back(StrCat(stem, PartEnding(i, count)));
  return paths;
}

bool IsLaterGgufPart(std::string_view name) {
  // "-00002-of-00003.gguf", or with more digits.
  const size_t of = name.rfind("-of-");
  if (!name.ends_with(kEnding) || of == std::string_view::npos || of == 0) return false;
  const size_t dash = name.rfind('-', of - 1);
  if (dash == std::string_view::npos || of - dash < 6) return false;
  const auto number = ParseInt(name.substr(dash + 1, of - dash - 1));
  const auto count = ParseInt(name.substr(of + 4, name.size() - kEnding.size() - of - 4));
  return number && count && *number > 1 && *number <= *count;
}

}  // namespace pano::format
