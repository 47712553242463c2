#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pano::train {

// CRC-32C (Castagnoli, the polynomial 0x1EDC6F41 reflected, as in RFC 3720 and iSCSI).
uint32_t Crc32c(std::span<const std::byte> bytes);

// As TFRecord and event files store it: rotated right by 15 bits and moved by a constant, so that a
// checksum of data that holds checksums stays one.
uint32_t MaskedCrc32c(std::span<const std::byte> bytes);

}  // namespace pano::train
