#include "data/version/chunked/chunk_pack.h"

#include <cstring>
#include <utility>

#include "base/digest/digest.h"
#include "base/strings.h"

namespace pano::chunked {
namespace {

// magic | data | index: {u32 bytes, 32 bytes SHA-256} a chunk | u64 bytes of data | u64 chunks |
// magic; little-endian.
constexpr std::string_view kBegin = "PANOCHK1", kEnd = "PANOCHKE";
constexpr size_t kEntryBytes = 36, kTailBytes = 24, kBufferBytes = 1u << 20;
constexpr uint64_t kChunksMax = 1u << 28;

void AppendNumber(std::string* out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t NumberAt(std::span<const std::byte> bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i)
    value |= static_cast<uint64_t>(bytes[at + static_cast<size_t>(i)]) << (8 * i);
  return value;
}

std::string_view TextAt(std::span<const std::byte> bytes, size_t at, size_t count) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, count};
}

std::string RawSha256(std::span<const std::byte> bytes) {
  Digest digest(Digest::kSha256);
  digest.Update(bytes);
  const std::string hex = digest.Hex();
  std::string raw;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i < hex.size(); i += 2)
    raw += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return raw;
}

}  // namespace

Status PackWriter::Flush() {
  PANO_RETURN_IF_ERROR(file_->WriteAll(buffer_).Wrap(StrCat("cannot write ", path_)));
  buffer_.clear();
  return {};
}

Result<uint64_t> PackWriter::Append(std::span<const std::byte> chunk, const std::string& sha256) {
  if (!file_) {
    auto file = env_.Open(path_, Env::OpenMode::kWrite);
    if (!file.ok()) return file.error().Wrap(StrCat("cannot write ", path_));
    file_ = *std::move(file);
    const auto magic = std::as_bytes(std::span(kBegin));
    buffer_.assign(magic.begin(), magic.end());
  }
  const uint64_t offset = data_bytes_;
  buffer_.insert(buffer_.end(), chunk.begin(), chunk.end());
  data_bytes_ += chunk.size();
  ++count_;
  AppendNumber(&index_, chunk.size(), 4);
  index_ += sha256;
  if (buffer_.size() >= kBufferBytes) PANO_RETURN_IF_ERROR(Flush());
  return offset;
}

Result<std::string> PackWriter::Finish() {
  std::string tail = index_;
  AppendNumber(&tail, data_bytes_, 8);
  AppendNumber(&tail, count_, 8);
  tail += kEnd;
  const auto bytes = std::as_bytes(std::span(tail));
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  PANO_RETURN_IF_ERROR(Flush());
  PANO_RETURN_IF_ERROR(file_->Sync().Wrap(StrCat("cannot write ", path_)));
  PANO_RETURN_IF_ERROR(file_->Close().Wrap(StrCat("cannot write ", path_)));
  return HexDigest(Digest::kSha256, index_);
}

Result<Pack> Pack::Open(const std::string& path, const std::string& name) {
  Pack pack;
  PANO_ASSIGN_OR_RETURN(pack.file_, MappedFile::Open(path));
  const std::span<const std::byte> bytes = pack.file_->bytes();
  const auto wrong = [&](std::string_view why) {
    return Corruption(StrCat("the pack ", name.substr(0, 16), "... is no pack of its name: ", why));
  };
  if (bytes.size() < kBegin.size() + kTailBytes || TextAt(bytes, 0, kBegin.size()) != kBegin ||
      TextAt(bytes, bytes.size() - kEnd.size(), kEnd.size()) != kEnd) {
    return wrong("its begin or end is missing");
  }
  const size_t tail = bytes.size() - kTailBytes;
  pack.data_bytes_ = NumberAt(bytes, tail, 8);
  const uint64_t count = NumberAt(bytes, tail + 8, 8);
  if (count > kChunksMax || pack.data_bytes_ > tail - kBegin.size() ||
      tail - kBegin.size() - pack.data_bytes_ != count * kEntryBytes) {
    return wrong("its sizes do not add up");
  }
  const size_t index = kBegin.size() + static_cast<size_t>(pack.data_bytes_);
  if (HexDigest(Digest::kSha256, TextAt(bytes, index, tail - index)) != name)
    return wrong("its index has another hash");
  uint64_t offset = 0;
  pack.chunks_.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const size_t at = index + static_cast<size_t>(i) * kEntryBytes;
    PackedChunk chunk;
    chunk.bytes = static_cast<uint32_t>(NumberAt(bytes, at, 4));
    chunk.offset = offset;
    chunk.sha256 = std::string(TextAt(bytes, at + 4, 32));
    if (chunk.bytes > pack.data_bytes_ - offset) return wrong("its chunks are more than its data");
    offset += chunk.bytes;
    pack.chunks_.push_back(std::move(chunk));
  }
  if (offset != pack.data_bytes_) return wrong("its chunks are less than its data");
  return pack;
}

Result<std::span<const std::byte>> Pack::Data(uint64_t offset, uint64_t bytes) const {
  if (offset > data_bytes_ || bytes > data_bytes_ - offset)
    return Corruption("a run leads out of its pack");
  return file_->bytes().subspan(kBegin.size() + static_cast<size_t>(offset),
                                static_cast<size_t>(bytes));
}

Status Pack::Check() const {
  for (size_t i = 0; i < chunks_.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(const std::span<const std::byte> data,
                          Data(chunks_[i].offset, chunks_[i].bytes));
    if (RawSha256(data) != chunks_[i].sha256)
      return Corruption(StrCat("chunk ", i, " of a pack is not what its hash says"));
  }
  return {};
}

}  // namespace pano::chunked
