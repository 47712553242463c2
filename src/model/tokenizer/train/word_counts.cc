#include "model/tokenizer/train/word_counts.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/random.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/normalize/normalizer.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/text/byte_level.h"

namespace pano::tokenizer {
namespace {

constexpr size_t kBlockBytes = 1 << 20;   // of text that one thread takes at a time
constexpr int kBlocksPerThread = 4;
constexpr size_t kSequenceBytesMax = size_t{1} << 30;   // after normalisation and splitting

class TableSink : public PieceSink {
 public:
  explicit TableSink(WordTable& table) : table_(table) {}

 protected:
  void Take(std::span<const std::string_view> pieces) override {
    for (std::string_view piece : pieces) table_.Add(piece);
  }

 private:
  WordTable& table_;
};

// One thread's part of the counting. Confined to one thread at a time.
class Counter {
 public:
  Counter(NormalizerPtr normalizer, PreTokenizerPtr pre_tokenizer, uint64_t seed)
      : normalizer_(std::move(normalizer)), pre_tokenizer_(std::move(pre_tokenizer)), table_(seed) {
    if (pre_tokenizer_) byte_level_ = pre_tokenizer_->byte_level();
  }

  Status Count(std::string_view sequence) {
    if (!Utf8Valid(sequence)) return Corruption("is not UTF-8");
    if (sequence.empty()) return {};
    if (normalizer_) {
      text_.assign(sequence);
      PANO_RETURN_IF_ERROR(normalizer_->Apply(text_));
      sequence = text_;
      if (sequence.empty()) return {};
    }
    if (byte_level_ != nullptr && (byte_level_->scanner || !byte_level_->split)) return CountBytes(sequence);
    return CountPieces(sequence);
  }

  WordTable& table() { return table_; }

 private:
  // Byte-level with a compiled scanner: bytes are never written as characters.
  Status CountBytes(std::string_view sequence) {
    if (byte_level_->add_prefix_space && sequence[0] != ' ') {
      prefixed_.assign(1, ' ').append(sequence);
      sequence = prefixed_;
    }
    if (!byte_level_->scanner) {
      table_.Add(sequence);
      return {};
    }
    TableSink sink(table_);
    byte_level_->scanner->Scan(sequence, sink);
    sink.Flush();
    return {};
  }

  Status CountPieces(std::string_view sequence) {
    Pieces pieces;
    pieces.bytes_max = kSequenceBytesMax;
    pieces.list.push_back({sequence, true});
    if (pre_tokenizer_) PANO_RETURN_IF_ERROR(pre_tokenizer_->Apply(pieces));
    for (const Pieces::Piece& piece : pieces.list) {
      if (byte_level_ == nullptr) {
        table_.Add(piece.text);
      } else {
        const std::optional<std::string> bytes = FromByteLevel(piece.text);
        PANO_CHECK(bytes.has_value());
        table_.Add(*bytes);
      }
    }
    return {};
  }

  const NormalizerPtr normalizer_;         // null: none
  const PreTokenizerPtr pre_tokenizer_;    // null: none
  const ByteLevelSplit* byte_level_ = nullptr;
  WordTable table_;
  std::string text_, prefixed_;
};

// The failure of the earliest sequence, whichever thread met it. Thread-safe.
class FirstFailure {
 public:
  void Report(uint64_t sequence, Status status) {
    const std::lock_guard lock(mu_);
    if (!status_.ok() && sequence_ <= sequence) return;
    sequence_ = sequence;
    status_ = std::move(status);
  }
  Status Take(const SequenceSource& source) const {
    if (status_.ok()) return {};
    return status_.Wrap(StrCat(source.Place(sequence_), ": the sequence"));
  }

 private:
  std::mutex mu_;
  uint64_t sequence_ = 0;
  Status status_;
};

void CountBlock(const SequenceBlock& block, Counter& counter, FirstFailure& failure) {
  size_t begin = 0;
  for (size_t i = 0; i < block.ends.size(); ++i) {
    const auto sequence = std::string_view(block.text).substr(begin, block.ends[i] - begin);
    if (Status status = counter.Count(sequence); !status.ok()) {
      return failure.Report(block.first + i, std::move(status));
    }
    begin = block.ends[i];
  }
}

// The words of all tables, each once.
std::vector<CountedWord> MergedWords(const std::vector<WordTable>& tables) {
  std::vector<CountedWord> words;
  for (const WordTable& table : tables) {
    words.insert(words.end(), table.words().begin(), table.words().end());
  }
  std::sort(words.begin(), words.end(),
            [](const CountedWord& a, const CountedWord& b) { return a.text < b.text; });
  size_t out = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    if (out > 0 && words[out - 1].text == words[i].text) words[out - 1].count += words[i].count;
    else words[out++] = words[i];
  }
  words.resize(out);
  return words;
}

}  // namespace

Result<WordCounts> CountWords(SequenceSource& source, const json::Value& normalizer,
                              const json::Value& pre_tokenizer, const TokenizerLimits& limits,
                              ComputePool& pool, const TokenizerProgressFn& progress) {
  PANO_ASSIGN_OR_RETURN(const NormalizerPtr normalize, MakeNormalizer(Field(normalizer, "normalizer")));
  PANO_ASSIGN_OR_RETURN(const PreTokenizerPtr split,
                        MakePreTokenizer(Field(pre_tokenizer, "pre_tokenizer")));
  std::vector<Counter> counters;
  const uint64_t seed = SystemEntropy();
  for (int t = 0; t < pool.threads(); ++t) counters.emplace_back(normalize, split, seed);
  WordCounts out;
  std::vector<SequenceBlock> blocks(static_cast<size_t>(pool.threads()) * kBlocksPerThread);
  bool more = true;
  while (more) {
    size_t count = 0;
    while (count < blocks.size()) {
      PANO_ASSIGN_OR_RETURN(more, source.Next(kBlockBytes, blocks[count]));
      if (!more) break;
      out.sequences += blocks[count].ends.size();
      out.bytes += blocks[count++].text.size();
    }
    FirstFailure failure;
    pool.ParallelFor(count, 1, [&](size_t begin, size_t end, int worker) {
      for (size_t i = begin; i < end; ++i) {
        CountBlock(blocks[i], counters[static_cast<size_t>(worker)], failure);
      }
    });
    PANO_RETURN_IF_ERROR(failure.Take(source));
    size_t held = 0;
    for (Counter& counter : counters) held += counter.table().bytes();
    if (held > limits.word_bytes_max) {
      return Status(StatusCode::kExhausted,
                    StrCat("the distinct words of the first ", out.bytes, " bytes take ", held,
                           " bytes, allowed are ", limits.word_bytes_max,
                           ": train on a sample of the text"));
    }
    if (progress && !progress({"words", out.bytes, 0})) {
      return Status(StatusCode::kCancelled, "the training was ended");
    }
  }
  for (Counter& counter : counters) out.tables.push_back(std::move(counter.table()));
  out.words = MergedWords(out.tables);
  return out;
}

}  // namespace pano::tokenizer
