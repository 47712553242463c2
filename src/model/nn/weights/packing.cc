#include "model/nn/weights/packing.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "base/process_limits.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/format/weights.h"
#include "model/tensor/packed.h"

namespace pano::nn {
namespace {

using tensor::DType;
using tensor::TensorView;

constexpr size_t kPortionBytes = size_t{4} << 20;
constexpr size_t kPageBytes = 4096;

template <typename F>
void ForEachMatrix(LayerWeights& w, F f) {
  for (Linear* linear :
       {&w.q, &w.k, &w.v, &w.o, &w.cross_q, &w.cross_k, &w.cross_v, &w.cross_o, &w.latent.q_a,
        &w.latent.q_b, &w.latent.q, &w.latent.kv_a, &w.gate, &w.up, &w.down, &w.experts.shared_gate,
        &w.experts.shared_up, &w.experts.shared_down}) {
    f(linear->weight);
  }
  for (std::vector<Linear>* many :
       {&w.latent.key_up, &w.latent.value_up, &w.experts.gate, &w.experts.up, &w.experts.down}) {
    for (Linear& linear : *many) f(linear.weight);
  }
}

// The matrices to pack, each stored one once, with all views of it.
class PackPlan {
 public:
  void Add(TensorView& view) {
    if (!view.data) return;
    const DType to = FastType(view.dtype, view.shape[1]);
    if (to == view.dtype) return;
    auto [it, is_new] = index_.try_emplace(view.data, jobs_.size());
    if (is_new) {
      const size_t bytes = *tensor::ByteSize(to, view.shape);
      const size_t panels = bytes / tensor::PanelBytes(to, static_cast<size_t>(view.shape[1]));
      jobs_.push_back({view, to, bytes_, panels_, panels_ + panels, {}});
      bytes_ += (bytes + tensor::kPackedAlignment - 1) / tensor::kPackedAlignment *
                tensor::kPackedAlignment;
      panels_ += panels;
      panel_bytes_max_ = std::max(panel_bytes_max_, view.bytes / std::max<size_t>(1, panels));
    }
    jobs_[it->second].views.push_back(&view);
  }
  // The embedding follows a head that it is, but is not packed for its own sake.
  void AddAlias(TensorView& view) {
    auto it = index_.find(view.data);
    if (it != index_.end()) jobs_[it->second].views.push_back(&view);
  }

  size_t bytes() const { return bytes_; }

  void Run(std::byte* memory, const format::Weights* files, ComputePool& pool,
           const PackProgress& progress) {
    std::atomic<size_t> done{0};
    // In portions, so that progress can be told from the calling thread, and so small that what is copied already
    // and what is not yet given back stays small beside the weights.
    const size_t portion = std::max(std::min(panels_ / 64, kPortionBytes / std::max<size_t>(1, panel_bytes_max_)),
                                    static_cast<size_t>(pool.threads()) * 4);
    for (size_t begin = 0; begin < panels_; begin += portion) {
      const size_t count = std::min(portion, panels_ - begin);
      pool.ParallelFor(count, 1, [&](size_t from, size_t to, int) {
        for (size_t i = from; i < to; ++i) PackOne(begin + i, memory);
        done += to - from;
      });
      if (files) Forget(*files, begin, begin + count);
      if (progress) progress(static_cast<double>(done) / static_cast<double>(panels_));
    }
    for (Job& job : jobs_) {
      const TensorView packed{job.to, job.plain.shape, memory + job.offset,
                              *tensor::ByteSize(job.to, job.plain.shape)};
      for (TensorView* view : job.views) *view = packed;
    }
  }

 private:
  struct Job {
    TensorView plain;
    DType to;
    size_t offset;       // of the copy
    size_t first_panel, end_panel;  // counted through all jobs
    std::vector<TensorView*> views;
  };

  // Gives back what panels [begin, end) were copied from: of a large matrix before all of it is copied.
  void Forget(const format::Weights& files, size_t begin, size_t end) {
    for (; forgotten_ < jobs_.size() && jobs_[forgotten_].first_panel < end; ++forgotten_) {
      const Job& job = jobs_[forgotten_];
      const size_t panels = job.end_panel - job.first_panel;
      auto bytes_before = [&](size_t panel) {
        return panel >= job.end_panel ? job.plain.bytes : job.plain.bytes / panels * (panel - job.first_panel);
      };
      // Panels hold equally many rows but the last, which has no more: what is given back was copied. A page
      // that two portions share goes with the second.
      const size_t from = begin <= job.first_panel ? 0 : bytes_before(begin) - std::min(bytes_before(begin), kPageBytes);
      files.Forget({job.plain.data + from, bytes_before(end) - from});
      if (job.end_panel > end) return;
    }
  }

  void PackOne(size_t panel, std::byte* memory) const {
    auto job = std::upper_bound(jobs_.begin(), jobs_.end(), panel,
                                [](size_t p, const Job& j) { return p < j.first_panel; });
    --job;
    const size_t index = panel - job->first_panel;
    const size_t bytes = tensor::PanelBytes(job->to, static_cast<size_t>(job->plain.shape[1]));
    tensor::PackPanel(job->plain, job->to, index, memory + job->offset + index * bytes);
  }

  std::vector<Job> jobs_;
  std::map<const std::byte*, size_t> index_;
  size_t bytes_ = 0, panels_ = 0, panel_bytes_max_ = 0;
  size_t forgotten_ = 0;  // jobs whose source is given back
};

}  // namespace

tensor::DType FastType(DType dtype, int64_t columns) {
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  if (tensor::IsPacked(dtype)) return dtype;
  DType to = tensor::PackedTypeOf(dtype);
  if (to == dtype && info.block_elements == 1) return dtype;
  if (to == dtype) to = DType::kQ8_0X16;
  return columns % static_cast<int64_t>(tensor::PackedBlockOf(to)) == 0 ? to : dtype;
}

Result<size_t> PackWeights(DecoderWeights& weights, const format::Weights* files, ComputePool& pool,
                           const PackProgress& progress) {
  PackPlan plan;
  for (LayerWeights& layer : weights.layers) {
    ForEachMatrix(layer, [&](TensorView& view) { plan.Add(view); });
  }
  plan.Add(weights.head.weight);
  plan.Add(weights.head_dense.weight);
  plan.AddAlias(weights.embedding);
  if (plan.bytes() == 0) return size_t{0};
  // Large pages, where the system gives them: a product walks through all of it.
  constexpr size_t kPage = size_t{2} << 20;
  const size_t padded = (plan.bytes() + kPage - 1) / kPage * kPage;
  PANO_RETURN_IF_ERROR(CheckMemoryLeft(padded, "[nn] packed weights"));
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kPage, padded));
  if (!memory) {
    return Status(StatusCode::kExhausted,
                  StrCat("[nn] no memory for ", plan.bytes(), " bytes of packed weights"));
  }
  weights.owned.emplace_back(memory);
  (void)::madvise(memory, padded, MADV_HUGEPAGE);
  plan.Run(memory, files, pool, progress);
  return plan.bytes();
}

}  // namespace pano::nn
