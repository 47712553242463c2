#include "model/tokenizer/train/merged_vocabulary.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <unordered_set>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/text/byte_level.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kMergesPerReport = 64;
constexpr uint64_t kAlwaysThere = UINT64_MAX;   // a count that no limit removes

// Keeps the `limit` entries with the highest counts; of equal ones the smaller keys.
template <typename Key>
void LimitAlphabet(std::map<Key, uint64_t>& alphabet, std::optional<int64_t> limit) {
  if (!limit || alphabet.size() <= static_cast<size_t>(*limit)) return;
  std::vector<std::pair<Key, uint64_t>> by_count(alphabet.begin(), alphabet.end());
  std::stable_sort(by_count.begin(), by_count.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (size_t i = static_cast<size_t>(*limit); i < by_count.size(); ++i) {
    alphabet.erase(by_count[i].first);
  }
}

Status NoRoom(const TokenizerRecipe& recipe, size_t special, size_t alphabet) {
  return InvalidArgument(StrCat("vocab is ", recipe.vocab, ", which cannot hold ", special,
                                " special tokens and an alphabet of ", alphabet, ": at least ",
                                special + alphabet, ", or a limit_alphabet"))
      .WithField("vocab");
}

template <typename Visit>
void ForEachCharacter(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    PANO_CHECK(length > 0);   // counted words are well-formed
    visit(Utf8Decode(text, length));
    text.remove_prefix(length);
  }
}

std::string Written(char32_t c) {
  std::string out;
  Utf8Append(out, c);
  return out;
}

// The code point that writes the byte in a byte-level vocabulary.
char32_t CharacterOf(unsigned byte) {
  std::string text;
  AppendByteLevel(text, std::string(1, static_cast<char>(byte)));
  return Utf8Decode(text, text.size());
}

// The character's place in the order of the alphabet -> count.
std::map<char32_t, uint64_t> CountBytes(const WordCounts& words, const TokenizerRecipe& recipe) {
  std::array<uint64_t, 256> counts{};
  for (const CountedWord& word : words.words) {
    for (char c : word.text) counts[static_cast<unsigned char>(c)] += word.count;
  }
  std::map<char32_t, uint64_t> alphabet;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (recipe.initial_bytes) alphabet[CharacterOf(byte)] = kAlwaysThere;
    else if (counts[byte] > 0) alphabet[CharacterOf(byte)] = counts[byte];
  }
  LimitAlphabet(alphabet, recipe.limit_alphabet);
  return alphabet;
}

}  // namespace

TokenId MergedVocabulary::Add(std::string_view text) {
  const auto [entry, fresh] = ids_.emplace(text, static_cast<TokenId>(tokens_.size()));
  if (fresh) tokens_.emplace_back(text);
  return entry->second;
}

Status MergedVocabulary::LearnMerges(PairMerger& merger, const TokenizerRecipe& recipe,
                                     std::string_view prefix, const TokenizerProgressFn& progress) {
  const auto wanted = static_cast<size_t>(recipe.vocab);
  const auto count_min = static_cast<uint64_t>(std::max<int64_t>(1, recipe.min_frequency));
  // An entry that is made a second time ("ab" + "c", "a" + "bc") can bring a pair back that was
  // merged before: it is merged again, but needs no second rule.
  std::unordered_set<uint64_t> known;
  for (size_t done = 0; size() < wanted; ++done) {
    if (progress && done % kMergesPerReport == 0 && !progress({"merges", size(), wanted})) {
      return Status(StatusCode::kCancelled, "the training was ended");
    }
    const std::optional<PairMerger::Pair> best = merger.Best();
    if (!best || best->count < count_min) break;
    std::string_view right = tokens_[static_cast<size_t>(best->right)];
    if (!prefix.empty() && right.starts_with(prefix)) right.remove_prefix(prefix.size());
    const TokenId id = Add(StrCat(tokens_[static_cast<size_t>(best->left)], right));
    merger.Merge(*best, id);
    const uint64_t key = (static_cast<uint64_t>(static_cast<uint32_t>(best->left)) << 32) |
                         static_cast<uint32_t>(best->right);
    if (known.insert(key).second) merges_.emplace_back(best->left, best->right);
  }
  return {};
}

Result<MergedVocabulary> LearnByteBpe(const WordCounts& words, const TokenizerRecipe& recipe,
                                      const TokenizerProgressFn& progress) {
  MergedVocabulary vocabulary;
  for (const std::string& token : SpecialTokens(recipe)) vocabulary.Add(token);
  const size_t special = vocabulary.size();
  const std::map<char32_t, uint64_t> alphabet = CountBytes(words, recipe);
  std::array<unsigned, 256> order;
  std::iota(order.begin(), order.end(), 0u);
  if (recipe.tie_rule == TieRule::kIds) {
    std::sort(order.begin(), order.end(),
              [](unsigned a, unsigned b) { return CharacterOf(a) < CharacterOf(b); });
  }
  std::array<TokenId, 256> id_of;
  id_of.fill(-1);
  for (unsigned byte : order) {
    const char32_t character = CharacterOf(byte);
    if (alphabet.contains(character)) id_of[byte] = vocabulary.Add(Written(character));
  }
  if (vocabulary.size() > static_cast<size_t>(recipe.vocab)) {
    return NoRoom(recipe, special, vocabulary.size() - special);
  }
  PairMerger merger(recipe.max_token_length);
  size_t bytes = 0;
  for (const CountedWord& word : words.words) bytes += word.text.size();
  merger.Reserve(bytes);
  std::vector<int32_t> ids;
  for (const CountedWord& word : words.words) {
    ids.clear();
    for (char c : word.text) {
      const TokenId id = id_of[static_cast<unsigned char>(c)];
      if (id >= 0) ids.push_back(id);
    }
    PANO_RETURN_IF_ERROR(merger.AddWord(ids, word.count));
  }
  PANO_RETURN_IF_ERROR(vocabulary.LearnMerges(merger, recipe, "", progress));
  return vocabulary;
}

Result<MergedVocabulary> LearnWordPiece(const WordCounts& words, const TokenizerRecipe& recipe,
                                        const TokenizerProgressFn& progress) {
  MergedVocabulary vocabulary;
  for (const std::string& token : SpecialTokens(recipe)) vocabulary.Add(token);
  const size_t special = vocabulary.size();
  std::map<char32_t, uint64_t> alphabet;
  for (const CountedWord& word : words.words) {
    ForEachCharacter(word.text, [&](char32_t c) { alphabet[c] += word.count; });
  }
  for (const std::string& character : recipe.initial_alphabet) {
    alphabet[Utf8Decode(character, character.size())] = kAlwaysThere;
  }
  LimitAlphabet(alphabet, recipe.limit_alphabet);
  std::map<char32_t, std::pair<TokenId, TokenId>> ids_of;   // at the start of a word, and inside one
  for (const auto& [c, count] : alphabet) ids_of[c] = {vocabulary.Add(Written(c)), -1};

  size_t symbols = 0;
  std::map<char32_t, bool> inside;
  for (const CountedWord& word : words.words) {
    bool first = true;
    ForEachCharacter(word.text, [&](char32_t c) {
      if (!first && alphabet.contains(c)) inside[c] = true;
      first = false;
      ++symbols;
    });
  }
  for (const auto& [c, there] : inside) {
    ids_of[c].second = vocabulary.Add(StrCat(kContinuingPrefix, Written(c)));
  }
  if (vocabulary.size() > static_cast<size_t>(recipe.vocab)) {
    return NoRoom(recipe, special, vocabulary.size() - special);
  }
  PairMerger merger(recipe.max_token_length);
  merger.Reserve(symbols);
  std::vector<int32_t> ids;
  for (const CountedWord& word : words.words) {
    ids.clear();
    bool first = true;
    ForEachCharacter(word.text, [&](char32_t c) {
      const auto found = ids_of.find(c);
      if (found != ids_of.end()) ids.push_back(first ? found->second.first : found->second.second);
      first = false;
    });
    PANO_RETURN_IF_ERROR(merger.AddWord(ids, word.count));
  }
  PANO_RETURN_IF_ERROR(vocabulary.LearnMerges(merger, recipe, kContinuingPrefix, progress));
  return vocabulary;
}

}  // namespace pano::tokenizer
