#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/train/data/row_source.h"
#include "model/train/data/token_store.h"

namespace pano::train {

// Documents that are tokens already, laid out as rows of at most `length` tokens. Thread-compatible;
// Read is thread-safe.
class DocumentRows : public RowSource {
 public:
  enum class Layout {
    kCut,       // a document is as many rows as it takes
    kCutShort,  // a document is one row, which loses what is too long
    // Several documents fill a row, and each sees itself alone: position_ids begin anew, the first
    // label is none. One that does not fit goes on in the next row, by itself.
    kPackCut,
    kPackWhole,  // the same, but documents stay whole and lose what is too long for a row
  };

  DocumentRows(Layout layout, int64_t length) : layout_(layout), length_(length) {}

  // Where `labels` is kNoLabel, the token is read and not learnt; empty: all are learnt.
  // Documents of no tokens are left out.
  Status Add(const std::vector<int32_t>& ids, const std::vector<int32_t>& labels);
  // After the last document.
  void Finish(std::string version);

  int64_t size() const override { return static_cast<int64_t>(row_begin_.size()) - 1; }
  Result<Row> Read(int64_t index) const override;
  std::string Version() const override { return version_; }

 private:
  struct Piece {
    int64_t document = 0;
    int64_t begin = 0;
    int64_t length = 0;
  };
  void LayOutWhole();
  void LayOutCut();

  const Layout layout_;
  const int64_t length_;
  TokenStore store_;                 // a token that is not learnt as ~id
  std::vector<Piece> pieces_;        // in the order of the rows
  std::vector<size_t> row_begin_;    // into pieces_; one more than there are rows
  std::string version_;
};

}  // namespace pano::train
