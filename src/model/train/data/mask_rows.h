#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/data/row_source.h"

namespace pano::train {

// Masked language modelling (Devlin et al., "BERT", 2018): of the tokens that are not special each is
// chosen with `probability`, one at least; of those 80 % become the mask token, 10 % a random token
// that is not special, 10 % stay. Only the chosen ones have labels. A pure function of seed and row.
// Immutable, so thread-safe.
class RowMasker {
 public:
  // InvalidArgument where the tokenizer has no mask token ("[MASK]", "<mask>").
  static Result<RowMasker> Create(const tokenizer::Tokenizer& tokenizer, double probability, uint64_t seed);

  void Mask(int64_t row, Sequence& sequence) const;

 private:
  RowMasker() = default;
  std::vector<bool> special_;          // by id
  std::vector<int32_t> ordinary_;      // ids that are not
  int32_t mask_ = 0;
  double probability_ = 0;
  uint64_t seed_ = 0;
};

// The rows of `source` masked, each with `before` and `behind` around it.
Result<std::unique_ptr<RowSource>> MaskRows(std::unique_ptr<RowSource> source, RowMasker masker,
                                            std::vector<int32_t> before, std::vector<int32_t> behind);

}  // namespace pano::train
