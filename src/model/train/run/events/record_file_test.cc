#include "model/train/run/events/record_file.h"

#include <gtest/gtest.h>

#include "model/train/run/events/crc32c.h"
#include "model/train/run/events/wire_format.h"

namespace pano::train {
namespace {

// RFC 3720, appendix B.4: 32 bytes of zeros, of ones, ascending.
TEST(Crc32c, IsThatOfIscsi) {
  std::vector<std::byte> bytes(32, std::byte{0});
  EXPECT_EQ(Crc32c(bytes), 0x8A9136AAU);
  bytes.assign(32, std::byte{0xFF});
  EXPECT_EQ(Crc32c(bytes), 0x62A8AB43U);
  for (size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(Crc32c(bytes), 0x46DD794EU);
}

TEST(Record, IsReadAsItWasFramed) {
  for (size_t size : {0, 1, 300, 70000}) {
    const std::string payload(size, 'x');
    const std::string framed = FrameRecord(payload) + FrameRecord("next");
    std::string_view file = framed;
    EXPECT_EQ(TakeRecord(file)->payload, payload);
    EXPECT_EQ(TakeRecord(file)->payload, "next");
    EXPECT_TRUE(file.empty());
  }
}

TEST(Record, AnyFlippedBitIsFound) {
  const std::string framed = FrameRecord("payload");
  for (size_t bit = 0; bit < framed.size() * 8; ++bit) {
    std::string broken = framed;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    std::string_view file = broken;
    EXPECT_FALSE(TakeRecord(file).ok()) << bit;
    EXPECT_EQ(file.size(), broken.size());
  }
}

TEST(Record, WhatAKilledWriterLeavesIsCutOff) {
  const std::string framed = FrameRecord("payload");
  for (size_t size = 0; size < framed.size(); ++size) {
    std::string_view file = std::string_view(framed).substr(0, size);
    EXPECT_EQ(TakeRecord(file).error().reason(), "cut_off") << size;
  }
}

// A length with a good checksum asks for no memory: it is compared with the bytes that are there.
TEST(Record, AHugeLengthIsRefused) {
  std::string head;
  for (int i = 0; i < 8; ++i) head.push_back('\x7f');
  const uint32_t crc = MaskedCrc32c(std::as_bytes(std::span(head)));
  for (int i = 0; i < 4; ++i) head.push_back(static_cast<char>(crc >> (8 * i)));
  std::string_view file = head;
  const auto record = TakeRecord(file);
  ASSERT_FALSE(record.ok());
  EXPECT_EQ(record.error().reason(), "");
}

TEST(WireFormat, NumbersHaveOneForm) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{300},
                         uint64_t{1} << 63, ~uint64_t{0}}) {
    std::string message;
    AppendInt(message, 5, static_cast<int64_t>(value));
    std::string_view rest = message;
    const auto field = TakeField(rest);
    ASSERT_TRUE(field.ok());
    EXPECT_EQ(field->number, 5U);
    EXPECT_EQ(field->integer, value);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(WireFormat, RefusesWhatIsNone) {
  const std::string_view bad[] = {
      {"\x08", 1},                                                  // no number behind the tag
      {"\x09\x00\x00", 3},                                          // half a fixed64
      {"\x0d\x00", 2},                                              // half a fixed32
      {"\x0a\x05zz", 4},                                            // a length beyond the end
      {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},         // the longest length
      {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},         // 65 bits
      {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},     // eleven bytes
      {"\x00\x00", 2},                                              // field 0
      {"\x0b", 1},                                                  // a group
  };
  for (std::string_view message : bad) {
    EXPECT_EQ(TakeField(message).error().code(), StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace pano::train
