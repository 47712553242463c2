#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::planner {

// Bytes of the fullest device. The parts add up.
struct Memory {
  int64_t weights = 0;
  int64_t kv = 0;
  int64_t activations = 0;
  int64_t workspace = 0;
  int64_t optimizer = 0;
  int64_t gradients = 0;
  int64_t other = 0;
  int64_t capacity = 0;

  int64_t total() const { return weights + kv + activations + workspace + optimizer + gradients + other; }
  bool fits() const { return total() <= capacity; }
};
json::Value MemoryJson(const Memory& memory);

enum class Recompute : uint8_t { kNone, kSelective, kFull };
std::string_view RecomputeName(Recompute recompute);

// How a job is divided among dp * tp * pp * cp cards; ep divides the experts among dp * cp of them.
struct ParallelPlan {
  int64_t dp = 1;   // copies of the model, each with its part of the batch
  int64_t tp = 1;   // ranks that divide every matrix (Shoeybi et al. 2019)
  int64_t pp = 1;   // stages of layers (Narayanan et al. 2021)
  int64_t cp = 1;   // ranks that divide a sequence (Liu et al. 2023, ring attention)
  int64_t ep = 1;   // ranks that divide the experts (Lepikhin et al. 2020)
  int64_t zero = 0; // what dp ranks share: 1 optimizer, 2 and gradients, 3 and weights (Rajbhandari et al. 2020)
  int64_t global_batch = 1;
  int64_t micro_batch = 1;
  int64_t seq = 0;
  Recompute recompute = Recompute::kNone;
  bool sequence_parallel = false;
  int64_t virtual_stages = 1;   // above 1: the interleaved schedule
  std::string dtype = "bf16";
  bool flash_attention = false;

  int64_t microbatches() const { return global_batch / (dp * micro_batch); }
  int64_t ranks() const { return dp * tp * pp * cp; }
};
json::Value PlanJson(const ParallelPlan& plan);
// From an object of the same form; what is absent keeps its default. InvalidArgument that names the field.
Result<ParallelPlan> ParsePlan(const json::Value& object);

}  // namespace pano::planner
