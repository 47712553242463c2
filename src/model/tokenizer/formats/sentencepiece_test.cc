#include <gtest/gtest.h>

#include <string>

#include "base/env.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/sentencepiece_file.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

using testing::SentencePieceFile;
using testing::SmallCharsmap;
using testing::SmallSentencePiece;
using Kind = SentencePieceModel::Kind;
using Type = SentencePieceModel::PieceType;

TokenizerPtr Make(const SentencePieceModel& model, std::string_view charsmap = {}, const json::Value& config = {}) {
  Result<TokenizerPtr> made = TokenizerFromSentencePiece(SentencePieceFile(model, charsmap), config);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? *made : nullptr;
}

std::string Pieces(const Tokenizer& tokenizer, std::string_view text) {
  EncodeOptions options;
  options.add_special_tokens = tokenizer.adds_special_tokens_by_default();
  options.parse_special = tokenizer.parses_special_by_default();
  Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
  if (!ids.ok()) return ids.status().message();
  std::string out;
  for (TokenId id : *ids) out += StrCat(out.empty() ? "" : "|", tokenizer.Piece(id));
  return out;
}

void AddBytes(SentencePieceModel& model) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (size_t byte = 0; byte < 256; ++byte) {
    model.pieces.push_back({{'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'}, 0, Type::kByte});
  }
  model.byte_fallback = true;
}

TEST(SentencePiece, BpeMergesByScore) {
  const TokenizerPtr t = Make(SmallSentencePiece(Kind::kBpe, {"ab", "bc", "▁a", "a", "b", "c", "▁"}));
  EXPECT_EQ(Pieces(*t, "abc"), "▁|ab|c");
  EXPECT_EQ(Pieces(*t, "  xyz   ab "), "▁|<unk>|▁|ab");    // a run of unknown characters is one
  EXPECT_EQ(Pieces(*t, "<s>"), "▁|<unk>");                 // control tokens are not read from text
  EXPECT_EQ(t->Encode("<s>", {.add_special_tokens = false}).value(), (std::vector<TokenId>{1}));
  EXPECT_EQ(t->Encode("a").value(), (std::vector<TokenId>{1, 5}));
  EXPECT_FALSE(t->adds_special_tokens_by_default());
}

TEST(SentencePiece, UnigramTakesTheBestCut) {
  SentencePieceModel model = SmallSentencePiece(Kind::kUnigram, {"a", "b", "▁", "ab"});
  model.pieces.push_back({"aab", -1, Type::kUnused});
  const TokenizerPtr t = Make(model);
  EXPECT_EQ(Pieces(*t, "aab b"), "▁|a|a|b|▁|b");
  EXPECT_EQ(Pieces(*t, "é"), "▁|<unk>");
}

TEST(SentencePiece, UserDefinedSymbolsComeFirst) {
  for (Kind kind : {Kind::kBpe, Kind::kUnigram}) {
    SentencePieceModel model = SmallSentencePiece(kind, {"ab", "▁", "a", "b", "<sep", ">"});
    model.pieces.push_back({"<sep>", 0, Type::kUserDefined});
    model.pieces.push_back({"bA", 0, Type::kUserDefined});
    // A rule for 'A' does not apply inside a symbol.
    const TokenizerPtr t = Make(model, SmallCharsmap({{'A', "b"}}));
    EXPECT_EQ(Pieces(*t, "a<sep>bAA"), "▁|a|<sep>|bA|b") << static_cast<int>(kind);
  }
}

TEST(SentencePiece, Normalizes) {
  SentencePieceModel model = SmallSentencePiece(Kind::kUnigram, {"a", "▁", "b"});
  const std::string charsmap = SmallCharsmap({{'\t', " "}, {'x', "ab"}, {'z', ""}});
  EXPECT_EQ(Pieces(*Make(model, charsmap), "\t zx\t\tza \t"), "▁|a|b|▁|a");
  model.rules.remove_extra_whitespaces = false;
  EXPECT_EQ(Pieces(*Make(model, charsmap), " a "), "▁|▁|a|▁");
  model.rules.add_dummy_prefix = false;
  EXPECT_EQ(Pieces(*Make(model), "a b"), "a|▁|b");
  model.rules.add_dummy_prefix = model.rules.whitespace_as_suffix = true;
  EXPECT_EQ(Pieces(*Make(model), "a b"), "a|▁|b|▁");
  EXPECT_EQ(Pieces(*Make(model), ""), "");
}

TEST(SentencePiece, DecodesAsTheOriginal) {
  SentencePieceModel model = SmallSentencePiece(Kind::kBpe, {"▁a", "▁", "b"});
  AddBytes(model);
  const TokenizerPtr t = Make(model);
  const auto byte = [](int value) { return 6 + value; };
  const auto text = [&](const std::vector<TokenId>& ids) {
    const auto stream = t->Stream(false);
    std::string streamed;
    for (TokenId id : ids) streamed += stream->Push(id);
    streamed += stream->Flush();
    const std::string decoded = t->Decode(ids, false).value();
    EXPECT_EQ(streamed, decoded);
    return decoded;
  };
  EXPECT_EQ(text({1, 3, 3, 2}), "a a");
  EXPECT_EQ(text({4, 4, 3}), "a");                 // all spaces in front go
  EXPECT_EQ(text({5, 0, 4, 5}), "b \u2047  b");
  EXPECT_EQ(text({byte(0xc3), byte(0xa9), byte(0xc3), 5}), "é\ufffdb");
  EXPECT_EQ(text({byte(0xe4), byte(0xbd)}), "\ufffd\ufffd");
  EXPECT_EQ(t->Bytes(byte(0xc3)), "\xc3");
  EXPECT_EQ(t->Bytes(1), "");
  EXPECT_EQ(Pieces(*t, "é"), "▁|<0xC3>|<0xA9>");
  model.rules.remove_extra_whitespaces = false;
  model.unknown_surface = "?";
  const TokenizerPtr keeps = Make(model);
  EXPECT_EQ(keeps->Decode(std::vector<TokenId>{4, 4, 0, 3}, false).value(), " ? a");   // only one space goes
}

TEST(SentencePiece, ConfigSaysWhatIsAdded) {
  const SentencePieceModel model = SmallSentencePiece(Kind::kBpe, {"▁", "a"});
  const json::Value config = json::Parse(R"({"add_bos_token": false, "add_eos_token": true})").value();
  EXPECT_EQ(Make(model, {}, config)->Encode("a").value(), (std::vector<TokenId>{3, 4, 2}));
  SentencePieceModel without_bos = model;
  without_bos.bos_piece = "nothing";
  EXPECT_EQ(Make(without_bos)->Encode("a").value(), (std::vector<TokenId>{3, 4, 2}));
}

TEST(SentencePiece, RefusesWhatContradictsItself) {
  const auto status = [](const SentencePieceModel& model, std::string_view charsmap = {}) {
    return TokenizerFromSentencePiece(SentencePieceFile(model, charsmap), {}).status();
  };
  const SentencePieceModel good = SmallSentencePiece(Kind::kBpe, {"▁", "a"});
  EXPECT_TRUE(status(good).ok());
  SentencePieceModel bad = good;
  bad.pieces[0].type = Type::kNormal;
  EXPECT_EQ(status(bad).code(), StatusCode::kCorruption);
  bad = good;
  bad.pieces.push_back({"<0x41>", 0, Type::kByte});
  EXPECT_EQ(status(bad).code(), StatusCode::kCorruption);
  bad = good;
  bad.byte_fallback = true;
  EXPECT_EQ(status(bad).code(), StatusCode::kCorruption);
  bad = good;
  bad.pieces.push_back({"a", 0, Type::kNormal});
  EXPECT_EQ(status(bad).code(), StatusCode::kCorruption);
  bad = good;
  bad.kind = Kind::kWord;
  EXPECT_EQ(status(bad).code(), StatusCode::kUnimplemented);
  bad = good;
  bad.pieces.push_back({"b", 0, Type::kUnused});
  EXPECT_EQ(status(bad).code(), StatusCode::kUnimplemented);
  EXPECT_EQ(status(good, "abcd").code(), StatusCode::kCorruption);
  const std::string file = SentencePieceFile(good, SmallCharsmap({{'x', "y"}}));
  for (size_t length = 0; length < file.size(); ++length) {   // cut off anywhere: refused or read, never worse
    static_cast<void>(TokenizerFromSentencePiece(std::string_view(file).substr(0, length), {}).ok());
  }
}

TEST(SentencePiece, LoadsFromFileAndFolder) {
  const std::string folder = ::testing::TempDir();
  const std::string path = JoinPath(folder, "tokenizer.model");
  ASSERT_TRUE(WriteFile(path, SentencePieceFile(SmallSentencePiece(Kind::kBpe, {"▁", "a"}))).ok());
  for (const std::string& from : {path, folder}) {
    const Result<TokenizerPtr> made = LoadTokenizer(from);
    ASSERT_TRUE(made.ok()) << made.status().message();
    EXPECT_EQ((*made)->bos(), 1);
    EXPECT_EQ((*made)->eos(), 2);
  }
  std::remove(path.c_str());
}

TEST(SentencePiece, LongTextsAreNotQuadratic) {
  std::string emoji;
  while (emoji.size() < (1u << 20)) emoji += "\U0001F600";
  for (Kind kind : {Kind::kBpe, Kind::kUnigram}) {
    SentencePieceModel model = SmallSentencePiece(kind, {"a", "aa", "aaaa", "▁", "▁▁", "▁▁▁▁"});
    model.rules.remove_extra_whitespaces = false;
    AddBytes(model);
    const TokenizerPtr t = Make(model);
    for (const std::string& text : {std::string(1 << 20, 'a'), std::string(1 << 20, ' '), emoji}) {
      const Result<std::vector<TokenId>> ids = t->Encode(text, {.add_special_tokens = false});
      ASSERT_TRUE(ids.ok()) << ids.status().message();
      EXPECT_EQ(t->Decode(*ids, false).value(), text);
    }
  }
}

TEST(Tiktoken, RanksAreMergesAndIds) {
  const std::string ranks = "YQ== 0\nYg== 1\nYw== 2\nYmM= 3\nYWI= 4\r\nIA== 5\n\nIGE= 6\n";   // a b c bc ab ' ' ' a'
  const json::Value special = json::Parse(R"({"<|end|>": 9, "ab": 8, "\u00e9": 10})").value();
  const Result<TokenizerPtr> made = TokenizerFromTiktoken(ranks, R"([a-z]+|\s)", special);
  ASSERT_TRUE(made.ok()) << made.status().message();
  const Tokenizer& t = **made;
  EXPECT_EQ(t.Encode("abc ab", {.parse_special = false}).value(), (std::vector<TokenId>{0, 3, 5, 4}));
  EXPECT_EQ(t.Encode("abc<|end|>").value(), (std::vector<TokenId>{8, 2, 9}));
  EXPECT_EQ(t.Encode("a!!b").value(), (std::vector<TokenId>{0, 1}));   // what the pattern leaves out is dropped
  EXPECT_EQ(t.Decode(std::vector<TokenId>{6, 4, 9, 8, 10}, false).value(), " aab<|end|>ab\u00e9");
  EXPECT_EQ(t.vocab_size(), 11);
  EXPECT_TRUE(t.IsSpecial(8));
}

TEST(Tiktoken, NamesTheLineThatIsWrong) {
  for (const char* ranks : {"", "\n", "YQ==\n", "YQ== x\n", "Y 0\n", "YQ== 0\nYQ== 1\n", "YQ== 0\nYg== 0\n",
                            "YQ== -1\n", "YQ== 99999999999\n", " 0\n"}) {
    EXPECT_EQ(TokenizerFromTiktoken(ranks, "qwen", {}).status().code(), StatusCode::kCorruption) << ranks;
  }
  EXPECT_EQ(TokenizerFromTiktoken("YQ== 0\n", "(", {}).status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(TokenizerFromTiktoken("YQ== 0\n", "qwen", json::Value(7)).status().code(), StatusCode::kCorruption);
  const std::string path = JoinPath(::testing::TempDir(), "mine.tiktoken");
  ASSERT_TRUE(WriteFile(path, "YQ== 0\n").ok());
  EXPECT_EQ(LoadTokenizer(path).status().code(), StatusCode::kInvalidArgument);
  LoadOptions options;
  options.pattern = "o200k";
  EXPECT_TRUE(LoadTokenizer(path, options).ok());
}

}  // namespace
}  // namespace pano::tokenizer
