#include "pano/bench/sequence_batch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/strings.h"
#include "base/threads.h"

namespace pano::bench {

Result<SequenceBatch> SequenceBatch::Create(nn::Model& model, ComputePool& pool, size_t count,
                                            int64_t length, bool guest) {
  const int blocks = static_cast<int>((length + nn::kBlockTokens - 1) / nn::kBlockTokens);
  const std::vector<int> counts = model.state_layout().Uniform(blocks * static_cast<int>(count + (guest ? 1 : 0)));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<nn::State> state, model.CreateState(counts));
  SequenceBatch batch(model, pool, std::move(state));
  const auto table = [&](size_t i) {
    std::vector<nn::BlockId> out;
    for (int b = 0; b < blocks; ++b) out.push_back(static_cast<int>(i) * blocks + b);
    return out;
  };
  for (size_t i = 0; i < count; ++i) batch.tables_.push_back(table(i));
  if (guest) batch.guest_ = table(count);
  batch.next_.resize(count);
  return batch;
}

nn::SequenceSlice SequenceBatch::Slice(size_t i, std::span<const nn::TokenId> tokens,
                                       size_t logits_from) {
  nn::SequenceSlice slice;
  slice.tokens = tokens;
  slice.position = position_;
  slice.tables.assign(model_->state_layout().groups.size(), tables_[i]);
  slice.logits_from = logits_from;
  return slice;
}

// The forward pass, and the best token of every row of logits into next_.
Result<double> SequenceBatch::Step(std::vector<nn::SequenceSlice> slices) {
  const auto start = std::chrono::steady_clock::now();
  PANO_RETURN_IF_ERROR(model_->Forward({std::move(slices)}, *state_, logits_));
  pool_->ParallelFor(logits_.rows(), 1, [&](size_t begin, size_t end, int) {
    for (size_t row = begin; row < end; ++row) {
      const std::span<float> logits = logits_.row(row);
      next_[row] = static_cast<nn::TokenId>(std::ranges::max_element(logits) - logits.begin());
    }
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Status SequenceBatch::CheckAlike() const {
  const std::span<const float> first = logits_.row(0);
  for (float value : first) {
    if (!std::isfinite(value)) return Internal("logits are no finite numbers");
  }
  for (size_t i = 1; i < logits_.rows(); ++i) {
    if (std::memcmp(logits_.row(i).data(), first.data(), first.size_bytes()) != 0) {
      return Internal("logits differ between equal sequences of a batch");
    }
  }
  return {};
}

Result<double> SequenceBatch::Prefill(std::span<const nn::TokenId> prompt) {
  position_ = 0;
  double sum = 0;
  for (size_t i = 0; i < tables_.size(); ++i) {
    PANO_ASSIGN_OR_RETURN(const double seconds, Step({Slice(i, prompt, prompt.size() - 1)}));
    PANO_RETURN_IF_ERROR(CheckAlike());
    if (i > 0 && next_[0] != first_) {
      return Internal("equal prompts of a batch go on with different tokens");
    }
    first_ = next_[0];
    sum += seconds;
  }
  prompt_length_ = static_cast<int64_t>(prompt.size());
  Rewind();
  return sum;
}

Result<double> SequenceBatch::PrefillTogether(std::span<const nn::TokenId> prompt) {
  position_ = 0;
  std::vector<nn::SequenceSlice> slices;
  for (size_t i = 0; i < tables_.size(); ++i) slices.push_back(Slice(i, prompt, prompt.size() - 1));
  PANO_ASSIGN_OR_RETURN(const double seconds, Step(std::move(slices)));
  PANO_RETURN_IF_ERROR(CheckAlike());
  first_ = next_[0];
  prompt_length_ = static_cast<int64_t>(prompt.size());
  Rewind();
  return seconds;
}

Result<double> SequenceBatch::Decode() { return DecodeWith({}); }

Result<double> SequenceBatch::DecodeBeside(std::span<const nn::TokenId> piece) {
  return DecodeWith(piece);
}

Result<double> SequenceBatch::DecodeWith(std::span<const nn::TokenId> piece) {
  std::vector<nn::SequenceSlice> slices;
  for (size_t i = 0; i < tables_.size(); ++i) {
    slices.push_back(Slice(i, std::span(&next_[i], 1), 0));
  }
  if (!piece.empty()) {
    const auto tokens = static_cast<int64_t>(piece.size());
    const auto room = static_cast<int64_t>(guest_.size()) * nn::kBlockTokens;
    if (tokens > room) {
      return InvalidArgument(StrCat("a piece of ", tokens, " tokens is longer than the sequences"));
    }
    if (guest_position_ + tokens > room) guest_position_ = 0;
    nn::SequenceSlice guest;
    guest.tokens = piece;
    guest.position = guest_position_;
    guest.tables.assign(model_->state_layout().groups.size(), guest_);
    guest.logits_from = piece.size();
    slices.push_back(std::move(guest));
    guest_position_ += tokens;
  }
  PANO_ASSIGN_OR_RETURN(const double seconds, Step(std::move(slices)));
  PANO_RETURN_IF_ERROR(CheckAlike());
  generated_.push_back(next_[0]);
  ++position_;
  return seconds;
}

void SequenceBatch::Rewind() {
  position_ = prompt_length_;
  guest_position_ = 0;
  std::ranges::fill(next_, first_);
  generated_.clear();
}

}  // namespace pano::bench
