#include "model/train/token_rows.h"

#include <numeric>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "model/train/bpe_trainer.h"

namespace pano::train {

bool TokenRows::Fills(int64_t token_count, int64_t rows, int64_t row_tokens) {
  // One row more than the batch: an epoch starts up to a row into the stream.
  return (token_count - 1) / row_tokens - 1 >= rows;
}

TokenRows::TokenRows(std::vector<TokenSequence> stories, int64_t rows, int64_t row_tokens,
                     uint64_t seed)
    : stories_(std::move(stories)), rows_(rows), row_tokens_(row_tokens), seed_(seed) {
  for (const TokenSequence& story : stories_)
    token_count_ += static_cast<int64_t>(story.size()) + 1;
  PANO_CHECK(Fills(token_count_, rows, row_tokens));
  steps_per_epoch_ = ((token_count_ - 1) / row_tokens_ - 1) / rows_;
}

void TokenRows::StartEpoch(int64_t epoch) {
  epoch_ = epoch;
  Random random(Philox(seed_, static_cast<uint64_t>(epoch), 0)[0]);
  std::vector<size_t> order(stories_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  stream_.clear();
  for (size_t story : order) {
    stream_.push_back(kEndTokenId);
    stream_.insert(stream_.end(), stories_[story].begin(), stories_[story].end());
  }
  stream_.push_back(kEndTokenId);
  uint64_t skip = random.Below(static_cast<uint64_t>(row_tokens_));
  stream_.erase(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(skip));
}

TokenBatch TokenRows::Batch(int64_t step) {
  int64_t epoch = (step - 1) / steps_per_epoch_;
  if (epoch != epoch_) StartEpoch(epoch);
  const auto count = static_cast<size_t>(rows_ * row_tokens_);
  const size_t at = static_cast<size_t>((step - 1) % steps_per_epoch_) * count;
  PANO_CHECK(at + count + 1 <= stream_.size());
  TokenBatch batch;
  auto begin = stream_.begin() + static_cast<std::ptrdiff_t>(at);
  batch.inputs.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  batch.targets.assign(begin + 1, begin + 1 + static_cast<std::ptrdiff_t>(count));
  return batch;
}

}  // namespace pano::train
