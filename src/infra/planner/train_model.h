#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "infra/cluster/catalogue.h"
#include "infra/planner/plan.h"
#include "infra/planner/workload.h"

namespace pano::planner {

// Constants of the model of a training step that no datasheet has: fitted once on twelve published runs
// (docs/reports/planning.md) and held since.
struct TrainConstants {
  double pass_bytes = 3.5;      // traffic of element-wise passes, in bytes that a layer keeps
  double score_bytes = 13;      // of one score through scaling, mask, softmax and dropout, without flash attention
  double logit_bytes = 10;      // of one logit through the loss
  double flash_efficiency = 0.40;  // of the peak, in flash attention (Dao 2023)
  double overlap = 0.8;         // the share of backward passes behind which collectives hide
  double uneven_head = 0.5;     // the head's share that uneven stages do not hide, with pipelines
  double optimizer_bytes = 30;  // read and written for each parameter in one update
  double trainable = 1;         // share of the parameters with gradients: adapters beside frozen weights have little
  double slack = 0.05;          // of activations and workspace: what a caching allocator reserves beyond them
};

// Bytes of weights, gradients and optimizer of one of `ranks` that share by ZeRO stage `zero`: 2, 2 and 12 bytes a
// parameter (Rajbhandari et al. 2020, mixed-precision Adam).
struct TrainStates {
  int64_t weights = 0, gradients = 0, optimizer = 0;
};
TrainStates StatesOf(int64_t parameters, int64_t zero, int64_t ranks);

struct TrainPrediction {
  Memory memory;
  double step_s = 0;
  double mfu = 0;           // the model's FLOPs, without recompute, over the dense 16-bit peak
  double tflops_per_gpu = 0;
  double tokens_s = 0;
};
json::Value PredictionJson(const TrainPrediction& prediction);

// What a plan needs and how long a step takes on one cluster. Immutable, so thread-safe.
class TrainModel {
 public:
  // InvalidArgument for a model that CheckWorkload refuses. `capacity`: bytes of a device; 0: the catalogue's.
  static Result<TrainModel> Create(const WorkloadSpec& spec, const cluster::Cluster& cluster, int64_t capacity,
                                   TrainConstants constants = {});

  // Why a plan makes no sense here; ok for others, whether they fit or not.
  Status Check(const ParallelPlan& plan) const;
  // REQUIRES: Check.
  TrainPrediction Predict(const ParallelPlan& plan) const;
  // A step takes no less, whatever zero, recompute, sequence_parallel and flash_attention are: products at their
  // rate, and the pipeline's idle time. REQUIRES: dimensions and batch that Check accepts.
  double LeastSeconds(const ParallelPlan& plan) const;

  const cluster::Cluster& cluster() const { return cluster_; }
  const WorkloadSpec& spec() const { return spec_; }
  int64_t layers() const { return spec_.layers; }

 private:
  // Parameters of one tensor-parallel rank.
  struct Shard {
    std::vector<double> dense, experts;   // prefix sums over layers
    double embedding = 0, head = 0;       // in front of the layers, behind them
    double tied = 0;                      // of the embedding, what the head is too
  };
  struct Times {   // of one layer and micro-batch, forward
    double products = 0, passes = 0, core = 0, collective = 0, exchange = 0;
  };

  TrainModel(const WorkloadSpec& spec, const cluster::Cluster& cluster, TrainConstants constants)
      : spec_(spec), cluster_(cluster), k_(constants) {}
  void BuildShards();
  const Shard& shard(int64_t tp) const { return shards_.at(tp); }
  int64_t LayersPerStage(const ParallelPlan& plan) const;
  enum class Stage : uint8_t { kFirst, kLast };
  // Parameters of the fullest run of layers of a stage, and what stands in front of or behind them.
  double StageParameters(const ParallelPlan& plan, bool experts, Stage stage) const;
  double LayerBytes(const ParallelPlan& plan, bool kept) const;
  double InFlight(const ParallelPlan& plan, Stage stage) const;
  Memory StageMemory(const ParallelPlan& plan, Stage stage) const;
  Times LayerTimes(const ParallelPlan& plan) const;
  double ExposedCollectives(const ParallelPlan& plan, double forward, double backward) const;

  WorkloadSpec spec_;
  cluster::Cluster cluster_;
  TrainConstants k_;
  int64_t capacity_ = 0;
  double peak_ = 0;                // 16-bit FLOP/s
  double product_flops_ = 0;       // of one token through one layer's matrices, forward
  double head_flops_ = 0;
  double kept_whole_ = 0;          // bytes a token that every tensor-parallel rank keeps of a layer, and
  double kept_shared_ = 0;         // those that they divide
  std::map<int64_t, Shard> shards_;  // by tp: the divisors of the cluster's size
};

}  // namespace pano::planner
