#include "app/constraints/vocabulary.h"

#include <gtest/gtest.h>

#include "app/constraints/testing/fake_vocabulary.h"
#include "base/strings.h"

namespace pano::constraints {
namespace {

using testing::ByteTokenizer;

Source Regex(int i) { return {.kind = Kind::kRegex, .text = StrCat("a{", i, "}")}; }

GrammarPtr Compiled(Vocabulary& vocabulary, const Source& source) {
  auto grammar = BuildGrammar(source);
  return *grammar::CompiledGrammar::Compile(*std::move(grammar), *vocabulary.Table());
}

TEST(Vocabulary, SpecialTokensAreNoText) {
  Vocabulary vocabulary(std::make_shared<ByteTokenizer>(), 300);
  auto table = *vocabulary.Table();
  EXPECT_EQ(table->vocab_size(), 258);
  EXPECT_EQ(table->Bytes('a'), "a");
  EXPECT_EQ(table->Bytes(256), "");
  EXPECT_EQ(*vocabulary.Table(), table);
  // A model with fewer rows than its tokenizer has entries.
  EXPECT_EQ((*Vocabulary(std::make_shared<ByteTokenizer>(), 100).Table())->vocab_size(), 100);
}

TEST(Vocabulary, KeepsWhatWasUsedLast) {
  Vocabulary vocabulary(std::make_shared<ByteTokenizer>(), 258, 40000);
  int kept = 0;
  for (int i = 1; i <= 50; ++i) {
    vocabulary.Keep(Regex(i), Compiled(vocabulary, Regex(i)));
    EXPECT_TRUE(vocabulary.Find(Regex(i)));
    EXPECT_TRUE(i == 1 || vocabulary.Find(Regex(1))) << i;  // looked at again and again
    EXPECT_LE(vocabulary.cached_bytes(), 40000u);
  }
  for (int i = 1; i <= 50; ++i) kept += vocabulary.Find(Regex(i)).has_value();
  EXPECT_GE(kept, 2);
  EXPECT_LT(kept, 50);
}

TEST(Vocabulary, WhatIsTooLargeIsNotKept) {
  Vocabulary vocabulary(std::make_shared<ByteTokenizer>(), 258, 100);
  vocabulary.Keep(Regex(3), Compiled(vocabulary, Regex(3)));
  EXPECT_FALSE(vocabulary.Find(Regex(3)));
  EXPECT_EQ(vocabulary.cached_bytes(), 0u);
}

TEST(Vocabulary, RefusalsAreKeptToo) {
  Vocabulary vocabulary(std::make_shared<ByteTokenizer>(), 258);
  vocabulary.Keep({.kind = Kind::kRegex, .text = "("}, InvalidArgument("no"));
  auto found = vocabulary.Find({.kind = Kind::kRegex, .text = "("});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->error().message(), "no");
  // Of another kind it is another source.
  EXPECT_FALSE(vocabulary.Find({.kind = Kind::kGbnf, .text = "("}));
}

// Half a million refusals would fit, and each new one measured all of them.
TEST(Vocabulary, KeepsSoManyAndNoMore) {
  Vocabulary vocabulary(std::make_shared<ByteTokenizer>(), 258);
  const auto source = [](size_t i) { return Source{.kind = Kind::kRegex, .text = StrCat("(", i)}; };
  constexpr size_t kMore = Vocabulary::kCacheEntriesMax + 10;
  for (size_t i = 0; i < kMore; ++i) vocabulary.Keep(source(i), InvalidArgument("no"));
  size_t kept = 0;
  for (size_t i = 0; i < kMore; ++i) kept += vocabulary.Find(source(i)).has_value();
  EXPECT_EQ(kept, Vocabulary::kCacheEntriesMax);
}

}  // namespace
}  // namespace pano::constraints
