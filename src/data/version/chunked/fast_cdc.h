#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pano::chunked {

// Where a stream of bytes is cut, by what stands around the cut alone: FastCDC with a Gear hash and
// normalised chunking of level 2 (Xia et al., "FastCDC: a Fast and Efficient Content-Defined
// Chunking Approach for Data Deduplication", USENIX ATC 2016). An edit moves the cuts beside it and
// no others. A value.
struct CutRule {
  uint32_t average = 8192;  // bytes, a power of two from 256 to 1 MiB

  uint32_t least() const { return average / 4; }
  uint32_t most() const { return average * 8; }
};

// For a file of this size: chunks of at most an 8,192nd of it. Twenty edits then cost about 1 %
// besides themselves.
CutRule RuleFor(uint64_t file_bytes);
bool IsValid(const CutRule& rule);

// The bytes of the first chunk of `bytes`, at least 1. `bytes` holds the rest of the stream, or
// more than rule.most() of it. REQUIRES: bytes is not empty.
size_t FirstChunk(std::span<const std::byte> bytes, const CutRule& rule);

}  // namespace pano::chunked
