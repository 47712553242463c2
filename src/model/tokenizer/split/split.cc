#include "model/tokenizer/split/split.h"

#include <algorithm>

namespace pano::tokenizer {
namespace {

// Neighbours join where a match follows what is no match, seen from `parts`' front.
void MergeMatches(std::vector<Match>& parts, bool backwards) {
  if (backwards) std::reverse(parts.begin(), parts.end());
  std::vector<Match> merged;
  bool previous = false;
  for (const Match& part : parts) {
    if (part.matched && !previous && !merged.empty()) {
      merged.back().begin = std::min(merged.back().begin, part.begin);
      merged.back().end = std::max(merged.back().end, part.end);
    } else {
      merged.push_back({part.begin, part.end, false});
    }
    previous = part.matched;
  }
  if (backwards) std::reverse(merged.begin(), merged.end());
  parts = std::move(merged);
}

void MergeContiguous(std::vector<Match>& parts) {
  std::vector<Match> merged;
  bool previous = false;
  for (const Match& part : parts) {
    if (part.matched == previous && !merged.empty()) {
      merged.back().end = part.end;
    } else {
      merged.push_back({part.begin, part.end, false});
    }
    previous = part.matched;
  }
  parts = std::move(merged);
}

class PieceCollector : public PieceSink {
 public:
  explicit PieceCollector(std::vector<Pieces::Piece>& out) : out_(out) {}

 private:
  void Take(std::span<const std::string_view> pieces) override {
    for (std::string_view piece : pieces) out_.push_back({piece, false});
  }
  std::vector<Pieces::Piece>& out_;
};

template <typename Find>
Status SplitAll(Pieces& pieces, SplitBehavior behavior, bool invert, const Find& find) {
  std::vector<Pieces::Piece> split;
  split.reserve(pieces.list.size());
  std::vector<Match> parts;
  for (const Pieces::Piece& piece : pieces.list) {
    parts.clear();
    PANO_RETURN_IF_ERROR(find(piece.text, parts));
    if (invert) {
      for (Match& part : parts) part.matched = !part.matched;
    }
    ApplyBehavior(behavior, parts);
    for (const Match& part : parts) {
      if (part.matched || part.begin == part.end) continue;
      split.push_back({piece.text.substr(part.begin, part.end - part.begin),
                       piece.at_start && part.begin == 0});
    }
  }
  pieces.list = std::move(split);
  return {};
}

}  // namespace

void ApplyBehavior(SplitBehavior behavior, std::vector<Match>& parts) {
  switch (behavior) {
    case SplitBehavior::kRemoved: break;
    case SplitBehavior::kIsolated:
      for (Match& part : parts) part.matched = false;
      break;
    case SplitBehavior::kMergedWithPrevious: MergeMatches(parts, /*backwards=*/false); break;
    case SplitBehavior::kMergedWithNext: MergeMatches(parts, /*backwards=*/true); break;
    case SplitBehavior::kContiguous: MergeContiguous(parts); break;
  }
}

Status SplitPreTokenizer::Apply(Pieces& pieces) const {
  Regex::Matcher matcher(*regex_);
  return SplitAll(pieces, behavior_, invert_, [&](std::string_view text, std::vector<Match>& parts) {
    return matcher.FindAll(text, parts);
  });
}

Status ScannerPreTokenizer::Apply(Pieces& pieces) const {
  std::vector<Pieces::Piece> split;
  split.reserve(pieces.list.size());
  PieceCollector collector(split);
  for (const Pieces::Piece& piece : pieces.list) {
    const size_t first = split.size();
    scanner_->Scan(piece.text, collector);
    collector.Flush();
    split[first].at_start = piece.at_start;
  }
  pieces.list = std::move(split);
  return {};
}

Status TextSplitPreTokenizer::Apply(Pieces& pieces) const {
  return SplitAll(pieces, behavior_, invert_, [&](std::string_view text, std::vector<Match>& parts) {
    size_t done = 0;
    for (size_t at = text.find(text_); at != std::string_view::npos; at = text.find(text_, done)) {
      if (done < at) parts.push_back({done, at, false});
      done = at + text_.size();
      parts.push_back({at, done, true});
    }
    if (done < text.size()) parts.push_back({done, text.size(), false});
    return OkStatus();
  });
}

}  // namespace pano::tokenizer
