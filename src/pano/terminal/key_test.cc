#include "pano/terminal/key.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace pano::terminal {
namespace {

using Kind = Key::Kind;

std::vector<Key> Keys(std::string_view bytes, size_t piece = 1 << 20) {
  KeyDecoder decoder;
  std::vector<Key> keys;
  for (size_t i = 0; i < bytes.size(); i += piece) decoder.Feed(bytes.substr(i, piece), keys);
  decoder.Flush(keys);
  return keys;
}

TEST(KeyDecoder, KnowsWhatTerminalsSend) {
  const std::pair<const char*, Kind> cases[] = {
      {"\r", Kind::kEnter},          {"\n", Kind::kEnter},          {"\x1b\r", Kind::kNewLine},
      {"\x1b[13;2u", Kind::kNewLine}, {"\x1b[27;2;13~", Kind::kNewLine},
      {"\x1b[A", Kind::kUp},         {"\x1bOA", Kind::kUp},         {"\x1b[1;5C", Kind::kWordRight},
      {"\x1b[1;2D", Kind::kLeft},    {"\x1b[3~", Kind::kDelete},    {"\x1b[H", Kind::kHome},
      {"\x1b[4~", Kind::kEnd},       {"\x7f", Kind::kBackspace},    {"\x1b\x7f", Kind::kKillWordLeft},
      {"\x1b" "b", Kind::kWordLeft}, {"\x03", Kind::kInterrupt},    {"\x04", Kind::kDeleteOrEnd},
      {"\x1b", Kind::kEscape},       {"\x12", Kind::kSearch},
  };
  for (const auto& [bytes, kind] : cases) {
    EXPECT_EQ(Keys(bytes), (std::vector<Key>{{kind}})) << bytes + 1;
    EXPECT_EQ(Keys(bytes, 1), (std::vector<Key>{{kind}})) << bytes + 1;
  }
}

TEST(KeyDecoder, CharactersMayComeInPieces) {
  const std::vector<Key> expected = {{Kind::kText, "a"}, {Kind::kText, "你"}, {Kind::kText, "😀"}};
  EXPECT_EQ(Keys("a你😀", 1), expected);
  EXPECT_EQ(Keys("a\xff你\xc2\x9b😀"), expected);  // ill-formed bytes and C1 controls are no keys
}

TEST(KeyDecoder, UnknownSequencesAreSkippedWhole) {
  EXPECT_EQ(Keys("\x1b[99;1;2$zx"), (std::vector<Key>{{Kind::kText, "x"}}));
  EXPECT_EQ(Keys("\x1bOPx"), (std::vector<Key>{{Kind::kText, "x"}}));
  EXPECT_EQ(Keys("\x1b[<0;1;1Mx").back(), (Key{Kind::kText, "x"}));
  EXPECT_EQ(Keys("\x1b你x"), (std::vector<Key>{{Kind::kText, "x"}}));
  EXPECT_EQ(Keys("\x1b[" + std::string(100, '1') + "x").back(), (Key{Kind::kText, "x"}));
}

TEST(KeyDecoder, APasteIsOneKey) {
  const std::string text = "one\r\ntwo\rthree\x1b[A \x03";
  for (size_t piece : {1, 3, 7, 1000}) {
    EXPECT_EQ(Keys("\x1b[200~" + text + "\x1b[201~x", piece),
              (std::vector<Key>{{Kind::kPaste, "one\ntwo\nthree\x1b[A \x03"}, {Kind::kText, "x"}}));
  }
  const std::vector<Key> keys = Keys("\x1b[200~" + std::string(3 << 20, 'a') + "\x1b[201~x", 4096);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].text.size(), KeyDecoder::kPasteBytesMax + 1);
}

TEST(KeyDecoder, AnyBytesEnd) {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (int i = 0; i < 40; ++i) bytes += "\x1b[O~;0123456789uAM\r\xe4\xbd\xa0\xff"[random.Below(23)];
    const std::vector<Key> whole = Keys(bytes);
    EXPECT_EQ(Keys(bytes, 1), whole);
  }
}

}  // namespace
}  // namespace pano::terminal
