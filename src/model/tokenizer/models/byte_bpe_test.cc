#include "model/tokenizer/models/byte_bpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "model/tokenizer/models/bpe.h"
#include "model/tokenizer/text/byte_level.h"

namespace pano::tokenizer {
namespace {

std::string Written(std::string_view bytes) {
  std::string text;
  AppendByteLevel(text, bytes);
  return text;
}

// Random merges over a few letters, so that pieces merge deeply; the vocabulary has all bytes.
struct Made {
  Vocabulary vocabulary;
  std::unique_ptr<BpeModel> model;
  std::unique_ptr<const ByteBpe> bpe;
};

std::unique_ptr<Made> Make(uint32_t seed, bool by_scores, bool ignore_merges) {
  std::mt19937 rng(seed);
  auto made = std::make_unique<Made>();
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.push_back(std::string(1, static_cast<char>(byte)));
  std::set<std::string> known(pieces.begin(), pieces.end());
  std::vector<std::string> parts = {"a", "b", "c", " ", "\xc3", "\xa9"};
  std::vector<std::pair<std::string, std::string>> merges;
  while (merges.size() < 150) {
    const std::string left = parts[rng() % parts.size()];
    const std::string right = parts[rng() % parts.size()];
    if (left.size() + right.size() > 30) continue;
    merges.emplace_back(Written(left), Written(right));
    if (known.insert(left + right).second) {
      pieces.push_back(left + right);
      parts.push_back(left + right);
    }
  }
  pieces.push_back("cab" + std::string(25, 'c') + "no merge makes this");
  for (size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_TRUE(
        made->vocabulary.Add(Written(pieces[i]), static_cast<int64_t>(i), pieces.size()).ok());
  }
  BpeModel::Options options;
  options.ignore_merges = ignore_merges;
  std::vector<float> scores;
  for (size_t i = 0; i < pieces.size(); ++i) scores.push_back(-static_cast<float>(i));
  auto model = by_scores ? BpeModel::FromScores(made->vocabulary, scores, options)
                         : BpeModel::FromMerges(made->vocabulary, merges, options);
  EXPECT_TRUE(model.ok()) << model.status().message();
  made->model = *std::move(model);
  made->bpe = made->model->ForBytes();
  EXPECT_NE(made->bpe, nullptr);
  return made;
}

std::string RandomPiece(std::mt19937& rng) {
  const size_t lengths[] = {1, 2, 3, 5, 8, 9, 15, 16, 17, 23, 24, 25, 40, 63, 64, 65, 66, 200};
  std::string piece;
  const size_t size = lengths[rng() % std::size(lengths)];
  const char letters[] = "aaabbc \xc3\xa9";
  while (piece.size() < size)
    piece += rng() % 50 == 0 ? static_cast<char>(rng()) : letters[rng() % 9];
  return piece;
}

std::vector<TokenId> ByModel(const Made& made, const std::vector<std::string>& pieces) {
  std::vector<TokenId> ids;
  for (const std::string& piece : pieces) EXPECT_TRUE(made.model->Encode(Written(piece), ids).ok());
  return ids;
}

// The pieces one behind the other in a buffer that ends with them.
std::vector<TokenId> ByBytes(const Made& made, const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  const std::unique_ptr<char[]> text(new char[all.size()]);
  std::copy(all.begin(), all.end(), text.get());
  std::vector<std::string_view> views;
  size_t begin = 0;
  for (const std::string& piece : pieces) {
    views.emplace_back(text.get() + begin, piece.size());
    begin += piece.size();
  }
  std::vector<TokenId> ids;
  made.bpe->Encode(views, text.get() + all.size(), ids);
  return ids;
}

TEST(ByteBpe, GivesWhatTheModelGives) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    const auto made = Make(seed, seed % 3 == 2, seed % 2 == 0);
    std::mt19937 rng(seed);
    for (int i = 0; i < 60; ++i) {
      std::vector<std::string> pieces;
      for (size_t count = 1 + rng() % 150; count > 0; --count) pieces.push_back(RandomPiece(rng));
      pieces.push_back("cab" + std::string(25, 'c') + "no merge makes this");
      const std::vector<TokenId> expected = ByModel(*made, pieces);
      ASSERT_EQ(ByBytes(*made, pieces), expected);
      ASSERT_EQ(ByBytes(*made, pieces), expected);  // now from the cache
    }
  }
}

// A merge list can have entries that merging never gives: those must not be looked up.
TEST(ByteBpe, LooksUpOnlyWhatMergingGives) {
  Vocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    ASSERT_TRUE(vocabulary.Add(Written(std::string(1, static_cast<char>(byte))), byte, 300).ok());
  }
  ASSERT_TRUE(vocabulary.Add("ab", 256, 300).ok() && vocabulary.Add("bc", 257, 300).ok() &&
              vocabulary.Add("abc", 258, 300).ok());
  for (bool ignore_merges : {false, true}) {
    BpeModel::Options options;
    options.ignore_merges = ignore_merges;
    const auto model =
        BpeModel::FromMerges(vocabulary, {{"b", "c"}, {"a", "b"}, {"ab", "c"}}, options);
    ASSERT_TRUE(model.ok());
    std::vector<TokenId> ids;
    const std::string_view piece = "abc";
    (*model)->ForBytes()->Encode({&piece, 1}, piece.data() + piece.size(), ids);
    EXPECT_EQ(ids, ignore_merges ? std::vector<TokenId>{258} : (std::vector<TokenId>{'a', 257}));
  }
}

TEST(ByteBpe, TokenizersOfOneThreadDoNotMix) {
  const auto first = Make(1, false, false);
  const auto second = Make(2, false, false);
  std::mt19937 rng(3);
  for (int i = 0; i < 300; ++i) {
    const std::vector<std::string> pieces = {RandomPiece(rng), RandomPiece(rng)};
    ASSERT_EQ(ByBytes(*first, pieces), ByModel(*first, pieces));
    ASSERT_EQ(ByBytes(*second, pieces), ByModel(*second, pieces));
  }
}

TEST(ByteBpe, ThreadsShareOne) {
  const auto made = Make(5, false, false);
  std::mt19937 rng(6);
  std::vector<std::string> pieces;
  for (int i = 0; i < 500; ++i) pieces.push_back(RandomPiece(rng));
  const std::vector<TokenId> expected = ByModel(*made, pieces);
  std::atomic<int> equal = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { equal += ByBytes(*made, pieces) == expected ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, 4);
}

TEST(ByteBpe, NeedsEveryByte) {
  Vocabulary vocabulary;
  ASSERT_TRUE(vocabulary.Add("a", 0, 1).ok());
  EXPECT_EQ((*BpeModel::FromMerges(vocabulary, {}, {}))->ForBytes(), nullptr);
}

}  // namespace
}  // namespace pano::tokenizer
