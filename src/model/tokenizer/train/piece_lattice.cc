#include "model/tokenizer/train/piece_lattice.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

// What an unknown character costs below the worst piece: SentencePiece's constant.
constexpr double kUnknownPenalty = 10.0;
constexpr double kNever = -std::numeric_limits<double>::infinity();

}  // namespace

Result<UnigramPieces> UnigramPieces::Create(std::vector<ScoredPiece> pieces) {
  UnigramPieces out;
  out.pieces_ = std::move(pieces);
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (size_t i = 1; i < out.pieces_.size(); ++i) {
    entries.emplace_back(out.pieces_[i].text, static_cast<int32_t>(i));
  }
  PANO_ASSIGN_OR_RETURN(out.trie_, PieceTrie::Build(std::move(entries)));
  out.current_.resize(out.pieces_.size());
  for (size_t i = 0; i < out.current_.size(); ++i) out.current_[i] = static_cast<int32_t>(i);
  out.FindUnknownScore();
  return out;
}

void UnigramPieces::Update(const std::vector<uint32_t>& kept, const std::vector<double>& scores) {
  std::vector<int32_t> moved(pieces_.size(), -1);
  for (size_t i = 0; i < kept.size(); ++i) {
    moved[kept[i]] = static_cast<int32_t>(i);
    if (kept[i] != i) pieces_[i] = std::move(pieces_[kept[i]]);
    pieces_[i].score = scores[i];
  }
  pieces_.resize(kept.size());
  for (int32_t& piece : current_) {
    if (piece >= 0) piece = moved[static_cast<size_t>(piece)];
  }
  FindUnknownScore();
}

void UnigramPieces::FindUnknownScore() {
  double lowest = 0;
  for (size_t i = 1; i < pieces_.size(); ++i) lowest = std::min(lowest, pieces_[i].score);
  unknown_score_ = lowest - kUnknownPenalty;
}

void PieceLattice::Fill(const UnigramPieces& pieces, std::string_view text) {
  edges_.clear();
  bytes_ = static_cast<uint32_t>(text.size());
  for (size_t begin = 0; begin < text.size();) {
    const std::string_view rest = text.substr(begin);
    const size_t character = Utf8Length(rest);
    PANO_DCHECK(character > 0);
    bool covered = false;
    const auto add = [&](size_t bytes, int32_t piece, double score) {
      covered = covered || bytes == character;
      edges_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + bytes), piece, score});
    };
    pieces.Prefixes(rest, add);
    if (!covered) add(character, 0, pieces.unknown_score());
    begin += character;
  }
}

double PieceLattice::AddExpected(double weight, std::vector<double>& expected) {
  const size_t places = bytes_ + 1;
  // log of a sum of exponentials, taken as it comes: forward_ is the largest so far, sums_ the sum of
  // the exponentials relative to it.
  forward_.assign(places, kNever);
  sums_.assign(places, 0);
  forward_[0] = 0;
  sums_[0] = 1;
  uint32_t reached = 0;   // forward_ is final up to here
  for (const Edge& edge : edges_) {
    if (edge.begin != reached) {
      reached = edge.begin;
      forward_[reached] += std::log(sums_[reached]);
    }
    const double score = forward_[edge.begin] + edge.score;
    double& largest = forward_[edge.end];
    if (score <= largest) {
      sums_[edge.end] += std::exp(score - largest);
    } else {
      sums_[edge.end] = sums_[edge.end] * std::exp(largest - score) + 1;
      largest = score;
    }
  }
  const double total = forward_[bytes_] + std::log(sums_[bytes_]);
  backward_.assign(places, kNever);
  backward_[bytes_] = 0;
  for (size_t end = edges_.size(); end > 0;) {
    size_t begin = end;
    double largest = kNever;
    while (begin > 0 && edges_[begin - 1].begin == edges_[end - 1].begin) {
      --begin;
      largest = std::max(largest, edges_[begin].score + backward_[edges_[begin].end]);
    }
    const double before = forward_[edges_[begin].begin];
    double sum = 0;
    for (size_t i = begin; i < end; ++i) {
      const double score = edges_[i].score + backward_[edges_[i].end];
      sum += std::exp(score - largest);
      expected[static_cast<size_t>(edges_[i].piece)] += weight * std::exp(before + score - total);
    }
    backward_[edges_[begin].begin] = largest + std::log(sum);
    end = begin;
  }
  return total;
}

bool PieceLattice::Best(bool whole, Path& path) {
  forward_.assign(bytes_ + 1, kNever);
  last_edge_.assign(bytes_ + 1, UINT32_MAX);
  forward_[0] = 0;
  for (size_t i = 0; i < edges_.size(); ++i) {
    const Edge& edge = edges_[i];
    if (!whole && edge.begin == 0 && edge.end == bytes_) continue;
    const double score = forward_[edge.begin] + edge.score;
    if (score > forward_[edge.end]) {
      forward_[edge.end] = score;
      last_edge_[edge.end] = static_cast<uint32_t>(i);
    }
  }
  path.pieces.clear();
  path.score = forward_[bytes_];
  if (last_edge_[bytes_] == UINT32_MAX) return false;
  for (uint32_t place = bytes_; place > 0;) {
    const Edge& edge = edges_[last_edge_[place]];
    path.pieces.push_back(edge.piece);
    place = edge.begin;
  }
  return true;
}

}  // namespace pano::tokenizer
