#include "model/train/run/events/record_file.h"

#include <cstring>
#include <span>

#include "base/strings.h"
#include "model/train/run/events/crc32c.h"

namespace pano::train {
namespace {

constexpr size_t kLengthBytes = 8, kCrcBytes = 4;
constexpr size_t kHeadBytes = kLengthBytes + kCrcBytes;

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <typename T>
void AppendNumber(std::string& out, T value) {
  for (size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

template <typename T>
T NumberAt(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof value; ++i) {
    value |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i));
  }
  return value;
}

Status CutOff() {
  return Corruption("[record] the file ends within a record").WithReason("cut_off");
}

}  // namespace

std::string FrameRecord(std::string_view payload) {
  std::string out;
  AppendNumber(out, static_cast<uint64_t>(payload.size()));
  AppendNumber(out, MaskedCrc32c(BytesOf(out)));
  out.append(payload);
  AppendNumber(out, MaskedCrc32c(BytesOf(payload)));
  return out;
}

Result<Record> TakeRecord(std::string_view& file) {
  if (file.size() < kHeadBytes) return CutOff();
  Record record;
  record.masked_crc_length = NumberAt<uint32_t>(file.substr(kLengthBytes));
  if (record.masked_crc_length != MaskedCrc32c(BytesOf(file.substr(0, kLengthBytes)))) {
    return Corruption("[record] the checksum of the length is wrong");
  }
  const auto length = NumberAt<uint64_t>(file);
  if (length > kRecordBytesMax) {
    return Corruption(StrCat("[record] has ", length, " bytes, more than ", kRecordBytesMax));
  }
  if (file.size() - kHeadBytes < length + kCrcBytes) return CutOff();
  record.payload = file.substr(kHeadBytes, length);
  record.masked_crc_data = NumberAt<uint32_t>(file.substr(kHeadBytes + length));
  if (record.masked_crc_data != MaskedCrc32c(BytesOf(record.payload))) {
    return Corruption("[record] the checksum of the payload is wrong");
  }
  file.remove_prefix(kHeadBytes + length + kCrcBytes);
  return record;
}

}  // namespace pano::train
