// Addresses as options and peers give them: what is taken has bounded parts and prints as it
// parses.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/transport_address.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using pano::TransportAddress;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto address = pano::ParseTransportAddress(text);
  if (!address.ok()) {
    PANO_CHECK(address.error().code() == pano::StatusCode::kInvalidArgument);
    PANO_CHECK(address.error().message().size() < 1024);
    return 0;
  }
  PANO_CHECK(address->host.empty() == address->is_unix());
  PANO_CHECK(address->host.size() <= TransportAddress::kHostBytesMax);
  PANO_CHECK(address->path.size() <= TransportAddress::kPathBytesMax);
  const auto again = pano::ParseTransportAddress(address->ToString());
  PANO_CHECK(again.ok() && *again == *address);
  return 0;
}
