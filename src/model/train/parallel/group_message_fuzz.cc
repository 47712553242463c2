// What a stranger may send to a port where members meet: every message, taken or refused, within its
// bounds, and printed as it was read.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/train/parallel/group_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::train;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto message = DecodeChallenge(bytes); message.ok()) {
    PANO_CHECK(Encode(*message) == bytes);
  }
  if (const auto message = DecodeHello(bytes); message.ok()) PANO_CHECK(Encode(*message) == bytes);
  uint32_t refusal = 0;
  if (DecodeWelcomeHead(bytes, &refusal).ok()) PANO_CHECK(refusal <= kRefusalBytesMax);
  if (const auto head = DecodeFrameHead(bytes); head.ok()) {
    PANO_CHECK(Encode(*head) == bytes);
    PANO_CHECK(head->kind != FrameHead::Kind::kAbort || head->count <= kAbortBytesMax);
  }
  return 0;
}
