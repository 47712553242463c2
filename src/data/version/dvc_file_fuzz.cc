// Arbitrary bytes as a .dvc file. What is read stays below the root; an edit gives a file that reads as was meant.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "data/version/dvc_file.h"
#include "data/version/relative_path.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::data;
  if (size > 1 << 14) return 0;   // the work grows with each output; long ones show nothing new
  auto file = DvcFile::Parse(std::string(reinterpret_cast<const char*>(data), size), "sub/x.dvc");
  if (!file.ok()) return 0;
  for (const Output& output : file->outputs()) PANO_CHECK(pano::data::CheckRelativePath(output.path).ok());
  if (file->outputs().empty() || file->outputs().size() > 4) return 0;
  Output next = file->outputs()[0];
  next.id = *ObjectId::Parse("d41d8cd98f00b204e9800998ecf8427e.dir");
  next.bytes = 7;
  next.files = 3;
  next.executable = false;
  const size_t count = file->outputs().size();
  const std::string before = file->text();
  if (!file->Update(0, next).ok()) return 0;   // a layout that cannot be edited is an error, the file stays
  PANO_CHECK(file->outputs().size() == count);
  PANO_CHECK(file->outputs()[0].id == next.id && file->outputs()[0].bytes == next.bytes && file->outputs()[0].files == next.files);
  PANO_CHECK(file->outputs()[0].path == next.path);
  return 0;
}
