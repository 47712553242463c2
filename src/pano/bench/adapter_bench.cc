#include "pano/bench/adapter_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/nn/bound_adapter.h"
#include "model/nn/decoder.h"
#include "model/tensor/half.h"

namespace pano::bench {
namespace {

using Tokens = std::vector<nn::TokenId>;
using AdapterPtr = std::unique_ptr<nn::BoundAdapter>;

// Random values of a type, of about unit rows. Confined to one thread.
struct DrawnMatrix {
  DrawnMatrix(tensor::DType type, size_t rows, size_t columns, Random& random) {
    const tensor::Shape shape = {static_cast<int64_t>(rows), static_cast<int64_t>(columns)};
    bytes.resize(tensor::ByteSize(type, shape).value());
    const double scale = 1 / std::sqrt(static_cast<double>(columns));
    for (size_t i = 0; i < rows * columns; ++i) {
      const auto value = static_cast<float>(random.Normal() * scale);
      if (type == tensor::DType::kF32) {
        std::memcpy(&bytes[i * sizeof value], &value, sizeof value);
        continue;
      }
      const uint16_t half = type == tensor::DType::kF16 ? tensor::FloatToHalf(value)
                                                        : tensor::FloatToBFloat(value);
      std::memcpy(&bytes[i * sizeof half], &half, sizeof half);
    }
    view = {type, shape, bytes.data(), bytes.size()};
  }
  std::vector<std::byte> bytes;
  tensor::TensorView view;
};

AdapterPtr DrawAdapter(const nn::Decoder& decoder, const AdapterOptions& o, uint64_t seed) {
  auto adapter = std::make_unique<nn::BoundAdapter>();
  Random random(seed);
  const auto rank = static_cast<size_t>(o.rank);
  auto draw = [&](const ops::Linear& linear) {
    if (!linear.present()) return;
    const DrawnMatrix a(o.type, rank, linear.in(), random), b(o.type, linear.out(), rank, random);
    adapter->weights.Change(linear).low_rank = ops::LowRank::Copy(a.view, b.view, 0.25f);
  };
  for (const nn::LayerWeights& w : decoder.weights().layers) {
    draw(w.q);
    draw(w.v);
    if (!o.all_layers) continue;
    for (const ops::Linear* linear : {&w.k, &w.o, &w.gate, &w.up, &w.down}) draw(*linear);
  }
  adapter->weights.Gather();
  return adapter;
}

// Sequences of one prompt, each with the adapter `of` says or none. Confined to one thread.
class AdaptedBatch {
 public:
  static Result<AdaptedBatch> Create(nn::Model& model, ComputePool& pool,
                                     std::vector<const nn::BoundAdapter*> of, int64_t length) {
    const auto blocks = static_cast<int>((length + nn::kBlockTokens - 1) / nn::kBlockTokens);
    const auto counts = model.state_layout().Uniform(blocks * static_cast<int>(of.size()));
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<nn::State> state, model.CreateState(counts));
    return AdaptedBatch(model, pool, std::move(of), std::move(state), blocks);
  }

  Status Prefill(const Tokens& prompt) {
    position_ = 0;
    std::vector<nn::TokenId> firsts;
    for (size_t i = 0; i < of_.size(); ++i) {
      PANO_RETURN_IF_ERROR(Step({Slice(i, prompt, prompt.size() - 1)}).status());
      firsts.push_back(next_[0]);
    }
    next_ = firsts_ = std::move(firsts);
    prompt_length_ = static_cast<int64_t>(prompt.size());
    Rewind();
    return {};
  }
  void Rewind() {
    position_ = prompt_length_;
    next_ = firsts_;
    generated_.assign(of_.size(), {});
  }
  // Seconds of `count` steps.
  Result<double> Decode(int64_t count) {
    double sum = 0;
    for (int64_t t = 0; t < count; ++t) {
      std::vector<nn::SequenceSlice> slices;
      for (size_t i = 0; i < of_.size(); ++i) slices.push_back(Slice(i, {&next_[i], 1}, 0));
      PANO_ASSIGN_OR_RETURN(const double seconds, Step(std::move(slices)));
      PANO_RETURN_IF_ERROR(CheckAlike());
      for (size_t i = 0; i < of_.size(); ++i) generated_[i].push_back(next_[i]);
      ++position_;
      sum += seconds;
    }
    return sum;
  }
  const std::vector<Tokens>& generated() const { return generated_; }

 private:
  AdaptedBatch(nn::Model& model, ComputePool& pool, std::vector<const nn::BoundAdapter*> of,
               std::unique_ptr<nn::State> state, int blocks)
      : model_(&model), pool_(&pool), of_(std::move(of)), state_(std::move(state)) {
    for (size_t i = 0; i < of_.size(); ++i) {
      std::vector<nn::BlockId>& table = tables_.emplace_back();
      for (int b = 0; b < blocks; ++b) table.push_back(static_cast<int>(i) * blocks + b);
    }
    next_.resize(of_.size());
  }
  nn::SequenceSlice Slice(size_t i, std::span<const nn::TokenId> tokens, size_t logits_from) {
    nn::SequenceSlice slice;
    slice.tokens = tokens;
    slice.position = position_;
    slice.tables.assign(model_->state_layout().groups.size(), tables_[i]);
    slice.logits_from = logits_from;
    slice.adapter = of_[i];
    return slice;
  }
  Result<double> Step(std::vector<nn::SequenceSlice> slices) {
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
  // Neighbours of one adapter are equal sequences.
  Status CheckAlike() const {
    for (size_t i = 0; i < logits_.rows(); ++i) {
      if (!std::isfinite(logits_.row(i)[0])) return Internal("logits are no finite numbers");
      if (i == 0 || of_[i] != of_[i - 1]) continue;
      if (std::memcmp(logits_.row(i).data(), logits_.row(i - 1).data(),
                      logits_.row(i).size_bytes()) != 0) {
        return Internal("logits differ between equal sequences of one adapter");
      }
    }
    return {};
  }

  nn::Model* model_;
  ComputePool* pool_;
  std::vector<const nn::BoundAdapter*> of_;
  std::unique_ptr<nn::State> state_;
  std::vector<std::vector<nn::BlockId>> tables_;
  Tokens next_, firsts_;
  std::vector<Tokens> generated_;
  int64_t prompt_length_ = 0, position_ = 0;
  nn::Logits logits_;
};

// Each adapter's sequence alone goes on as it did in the batch.
Status CheckAlone(nn::Model& model, ComputePool& pool, const AdapterOptions& o,
                  const Tokens& prompt, const std::vector<const nn::BoundAdapter*>& of,
                  const std::vector<Tokens>& generated) {
  const int64_t steps = std::min<int64_t>(o.generated, 8);
  for (size_t i = 0; i < of.size(); ++i) {
    if (i > 0 && of[i] == of[i - 1]) continue;
    PANO_ASSIGN_OR_RETURN(AdaptedBatch alone,
                          AdaptedBatch::Create(model, pool, {of[i]}, o.prompt + steps));
    PANO_RETURN_IF_ERROR(alone.Prefill(prompt));
    PANO_RETURN_IF_ERROR(alone.Decode(steps).status());
    const Tokens& got = alone.generated().front();
    if (!std::equal(got.begin(), got.end(), generated[i].begin())) {
      return Internal(StrCat("sequence ", i, " goes on otherwise alone than beside others"));
    }
  }
  return {};
}

Result<AdapterRow> MeasureOne(nn::Model& model, ComputePool& pool, const AdapterOptions& o,
                              size_t batch, const Tokens& prompt,
                              const std::vector<AdapterPtr>& adapters) {
  std::vector<const nn::BoundAdapter*> none(batch, nullptr), of;
  for (size_t i = 0; i < batch; ++i) of.push_back(adapters[i * adapters.size() / batch].get());
  PANO_ASSIGN_OR_RETURN(AdaptedBatch base,
                        AdaptedBatch::Create(model, pool, none, o.prompt + o.generated));
  PANO_ASSIGN_OR_RETURN(AdaptedBatch adapted,
                        AdaptedBatch::Create(model, pool, of, o.prompt + o.generated));
  PANO_RETURN_IF_ERROR(base.Prefill(prompt));
  PANO_RETURN_IF_ERROR(adapted.Prefill(prompt));
  const double tokens = static_cast<double>(batch) * static_cast<double>(o.generated);
  std::vector<double> without, with, slower;
  for (int64_t i = 0; i < o.repetitions; ++i) {
    base.Rewind();
    adapted.Rewind();
    // In turn, a few tokens each, so that a machine that slows down slows both.
    double base_seconds = 0, adapted_seconds = 0;
    for (int64_t left = o.generated; left > 0; left -= 8) {
      const int64_t steps = std::min<int64_t>(left, 8);
      PANO_ASSIGN_OR_RETURN(const double first, base.Decode(steps));
      PANO_ASSIGN_OR_RETURN(const double second, adapted.Decode(steps));
      base_seconds += first;
      adapted_seconds += second;
    }
    without.push_back(tokens / base_seconds);
    with.push_back(tokens / adapted_seconds);
    slower.push_back(adapted_seconds / base_seconds - 1);
  }
  PANO_RETURN_IF_ERROR(CheckAlone(model, pool, o, prompt, of, adapted.generated()));
  std::ranges::sort(slower);
  return AdapterRow{batch,
                    std::min(batch, adapters.size()),
                    o.rank,
                    static_cast<double>(adapters.front()->weights.bytes()) / 1e6,
                    RateOf(std::move(without)),
                    RateOf(std::move(with)),
                    slower[slower.size() / 2]};
}

}  // namespace

Result<std::vector<AdapterRow>> MeasureAdapters(nn::Model& model, ComputePool& pool,
                                                const AdapterOptions& o,
                                                const OnProgress& progress) {
  const nn::Decoder* decoder = model.AsDecoder();
  if (!decoder) return InvalidArgument("--adapters: this model takes none");
  if (o.prompt + o.generated > model.context_length()) {
    return InvalidArgument("--batch-prompt and --batch-gen together exceed the context");
  }
  std::vector<AdapterPtr> adapters;
  for (size_t i = 0; i < o.adapters; ++i) adapters.push_back(DrawAdapter(*decoder, o, o.seed + i));
  Random random(o.seed);
  Tokens prompt(static_cast<size_t>(o.prompt));
  for (nn::TokenId& id : prompt) {
    id = static_cast<nn::TokenId>(random.Below(static_cast<uint64_t>(model.vocab_size())));
  }
  std::vector<AdapterRow> rows;
  for (size_t batch : o.batches) {
    progress(1, StrCat(o.adapters, " adapters, batch ", batch));
    PANO_ASSIGN_OR_RETURN(AdapterRow row, MeasureOne(model, pool, o, batch, prompt, adapters));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace pano::bench
