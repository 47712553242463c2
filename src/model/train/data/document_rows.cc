#include "model/train/data/document_rows.h"

#include <algorithm>
#include <set>

namespace pano::train {
namespace {

// Rows that are open at a time while whole documents are packed: enough to fill them well, few enough
// that neighbours stay near each other.
constexpr size_t kOpenRowsMax = 64;

}  // namespace

Status DocumentRows::Add(const std::vector<int32_t>& ids, const std::vector<int32_t>& labels) {
  if (ids.empty()) return {};
  std::vector<int32_t> values = ids;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == kNoLabel) values[i] = ~values[i];
  }
  return store_.Append(values);
}

void DocumentRows::Finish(std::string version) {
  version_ = std::move(version);
  if (layout_ == Layout::kPackWhole) LayOutWhole();
  else LayOutCut();
  row_begin_.push_back(pieces_.size());
}

void DocumentRows::LayOutCut() {
  int64_t room = 0;   // in the last row, for packing
  for (int64_t document = 0; document < store_.count(); ++document) {
    const int64_t count = store_.length(document);
    for (int64_t begin = 0; begin < count;) {
      if (layout_ != Layout::kPackCut || room < 2) {   // a single token teaches nothing
        row_begin_.push_back(pieces_.size());
        room = length_;
      }
      const int64_t length = std::min(count - begin, room);
      pieces_.push_back({document, begin, length});
      begin += length;
      room -= length;
      if (layout_ == Layout::kCutShort) break;
    }
  }
}

// Each document goes into the open row that it fills best.
void DocumentRows::LayOutWhole() {
  std::vector<std::vector<Piece>> rows;
  std::set<std::pair<int64_t, size_t>> open;   // room, row
  for (int64_t document = 0; document < store_.count(); ++document) {
    const int64_t length = std::min(store_.length(document), length_);
    auto found = open.lower_bound({length, 0});
    size_t row = rows.size();
    int64_t room = length_;
    if (found != open.end()) {
      room = found->first;
      row = found->second;
      open.erase(found);
    } else {
      rows.emplace_back();
    }
    rows[row].push_back({document, 0, length});
    if (room - length >= 2) open.insert({room - length, row});
    if (open.size() > kOpenRowsMax) open.erase(open.begin());   // the fullest
  }
  for (const std::vector<Piece>& row : rows) {
    row_begin_.push_back(pieces_.size());
    pieces_.insert(pieces_.end(), row.begin(), row.end());
  }
}

Result<Row> DocumentRows::Read(int64_t index) const {
  const auto row = static_cast<size_t>(index);
  const bool packed = layout_ == Layout::kPackCut || layout_ == Layout::kPackWhole;
  Row out;
  Sequence& s = out.sequences.emplace_back();
  bool all_learnt = true;
  for (size_t p = row_begin_[row]; p < row_begin_[row + 1]; ++p) {
    const Piece& piece = pieces_[p];
    PANO_ASSIGN_OR_RETURN(const std::vector<int32_t> values, store_.Read(piece.document, piece.begin, piece.length));
    for (size_t i = 0; i < values.size(); ++i) {
      const bool learnt = values[i] >= 0 && !(packed && i == 0);
      const int32_t id = values[i] >= 0 ? values[i] : ~values[i];
      s.input_ids.push_back(id);
      s.labels.push_back(learnt ? id : kNoLabel);
      if (packed) s.position_ids.push_back(static_cast<int32_t>(i));
      all_learnt = all_learnt && learnt;
    }
  }
  if (all_learnt) s.labels.clear();
  return out;
}

}  // namespace pano::train
