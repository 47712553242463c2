#include "model/tokenizer/decode/decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace pano::tokenizer {
namespace {

Decoder Parsed(std::string_view text) {
  const Result<json::Value> value = json::Parse(text);
  EXPECT_TRUE(value.ok());
  Result<Decoder> decoder = MakeDecoder(Field(*value, "decoder"));
  EXPECT_TRUE(decoder.ok()) << decoder.status().message();
  return decoder.ok() ? *std::move(decoder) : Decoder();
}

std::string Decode(const Decoder& decoder, const std::vector<std::string>& pieces, bool early = false) {
  Decoder::Run run(decoder, early);
  std::string text;
  for (const std::string& piece : pieces) run.Push(piece, text);
  run.Flush(text);
  return text;
}

constexpr const char* kLlama = R"({"type": "Sequence", "decoders": [
  {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
  {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";

TEST(Decoder, SentencePieceDropsOneSpaceInFront) {
  const Decoder decoder = Parsed(kLlama);
  EXPECT_EQ(Decode(decoder, {"▁", "▁a", "▁b"}), " a b");
  EXPECT_EQ(Decode(decoder, {"<s>", "▁a"}), "<s> a");
  EXPECT_EQ(decoder.Inner("▁a"), " a");
  EXPECT_EQ(decoder.Inner("<0x0A>"), "\n");
}

TEST(Decoder, AnIllFormedRunOfBytesIsReplacedWhole) {
  const Decoder decoder = Parsed(kLlama);
  EXPECT_EQ(Decode(decoder, {"<0xE4>", "<0xBD>", "<0xA0>"}), "你");
  EXPECT_EQ(Decode(decoder, {"<0xE4>", "<0xBD>", "<0xA0>", "<0xFF>", "x"}), "����x");
  // Streaming has given out the whole character before.
  EXPECT_EQ(Decode(decoder, {"<0xE4>", "<0xBD>", "<0xA0>", "<0xFF>", "x"}, true), "你�x");
  EXPECT_EQ(Decode(decoder, {"<0xE4>", "<0xBD>"}, true), "��");
}

TEST(Decoder, OtherTypes) {
  EXPECT_EQ(Decode(Parsed("null"), {"a", "b"}), "a b");
  EXPECT_EQ(Decode(Parsed(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})"),
                   {"▁a", "▁b"}), "a b");
  EXPECT_EQ(Decode(Parsed(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"})"),
                   {"▁a", "▁b"}), " a b");
  EXPECT_EQ(Decode(Parsed(R"({"type": "Strip", "content": "-", "start": 1, "stop": 2})"),
                   {"--a---", "-", "b"}), "-a-b");
  const char* fused = R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
    {"type": "Strip", "content": "-", "start": 2, "stop": 1}]})";
  EXPECT_EQ(Decode(Parsed(fused), {"-", "--a-", "-", "b-", "-"}), "-a--b-");
  EXPECT_EQ(Decode(Parsed(R"({"type": "ByteLevel"})"), {"Ġa", "Ã", "©", "\u4f60"}), " aé你");
}

TEST(Decoder, WordsAndTheirParts) {
  const Decoder pieces = Parsed(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})");
  EXPECT_EQ(Decode(pieces, {"##a", "b", "##c", ",", "do", "n't", "##", "x ."}), "##a bc, don't x.");
  EXPECT_EQ(pieces.Inner("b"), " b");
  EXPECT_EQ(pieces.Inner("##b"), "b");
  EXPECT_EQ(Decode(Parsed(R"({"type": "WordPiece", "prefix": "##", "cleanup": false})"), {"a", ",", "##b"}), "a ,b");
  const Decoder ends = Parsed(R"({"type": "BPEDecoder", "suffix": "</w>"})");
  EXPECT_EQ(Decode(ends, {"a", "b</w>", "c</w>"}), "ab c");
  Decoder::Run run(ends, /*early=*/true);
  std::string text;
  run.Push("b</w>", text);
  EXPECT_EQ(text, "b");      // whether a space follows is not known yet
  run.Push("c", text);
  EXPECT_EQ(text, "b c");
}

TEST(Decoder, RefusesByName) {
  for (const char* text : {R"({"type": "CTC"})", R"({"type": "BPEDecoder", "suffix": ""})",
                           R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "WordPiece", "prefix": "#"}]})",
                           R"({"type": "Sequence", "decoders": [{"type": "ByteLevel"}, {"type": "Strip"}]})"}) {
    const Result<json::Value> value = json::Parse(text);
    const Result<Decoder> decoder = MakeDecoder(Field(*value, "decoder"));
    ASSERT_FALSE(decoder.ok()) << text;
    EXPECT_EQ(decoder.status().code(), StatusCode::kUnimplemented) << decoder.status().message();
  }
}

}  // namespace
}  // namespace pano::tokenizer
