#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/piece_trie.h"
#include "model/tokenizer/train/seed_pieces.h"

namespace pano::tokenizer {

// The pieces of a unigram model while it is trained. Piece 0 stands for unknown characters, whatever
// its text. Immutable but for Update, so thread-safe between those.
class UnigramPieces {
 public:
  // `pieces` from the first to the last; scores are log-probabilities.
  static Result<UnigramPieces> Create(std::vector<ScoredPiece> pieces);

  const std::vector<ScoredPiece>& pieces() const { return pieces_; }
  size_t size() const { return pieces_.size(); }
  double unknown_score() const { return unknown_score_; }

  // Keeps the pieces for which `kept` (ascending, 0 among them) has an index, with new scores.
  void Update(const std::vector<uint32_t>& kept, const std::vector<double>& scores);

  // Calls visit(bytes, piece, score) for each piece that `text` begins with.
  template <typename Visit>
  void Prefixes(std::string_view text, const Visit& visit) const {
    trie_.Prefixes(text, [&](size_t bytes, int32_t built) {
      const int32_t piece = current_[static_cast<size_t>(built)];
      if (piece > 0) visit(bytes, piece, pieces_[static_cast<size_t>(piece)].score);
    });
  }

 private:
  void FindUnknownScore();

  std::vector<ScoredPiece> pieces_;
  PieceTrie trie_;                  // -> index at the time when it was built
  std::vector<int32_t> current_;    // by that index: the piece now, -1 for gone
  double unknown_score_ = 0;        // of a character that no piece covers
};

// All ways to cut one text into pieces, and what can be said of them. A character that is no piece is
// an unknown one. Reused from text to text; confined to one thread.
class PieceLattice {
 public:
  // REQUIRES: `text` is well-formed and stays; it is not empty.
  void Fill(const UnigramPieces& pieces, std::string_view text);

  // The logarithm of the probability of the text; adds to expected[piece] how often each is expected,
  // times `weight` (forward-backward).
  double AddExpected(double weight, std::vector<double>& expected);

  struct Path {
    double score = 0;
    std::vector<int32_t> pieces;   // from the end of the text to its begin
  };
  // The best way. `whole`: also the one piece that is all of the text. False where there is none.
  bool Best(bool whole, Path& path);

 private:
  struct Edge {
    uint32_t begin = 0;   // bytes
    uint32_t end = 0;
    int32_t piece = 0;
    double score = 0;
  };
  uint32_t bytes_ = 0;
  std::vector<Edge> edges_;       // by begin, ascending
  std::vector<double> forward_, backward_, sums_;   // by place
  std::vector<uint32_t> last_edge_;                 // by place: of the best way there
};

}  // namespace pano::tokenizer
