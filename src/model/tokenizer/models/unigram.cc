#include "model/tokenizer/models/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/text/byte_piece.h"

// Viterbi's algorithm from left to right: for each byte position the best-scoring way to end there,
// extended by every entry that begins there (PieceTrie). Positions that no entry spans decide all
// before them, so the lattice is a window as long as the longest overlap of entries, not the text.

namespace pano::tokenizer {
namespace {

constexpr double kUnknownPenalty = 10;
// Of a user-defined entry for each byte after the first, so that the longest cover wins; scores are
// logarithms, below zero.
constexpr double kUserDefinedBonus = 0.1;
constexpr int32_t kUnknownEntry = -1;
constexpr size_t kKeptNodesMax = 1 << 12;

bool IsIn(const std::vector<bool>& set, TokenId id) {
  return static_cast<size_t>(id) < set.size() && set[static_cast<size_t>(id)];
}

}  // namespace

// The best way to end at a place of the text.
template <typename Sum>
struct UnigramModel::Node {
  Sum sum = 0;
  uint32_t length = 0;      // bytes of the last entry; 0: no way ends here yet
  int32_t entry = kUnknownEntry;
};

// One pass over a text. Where no entry spans a place every way goes through it, so what lies before
// is decided and leaves the window. Confined to one call.
template <typename Sum>
class UnigramModel::Search {
 public:
  Search(const UnigramModel& model, std::string_view text, const std::vector<bool>& special,
         std::vector<TokenId>& ids)
      : model_(model), text_(text), special_(special), ids_(ids), window_(Mine().window), way_(Mine().way) {
    window_.assign(1, {});
  }
  ~Search() {
    if (window_.capacity() > kKeptNodesMax) window_ = {};
    if (way_.capacity() > kKeptNodesMax) way_ = {};
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  Status Run() {
    for (size_t pos = 0; pos < text_.size();) {
      const size_t character = std::max<size_t>(Utf8Length(text_.substr(pos)), 1);
      if (!Step(pos, character)) {
        return InvalidArgument("[tokenizer] a character is not in the vocabulary, which has no unknown token");
      }
      pos += character;
      if (base_ + window_.size() - 1 == pos) Decide(pos);
    }
    FlushUnknown();
    return {};
  }

 private:
  // What a search needs, kept from one short text to the next.
  struct Buffers {
    std::vector<Node<Sum>> window;
    std::vector<Node<Sum>> way;
  };
  static Buffers& Mine() {
    static thread_local Buffers buffers;
    return buffers;
  }

  // Tries every entry that begins at `pos`. False where only an unknown token would do and none is there.
  bool Step(size_t pos, size_t character) {
    const Sum here = window_[pos - base_].sum;
    bool single = false;    // the character itself is an entry
    model_.trie_.Prefixes(text_.substr(pos), [&](size_t length, int32_t index) {
      const Entry& entry = model_.entries_[static_cast<size_t>(index)];
      if (IsIn(special_, entry.id)) return;
      const double score = entry.user_defined ? kUserDefinedBonus * (static_cast<double>(length) - 1) : entry.score;
      Offer(pos, length, index, static_cast<Sum>(score) + here);
      single = single || length == character;
    });
    if (single) return true;
    if (!model_.options_.unknown) return false;
    Offer(pos, character, kUnknownEntry, static_cast<Sum>(model_.unknown_score_) + here);
    return true;
  }

  void Offer(size_t pos, size_t length, int32_t entry, Sum sum) {
    const size_t end = pos + length - base_;
    if (end >= window_.size()) window_.resize(end + 1);
    Node<Sum>& node = window_[end];
    if (node.length == 0 || sum > node.sum) {
      node = {sum, static_cast<uint32_t>(length), entry};
    }
  }

  // Gives out the best way to `pos`, where the window ends.
  void Decide(size_t pos) {
    way_.clear();
    for (size_t end = pos; end > base_; end -= way_.back().length) way_.push_back(window_[end - base_]);
    size_t begin = base_;
    for (size_t i = way_.size(); i-- > 0;) {
      const Node<Sum>& node = way_[i];
      const TokenId id = node.entry == kUnknownEntry
                             ? *model_.options_.unknown
                             : model_.entries_[static_cast<size_t>(node.entry)].id;
      if (id == model_.options_.unknown) {
        if (unknown_begin_ == unknown_end_) unknown_begin_ = begin;
        unknown_end_ = begin + node.length;
      } else {
        FlushUnknown();
        ids_.push_back(id);
      }
      begin += node.length;
    }
    window_[0] = window_.back();
    window_.resize(1);
    base_ = pos;
  }

  // A run of unknown characters is one token, or its bytes.
  void FlushUnknown() {
    if (unknown_begin_ == unknown_end_) return;
    model_.AppendUnknown(text_.substr(unknown_begin_, unknown_end_ - unknown_begin_), ids_);
    unknown_begin_ = unknown_end_;
  }

  const UnigramModel& model_;
  const std::string_view text_;
  const std::vector<bool>& special_;
  std::vector<TokenId>& ids_;
  size_t base_ = 0;                      // where in the text the window begins
  std::vector<Node<Sum>>& window_;       // by place, from base_ to the end of the longest entry so far
  std::vector<Node<Sum>>& way_;
  size_t unknown_begin_ = 0;             // the run of unknown characters that is not given out yet
  size_t unknown_end_ = 0;
};

Result<std::unique_ptr<UnigramModel>> UnigramModel::Create(const Vocabulary& vocabulary,
                                                           const std::vector<Entry>& entries,
                                                           Options options) {
  std::unique_ptr<UnigramModel> model(new UnigramModel(vocabulary, options));
  double score_min = std::numeric_limits<float>::max();
  std::vector<std::pair<std::string_view, int32_t>> pieces;
  for (const Entry& entry : entries) {
    if (!std::isfinite(entry.score)) {
      return Corruption(StrCat("the score of id ", entry.id, " is no finite number"));
    }
    pieces.emplace_back(vocabulary.Piece(entry.id), static_cast<int32_t>(pieces.size()));
    if (!entry.user_defined) score_min = std::min(score_min, entry.score);
  }
  model->entries_ = entries;
  model->unknown_score_ = options.sums == Sums::kFloat
                              ? static_cast<double>(static_cast<float>(score_min) -
                                                    static_cast<float>(kUnknownPenalty))
                              : score_min - kUnknownPenalty;
  PANO_ASSIGN_OR_RETURN(model->trie_, PieceTrie::Build(std::move(pieces)));
  if (options.byte_fallback) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const std::string piece = PieceOfByte(static_cast<unsigned char>(byte));
      model->byte_ids_.push_back(vocabulary.Find(piece).value_or(-1));
    }
  }
  return model;
}

void UnigramModel::AppendUnknown(std::string_view text, std::vector<TokenId>& ids) const {
  const auto id_of = [&](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  // The unknown token written out is itself.
  const bool whole = options_.sums == Sums::kDouble && vocabulary_.Find(text).has_value();
  if (!whole && options_.byte_fallback &&
      std::all_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) >= 0; })) {
    for (char byte : text) ids.push_back(id_of(byte));
    return;
  }
  ids.push_back(*options_.unknown);
}

Status UnigramModel::Encode(std::string_view piece, std::vector<TokenId>& ids) const {
  return EncodePlain(piece, {}, ids);
}

Status UnigramModel::EncodePlain(std::string_view piece, const std::vector<bool>& special,
                                 std::vector<TokenId>& ids) const {
  return options_.sums == Sums::kDouble ? Search<double>(*this, piece, special, ids).Run()
                                        : Search<float>(*this, piece, special, ids).Run();
}

}  // namespace pano::tokenizer
