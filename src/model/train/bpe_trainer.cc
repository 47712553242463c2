#include "model/train/bpe_trainer.h"

#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "base/strings.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/byte_level.h"

namespace pano::train {
namespace {

constexpr int32_t kFirstByteId = 1;
constexpr size_t kByteCount = 256;

using Pair = uint64_t;
Pair MakePair(int32_t left, int32_t right) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
}
int32_t Left(Pair pair) { return static_cast<int32_t>(pair >> 32); }
int32_t Right(Pair pair) { return static_cast<int32_t>(pair & 0xFFFFFFFFu); }

struct Word {
  std::vector<int32_t> ids;
  int64_t count = 0;
};

// The distinct words with how often adjacent ids occur, kept up to date from merge to merge.
// Confined to one thread.
class PairCounts {
 public:
  explicit PairCounts(std::vector<Word> words) : words_(std::move(words)) {
    for (size_t w = 0; w < words_.size(); ++w) AddWord(w, 1);
  }

  // The pair to merge next and how often it occurs; {0, 0} when there is none.
  std::pair<Pair, int64_t> Best() const {
    std::pair<Pair, int64_t> best{0, 0};
    for (const auto& [pair, count] : counts_) {
      if (count > best.second || (count == best.second && pair < best.first)) best = {pair, count};
    }
    return best;
  }

  void Merge(Pair pair, int32_t id) {
    // Words that held the pair once may have lost it since; that costs a look, no more.
    std::unordered_set<size_t> where = std::move(where_[pair]);
    where_.erase(pair);
    for (size_t w : where) {
      AddWord(w, -1);
      std::vector<int32_t>& ids = words_[w].ids;
      size_t out = 0;
      for (size_t i = 0; i < ids.size(); ++out) {
        bool match = i + 1 < ids.size() && ids[i] == Left(pair) && ids[i + 1] == Right(pair);
        ids[out] = match ? id : ids[i];
        i += match ? 2 : 1;
      }
      ids.resize(out);
      AddWord(w, 1);
    }
  }

 private:
  void AddWord(size_t w, int64_t sign) {
    const Word& word = words_[w];
    for (size_t i = 0; i + 1 < word.ids.size(); ++i) {
      Pair pair = MakePair(word.ids[i], word.ids[i + 1]);
      int64_t& count = counts_[pair];
      count += sign * word.count;
      if (count == 0) counts_.erase(pair);
      if (sign > 0) where_[pair].insert(w);
    }
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, int64_t> counts_;
  std::unordered_map<Pair, std::unordered_set<size_t>> where_;
};

// The words as the "ByteLevel" pre-tokenizer of tokenizer.json cuts them.
Result<std::vector<Word>> CountWords(const Stories& stories) {
  PANO_ASSIGN_OR_RETURN(tokenizer::PreTokenizerPtr splitter,
                        tokenizer::ByteLevelPreTokenizer({tokenizer::kGpt2Pattern}));
  std::unordered_map<std::string, int64_t> counts;
  for (const std::string& story : stories) {
    tokenizer::Pieces pieces;
    if (!story.empty()) pieces.list.push_back({story, true});
    PANO_RETURN_IF_ERROR(splitter->Apply(pieces));
    for (const tokenizer::Pieces::Piece& piece : pieces.list) ++counts[std::string(piece.text)];
  }
  std::vector<Word> words;
  words.reserve(counts.size());
  for (const auto& [text, count] : counts) {
    Word word;
    word.count = count;
    std::optional<std::string> bytes = tokenizer::FromByteLevel(text);
    PANO_CHECK(bytes.has_value());
    for (char byte : *bytes) word.ids.push_back(kFirstByteId + static_cast<unsigned char>(byte));
    words.push_back(std::move(word));
  }
  return words;
}

std::string ByteLevelText(std::string_view bytes) {
  std::string out;
  tokenizer::AppendByteLevel(out, bytes);
  return out;
}

json::Value SpecialToken() {
  json::Value token;
  token.Set("id", int64_t{kEndTokenId});
  token.Set("content", kEndToken);
  for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) token.Set(key, false);
  token.Set("special", true);
  return token;
}

json::Value ByteLevelPart(bool use_regex) {
  json::Value part;
  part.Set("type", "ByteLevel");
  part.Set("add_prefix_space", false);
  part.Set("trim_offsets", true);
  part.Set("use_regex", use_regex);
  return part;
}

// [end token] A, and the same twice for a pair.
json::Value BeginTemplate() {
  auto piece = [](const char* kind, std::string_view id, int type) {
    json::Value inner, outer;
    inner.Set("id", id);
    inner.Set("type_id", type);
    outer.Set(kind, std::move(inner));
    return outer;
  };
  json::Value single, pair, special, tokens, out;
  for (json::Value* both : {&single, &pair}) {
    both->Append(piece("SpecialToken", kEndToken, 0));
    both->Append(piece("Sequence", "A", 0));
  }
  pair.Append(piece("SpecialToken", kEndToken, 1));
  pair.Append(piece("Sequence", "B", 1));
  special.Set("id", kEndToken);
  special.Set("ids", json::Array{int64_t{kEndTokenId}});
  special.Set("tokens", json::Array{kEndToken});
  tokens.Set(kEndToken, std::move(special));
  out.Set("type", "TemplateProcessing");
  out.Set("single", std::move(single));
  out.Set("pair", std::move(pair));
  out.Set("special_tokens", std::move(tokens));
  return out;
}

}  // namespace

Result<BpeVocabulary> TrainBpe(const Stories& stories, size_t vocab_size) {
  if (vocab_size < kByteCount + 1 || vocab_size > 65536) {
    return InvalidArgument(
        StrCat("[bpe] vocabulary of ", vocab_size, ", allowed are 257 to 65536"));
  }
  PANO_ASSIGN_OR_RETURN(std::vector<Word> words, CountWords(stories));
  BpeVocabulary vocabulary;
  vocabulary.bytes.emplace_back();
  for (size_t byte = 0; byte < kByteCount; ++byte) {
    vocabulary.bytes.emplace_back(1, static_cast<char>(byte));
  }
  std::unordered_map<std::string, int32_t> id_of;
  PairCounts counts(std::move(words));
  while (vocabulary.size() < vocab_size) {
    auto [pair, count] = counts.Best();
    if (count < 2) break;
    std::string bytes = vocabulary.bytes[static_cast<size_t>(Left(pair))] +
                        vocabulary.bytes[static_cast<size_t>(Right(pair))];
    // "ab" + "c" and "a" + "bc" are one entry.
    auto [entry, fresh] = id_of.emplace(bytes, static_cast<int32_t>(vocabulary.size()));
    if (fresh) vocabulary.bytes.push_back(std::move(bytes));
    counts.Merge(pair, entry->second);
    vocabulary.merges.push_back({Left(pair), Right(pair), entry->second});
  }
  return vocabulary;
}

json::Value TokenizerJson(const BpeVocabulary& vocabulary) {
  json::Value vocab, merges = json::Array(), model, out;
  vocab.Set(kEndToken, int64_t{kEndTokenId});
  auto& members = vocab.as_object();
  for (size_t id = 1; id < vocabulary.size(); ++id) {
    members.emplace_back(ByteLevelText(vocabulary.bytes[id]), static_cast<int64_t>(id));
  }
  auto text = [&](int32_t id) { return ByteLevelText(vocabulary.bytes[static_cast<size_t>(id)]); };
  for (const BpeMerge& merge : vocabulary.merges) {
    merges.Append(StrCat(text(merge.left), " ", text(merge.right)));
  }
  model.Set("type", "BPE");
  for (const char* key :
       {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    model.Set(key, nullptr);
  }
  for (const char* key : {"fuse_unk", "byte_fallback", "ignore_merges"}) model.Set(key, false);
  model.Set("vocab", std::move(vocab));
  model.Set("merges", std::move(merges));

  out.Set("version", "1.0");
  out.Set("truncation", nullptr);
  out.Set("padding", nullptr);
  out.Set("added_tokens", json::Array{SpecialToken()});
  out.Set("normalizer", nullptr);
  out.Set("pre_tokenizer", ByteLevelPart(true));
  out.Set("post_processor", BeginTemplate());
  out.Set("decoder", ByteLevelPart(true));
  out.Set("model", std::move(model));
  return out;
}

json::Value TokenizerConfigJson(int64_t context_length) {
  json::Value out, added, token = SpecialToken();
  token.as_object().erase(token.as_object().begin());  // the id is the key here
  added.Set(StrCat(kEndTokenId), std::move(token));
  out.Set("added_tokens_decoder", std::move(added));
  out.Set("bos_token", kEndToken);
  out.Set("eos_token", kEndToken);
  out.Set("add_bos_token", true);
  out.Set("add_eos_token", false);
  out.Set("clean_up_tokenization_spaces", false);
  out.Set("model_max_length", context_length);
  out.Set("tokenizer_class", "PreTrainedTokenizerFast");
  return out;
}

}  // namespace pano::train
