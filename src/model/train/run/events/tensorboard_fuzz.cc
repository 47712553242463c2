// An event file of any bytes, as a whole (checksums mostly stop it there) and as one payload.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/train/run/events/record_file.h"
#include "model/train/run/events/tensorboard_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::train;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto contents = ReadTensorBoard(bytes);
  if (contents.ok()) PANO_CHECK(contents->events.size() <= size / 16);
  const auto event = DecodeTensorBoardEvent(bytes);
  if (!event.ok()) return 0;
  const std::string once = EncodeTensorBoardEvent(*event);
  const auto again = DecodeTensorBoardEvent(once);
  PANO_CHECK(again.ok() && EncodeTensorBoardEvent(*again) == once);
  const std::string framed = FrameRecord(once);
  const auto read = ReadTensorBoard(framed);
  PANO_CHECK(read.ok() && !read->cut_off && read->events.size() == 1);
  return 0;
}
