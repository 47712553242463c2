// The ways in which vocabularies write bytes: as characters, as "<0xNN>".
#include "model/tokenizer/text/byte_level.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/utf8.h"
#include "model/tokenizer/text/byte_piece.h"

namespace pano::tokenizer {
namespace {

TEST(ByteLevel, EveryByteHasACharacterOfItsOwn) {
  std::set<std::string> written;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes(1, static_cast<char>(byte));
    std::string out;
    AppendByteLevel(out, bytes);
    EXPECT_TRUE(Utf8Valid(out));
    EXPECT_TRUE(written.insert(out).second) << byte;
    EXPECT_EQ(FromByteLevel(out), bytes);
  }
  std::string out;
  AppendByteLevel(out, " a\n\xff");
  EXPECT_EQ(out, "\u0120a\u010a\u00ff");   // GPT-2's table
}

TEST(ByteLevel, OtherCharactersStandForNoByte) {
  EXPECT_EQ(FromByteLevel("\u4f60"), std::nullopt);
  EXPECT_EQ(FromByteLevel(" "), std::nullopt);     // a space is written U+0120
  EXPECT_EQ(FromByteLevel(""), "");
}

TEST(BytePiece, NamesAByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<unsigned char>(byte);
    EXPECT_EQ(ByteOfPiece(PieceOfByte(value)), value);
  }
  EXPECT_EQ(PieceOfByte(0x0a), "<0x0A>");
  EXPECT_EQ(ByteOfPiece("<0xfF>"), 0xff);
  for (const char* other : {"<0xG0>", "<0x0A", "0x0A>", "<0x0AA>", "<0x0>", ""}) {
    EXPECT_EQ(ByteOfPiece(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace pano::tokenizer
