// Arbitrary bytes as a manifest. What is read leads nowhere else and is written so that it reads the same.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "data/version/data_tree.h"
#include "data/version/relative_path.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using pano::data::DataTree;
  const auto tree = DataTree::Parse({reinterpret_cast<const char*>(data), size});
  if (!tree.ok()) return 0;
  for (size_t i = 0; i < tree->size(); ++i) {
    PANO_CHECK(pano::data::CheckRelativePath(tree->path(i)).ok());
    PANO_CHECK(i == 0 || tree->path(i - 1) < tree->path(i));
  }
  const auto again = DataTree::Parse(tree->Text());
  PANO_CHECK(again.ok() && again->Text() == tree->Text());
  return 0;
}
