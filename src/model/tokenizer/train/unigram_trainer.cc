#include "model/tokenizer/train/unigram_trainer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/train/piece_lattice.h"

namespace pano::tokenizer {
namespace {

// Constants of SentencePiece.
constexpr int64_t kPieceCharacters = 16;
constexpr size_t kSeedsMax = 1'000'000;
constexpr int kStepsPerRound = 2;
constexpr double kKept = 0.75;             // of the pieces, each round
constexpr double kExpectedMin = 0.5;       // what is expected less often is dropped
constexpr double kMissingStep = 0.0001;    // between the scores of characters that were dropped

// Longer words are trained on in parts of this size, which bounds the lattice's memory.
constexpr size_t kWordBytesMax = 1 << 16;
// The words are divided into so many parts, whatever the threads: each adds up by itself, and the
// parts are added in order, so that the sums are always the same.
constexpr size_t kParts = 8;

std::vector<CountedWord> CutLongWords(const std::vector<CountedWord>& words) {
  std::vector<CountedWord> out;
  out.reserve(words.size());
  for (const CountedWord& word : words) {
    std::string_view rest = word.text;
    while (rest.size() > kWordBytesMax) {
      size_t bytes = kWordBytesMax;
      while ((static_cast<unsigned char>(rest[bytes]) & 0xc0) == 0x80) --bytes;
      out.push_back({rest.substr(0, bytes), word.count});
      rest.remove_prefix(bytes);
    }
    out.push_back({rest, word.count});
  }
  return out;
}

// The logarithmic derivative of the gamma function, for x > 0: by recurrence up to 7, then the
// asymptotic series around x - 1/2.
double Digamma(double x) {
  double result = 0;
  for (; x < 7; ++x) result -= 1 / x;
  x -= 0.5;
  const double square = 1 / (x * x);
  return result + std::log(x) +
         square * (1.0 / 24 - square * (7.0 / 960 - square * (31.0 / 8064 - square * 127.0 / 30720)));
}

// Confined to one thread, but for the parts of its passes, which write to places of their own.
class Training {
 public:
  Training(std::vector<CountedWord> words, UnigramPieces pieces, size_t pieces_wanted, ComputePool& pool)
      : words_(std::move(words)), pieces_(std::move(pieces)), wanted_(pieces_wanted), pool_(pool) {
    size_t bytes = 0;
    for (const CountedWord& word : words_) bytes += word.text.size();
    // Parts of about equal bytes.
    part_begin_.push_back(0);
    size_t seen = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      seen += words_[i].text.size();
      while (part_begin_.size() < kParts && seen * kParts >= bytes * part_begin_.size()) {
        part_begin_.push_back(i + 1);
      }
    }
    part_begin_.resize(kParts + 1, words_.size());
  }

  const std::vector<ScoredPiece>& pieces() const { return pieces_.pieces(); }
  double score_min() const {
    double lowest = 0;
    for (size_t i = 1; i < pieces().size(); ++i) lowest = std::min(lowest, pieces()[i].score);
    return lowest;
  }

  // One step of expectation maximisation; the sparse prior of Liang and Klein's "Structured Bayesian
  // Nonparametric Models with Variational Inference" (ACL 2007 tutorial) is what digamma is for.
  void Step() {
    const std::vector<double> expected = Sum([&](const CountedWord& word, PieceLattice& lattice,
                                                 std::vector<double>& sums) {
      lattice.Fill(pieces_, word.text);
      lattice.AddExpected(static_cast<double>(word.count), sums);
    });
    std::vector<uint32_t> kept = {0};
    std::vector<double> scores = {0};
    double sum = 0;
    for (size_t i = 1; i < expected.size(); ++i) {
      if (expected[i] < kExpectedMin) continue;
      kept.push_back(static_cast<uint32_t>(i));
      scores.push_back(expected[i]);
      sum += expected[i];
    }
    const double log_sum = Digamma(sum);
    for (size_t i = 1; i < scores.size(); ++i) scores[i] = Digamma(scores[i]) - log_sum;
    pieces_.Update(kept, scores);
  }

  // Drops the pieces whose absence costs the likelihood least.
  Status Prune() {
    const std::vector<double> counts = Sum([&](const CountedWord& word, PieceLattice& lattice,
                                               std::vector<double>& sums) {
      lattice.Fill(pieces_, word.text);
      PieceLattice::Path path;
      lattice.Best(/*whole=*/true, path);
      for (int32_t piece : path.pieces) sums[static_cast<size_t>(piece)] += static_cast<double>(word.count);
    });
    const std::vector<double> losses = Losses(counts);
    std::vector<uint32_t> kept = {0}, candidates;
    for (uint32_t i = 1; i < losses.size(); ++i) {
      if (losses[i] == kNeeded) kept.push_back(i);
      else if (losses[i] != kUseless) candidates.push_back(i);
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](uint32_t a, uint32_t b) { return losses[a] > losses[b]; });
    const auto fewer = static_cast<size_t>(static_cast<double>(pieces_.size()) * kKept);
    const size_t size = std::max(wanted_, fewer);
    for (uint32_t candidate : candidates) {
      if (kept.size() >= size) break;
      kept.push_back(candidate);
    }
    std::vector<ScoredPiece> next;
    next.reserve(kept.size());
    for (uint32_t piece : kept) next.push_back(pieces()[piece]);
    PANO_ASSIGN_OR_RETURN(pieces_, UnigramPieces::Create(std::move(next)));
    return {};
  }

 private:
  static constexpr double kNeeded = INFINITY;     // no other way to write it, or none as good
  static constexpr double kUseless = -INFINITY;   // on no best path

  // add(word, lattice, sums) over all words; sums[piece] added up.
  template <typename Add>
  std::vector<double> Sum(const Add& add) {
    std::vector<std::vector<double>> sums(kParts);
    pool_.ParallelFor(kParts, 1, [&](size_t begin, size_t end, int) {
      PieceLattice lattice;
      for (size_t part = begin; part < end; ++part) {
        sums[part].assign(pieces_.size(), 0);
        for (size_t i = part_begin_[part]; i < part_begin_[part + 1]; ++i) {
          add(words_[i], lattice, sums[part]);
        }
      }
    });
    for (size_t part = 1; part < kParts; ++part) {
      for (size_t i = 0; i < sums[0].size(); ++i) sums[0][i] += sums[part][i];
    }
    return std::move(sums[0]);
  }

  // By piece: how much likelihood is lost, about, when each of its occurrences becomes the best other
  // way to write it. SentencePiece lets the number of all occurrences grow by count * (parts of that
  // way - 1); HF tokenizers (0.23; huggingface/tokenizers issue 2069) takes the number of pieces of
  // the whole vocabulary for the parts, which keeps frequent pieces longer. Vocabularies are to be
  // those of HF tokenizers, so the formula is too.
  std::vector<double> Losses(const std::vector<double>& counts) {
    double words = 0, sum = 0;
    for (const CountedWord& word : words_) words += static_cast<double>(word.count);
    for (double count : counts) sum += count;
    const double log_sum = std::log(sum);
    std::vector<double> losses(counts.size(), kNeeded);
    constexpr size_t kGrain = 1024;
    pool_.ParallelFor(counts.size(), kGrain, [&](size_t begin, size_t end, int) {
      PieceLattice lattice;
      PieceLattice::Path other;
      for (size_t i = std::max<size_t>(1, begin); i < end; ++i) {
        const ScoredPiece& piece = pieces()[i];
        lattice.Fill(pieces_, piece.text);
        if (!lattice.Best(/*whole=*/false, other)) continue;
        const double count = counts[i];
        if (other.score > piece.score) {
          if (count == 0) losses[i] = kUseless;
          continue;
        }
        if (count == 0) {
          losses[i] = kUseless;
          continue;
        }
        const double log_sum_after = std::log(sum + count * static_cast<double>(counts.size() - 1));
        double after = 0;
        for (int32_t part : other.pieces) {
          after += std::log(counts[static_cast<size_t>(part)] + count) - log_sum_after;
        }
        losses[i] = count / words * (std::log(count) - log_sum - after);
      }
    });
    return losses;
  }

  const std::vector<CountedWord> words_;
  std::vector<size_t> part_begin_;   // [kParts + 1] into words_
  UnigramPieces pieces_;
  const size_t wanted_;              // before the last cut
  ComputePool& pool_;
};

// What must be a piece whatever its score: the text's characters and those that the recipe lists.
std::set<std::string> RequiredCharacters(const WordCounts& counted, const TokenizerRecipe& recipe,
                                         const std::vector<std::string>& special) {
  std::vector<bool> seen(0x110000, false);
  for (const CountedWord& word : counted.words) {
    for (std::string_view text = word.text; !text.empty();) {
      const size_t length = Utf8Length(text);
      seen[Utf8Decode(text, length)] = true;
      text.remove_prefix(length);
    }
  }
  std::set<std::string> out(recipe.initial_alphabet.begin(), recipe.initial_alphabet.end());
  for (size_t c = 0; c < seen.size(); ++c) {
    if (!seen[c]) continue;
    std::string character;
    Utf8Append(character, static_cast<char32_t>(c));
    out.insert(std::move(character));
  }
  for (const std::string& token : special) out.erase(token);
  return out;
}

// All characters of the text, in the order of the model's pieces or, for those that it lost, by code
// point below its worst; then its other pieces, until there are `room`.
std::vector<ScoredPiece> Finish(const std::vector<ScoredPiece>& model, double score_min,
                                const std::set<std::string>& required,
                                const std::vector<std::string>& special, size_t room) {
  std::vector<ScoredPiece> out;
  std::unordered_map<std::string_view, double> scores;
  for (size_t i = 1; i < model.size(); ++i) scores.emplace(model[i].text, model[i].score);
  double missing = 0;
  for (const std::string& character : required) {
    const auto found = scores.find(character);
    if (found != scores.end()) {
      out.push_back({character, found->second});
    } else {
      out.push_back({character, score_min + missing});
      missing += kMissingStep;
    }
  }
  for (size_t i = 1; i < model.size() && out.size() < room; ++i) {
    const std::string& text = model[i].text;
    if (required.contains(text)) continue;
    if (std::find(special.begin(), special.end(), text) == special.end()) out.push_back(model[i]);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const ScoredPiece& a, const ScoredPiece& b) { return a.score > b.score; });
  return out;
}

}  // namespace

Result<std::vector<ScoredPiece>> LearnUnigram(const WordCounts& counted, const TokenizerRecipe& recipe,
                                              ComputePool& pool, const TokenizerProgressFn& progress) {
  const std::vector<std::string> special = SpecialTokens(recipe);
  const std::set<std::string> required = RequiredCharacters(counted, recipe, special);
  const auto vocab = static_cast<size_t>(recipe.vocab);
  if (special.size() + required.size() > vocab) {
    return InvalidArgument(StrCat("vocab is ", vocab, ", which cannot hold ", special.size(),
                                  " special tokens and the ", required.size(),
                                  " characters of the text: at least ",
                                  special.size() + required.size()))
        .WithField("vocab");
  }
  std::vector<CountedWord> words = CutLongWords(counted.words);
  std::vector<ScoredPiece> seeds(1);
  for (ScoredPiece& seed : SeedPieces(
           words, static_cast<size_t>(recipe.max_token_length.value_or(kPieceCharacters)), kSeedsMax)) {
    seeds.push_back(std::move(seed));
  }
  double sum = 0;
  for (const ScoredPiece& seed : seeds) sum += seed.score;
  for (size_t i = 1; i < seeds.size(); ++i) seeds[i].score = std::log(seeds[i].score) - std::log(sum);

  std::vector<ScoredPiece> out;
  for (const std::string& token : special) out.push_back({token, 0});
  if (seeds.size() > 1) {
    PANO_ASSIGN_OR_RETURN(UnigramPieces pieces, UnigramPieces::Create(std::move(seeds)));
    const size_t wanted = vocab * 11 / 10;
    Training training(std::move(words), std::move(pieces), wanted, pool);
    while (true) {
      if (progress && !progress({"pieces", training.pieces().size(), vocab})) {
        return Status(StatusCode::kCancelled, "the training was ended");
      }
      for (int step = 0; step < kStepsPerRound; ++step) training.Step();
      const size_t size = training.pieces().size();
      if (size <= wanted) break;
      PANO_RETURN_IF_ERROR(training.Prune());
      if (training.pieces().size() >= size) break;   // all that is left is needed
    }
    for (ScoredPiece& piece : Finish(training.pieces(), training.score_min(), required, special,
                                     vocab - special.size())) {
      out.push_back(std::move(piece));
    }
  } else {
    for (ScoredPiece& piece : Finish({}, 0, required, special, vocab - special.size())) out.push_back(std::move(piece));
  }
  return out;
}

}  // namespace pano::tokenizer
