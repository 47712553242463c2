#include "model/train/shards.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <exception>
#include <mutex>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"

// Torch does not steer the threads of the BLAS under it; OpenBLAS has this, others may not.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace pano::train {

void SetTorchThreads(int count) {
  at::set_num_threads(count);
  if (openblas_set_num_threads) openblas_set_num_threads(count);
}

Shards::Shards(TransformerModule* module, int64_t count, ComputePool* pool)
    : module_(module), pool_(pool) {
  PANO_CHECK(count >= 1);
  for (int64_t i = 0; i < count; ++i) replicas_.push_back(module->Replica());
}

Result<double> Shards::ComputePart(size_t part, const TokenBatch& batch, int64_t row_tokens,
                                   double dropout, uint64_t seed) {
  try {
    const size_t count = batch.inputs.size() / replicas_.size();
    auto rows = [&](const std::vector<int64_t>& values) {
      auto* data = const_cast<int64_t*>(values.data() + part * count);  // from_blob knows no const
      return at::from_blob(data, {static_cast<int64_t>(count) / row_tokens, row_tokens}, at::kLong);
    };
    Dropout drop(dropout, Philox(seed, part, 0)[0]);
    at::Tensor logits = replicas_[part].Forward(rows(batch.inputs), &drop);
    at::Tensor loss = at::cross_entropy_loss(logits.flatten(0, 1), rows(batch.targets).flatten());
    (loss / static_cast<double>(replicas_.size())).backward();
    return loss.item<double>();
  } catch (const std::exception& e) {
    return Internal(StrCat("[train] ", e.what()));
  }
}

Result<double> Shards::Compute(const TokenBatch& batch, int64_t row_tokens, double dropout,
                               uint64_t seed) {
  std::vector<double> losses(replicas_.size());
  std::mutex mu;
  Status failure;
  pool_->ParallelFor(replicas_.size(), 1, [&](size_t begin, size_t end, int) {
    for (size_t part = begin; part < end; ++part) {
      Result<double> loss = ComputePart(part, batch, row_tokens, dropout, seed);
      std::lock_guard lock(mu);
      if (loss.ok()) {
        losses[part] = *loss;
      } else {
        failure = loss.error();
      }
    }
  });
  if (!failure.ok()) return failure;

  at::NoGradGuard no_grad;
  for (size_t p = 0; p < module_->parameters().size(); ++p) {
    at::Tensor sum;
    for (TransformerModule& replica : replicas_) {
      at::Tensor gradient = replica.parameters()[p].value.grad();
      sum = sum.defined() ? sum.add_(gradient) : gradient;
      replica.parameters()[p].value.mutable_grad().reset();
    }
    module_->parameters()[p].value.mutable_grad() = sum;
  }
  double mean = 0;
  for (double loss : losses) mean += loss / static_cast<double>(losses.size());
  return mean;
}

}  // namespace pano::train
