#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/weights/tensor_inventory.h"
#include "model/nn/weights/weight_names.h"

namespace pano::nn {

// One tensor of a file: what it is called, and which entries of the inventory it holds, row by row.
// What a family fuses (queries, keys and values; gate and up), stacks (experts) or transposes is
// said here and nowhere else.
struct StoredTensor {
  // Layer and expert put in, without ".weight" or ".bias"; "a|b": whichever of the two there is.
  std::string name;
  TensorRole role = TensorRole::kEmbedding;  // of the first entry
  TensorPart part = TensorPart::kWeight;
  tensor::Shape shape;            // as it stands in the file
  bool transposed = false;        // stored [in, out]; holds one entry or several without groups
  bool optional = false;          // see TensorEntry
  std::vector<uint32_t> entries;  // indices into the inventory

  // Rows: those of the entries one after another, `groups` times over, each time with an even share
  // of every entry. groups > 1: for each key/value head its queries, its key, its value.
  int64_t groups = 1;
  std::vector<int64_t> starts;  // of each entry within a group, and the end

  std::string_view suffix() const { return part == TensorPart::kWeight ? ".weight" : ".bias"; }
  bool fused() const { return entries.size() > 1; }
  int64_t rows() const { return starts.back() * groups; }
  int64_t RowsOf(size_t entry) const { return (starts[entry + 1] - starts[entry]) * groups; }

  // The row in which row `row` of the entry stands, and back.
  int64_t RowOf(size_t entry, int64_t row) const;
  struct Place {
    size_t entry = 0;  // into `entries`
    int64_t row = 0;
  };
  Place PlaceOf(int64_t row) const;
};

// How files with these names hold `entries`, in their order (a fused tensor where its first entry
// is). Optional entries that such files have no name for are left out. Unimplemented, naming the
// role, where a needed one has no name. `config` is what `entries` were made of.
Result<std::vector<StoredTensor>> StoreTensors(const std::vector<TensorEntry>& entries,
                                               const ModelConfig& config, const WeightNames& names);

// The whole name under which the files have `name`: as it is, without `optional_prefix`, or with it
// in front; `name` where they have none of these.
std::string LocateTensor(const format::Weights& files, const std::string& name,
                         std::string_view optional_prefix);

// The name of `stored`, suffix and all, as LocateTensor; of several names the first whose weight
// the files have, else the last.
std::string LocateTensor(const format::Weights& files, const StoredTensor& stored,
                         std::string_view optional_prefix);

// Binding cuts the matrix at multiples of so many rows; 0: it stays whole. Packed matrices can be
// cut between panels only, so such a matrix is packed where this is a multiple of kPanelRows.
int64_t CutRows(const std::vector<TensorEntry>& entries, const StoredTensor& stored);

// A matrix of a file that quantisation may lay out anew.
struct LinearTensor {
  std::string name;
  int64_t cut_rows = 0;  // CutRows
};

// The matrices of linear layers in `files`, by name: each stands alone or with whole others, and is
// not transposed. Missing ones are left out.
std::vector<LinearTensor> LinearTensors(const format::Weights& files,
                                       const std::vector<TensorEntry>& entries,
                                       const std::vector<StoredTensor>& stored,
                                       std::string_view optional_prefix);

}  // namespace pano::nn
