#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "infra/cluster/catalogue.h"
#include "infra/planner/plan.h"
#include "infra/planner/workload.h"

namespace pano::planner {

inline constexpr int64_t kKvBlockTokens = 32;   // as the engine pages (contracts: a block is 32 tokens)

// Tokens that are kept of one sequence of `context` tokens in a group, in whole blocks: a window group keeps the
// block that its window begins in, too.
int64_t KeptTokens(const KvGroup& group, int64_t context);

// What one token of one layer of the group takes: `scale_bytes` more for each head's key and value (8-bit codes have a
// 32-bit scale).
int64_t KvTokenBytes(const KvGroup& group, const StorageType& type, int64_t scale_bytes);

// Keys and values of `concurrency` sequences of `context` tokens, of all layers and heads.
int64_t KvBytes(const WorkloadSpec& spec, const StorageType& type, int64_t scale_bytes, int64_t context, int64_t concurrency);

// What is to be served, and how it is kept.
struct ServeGoal {
  int64_t context = 0;
  int64_t concurrency = 1;
  StorageType weights;
  StorageType kv;
  int64_t kv_scale_bytes = 0;
  std::optional<int64_t> tp, pp;
  int64_t capacity = 0;             // bytes of a device; 0: the catalogue's
  int64_t prompt_tokens = 0, max_tokens = 0;   // of one request; 0: half of the context each
  double ttft_s_max = 0, itl_s_max = 0;        // service levels; 0: none
  double load_rps = 0;              // requests a second over all replicas; 0: clients in a closed loop
  int64_t step_tokens = 2048;       // of prompts, in one step
};

struct ServePrediction {
  Memory memory;
  double ttft_s = 0, itl_s = 0;
  double tokens_s = 0;              // generated, all replicas together
  double requests_day = 0;          // at the service levels where there are some, else at that concurrency
  int64_t concurrency_at_slo = 0;   // of one replica
  double utilisation = 0;           // with load_rps: share of what is possible
  bool slo_met = true;
  std::string bound;                // what a decoding step waits for: "memory", "compute", "links"
};

// How long steps take: of a roofline, or measured. Times of one replica.
struct StepTimes {
  double prefill_s_per_token = 0;
  double prefill_s_base = 0;        // of each step
  double decode_s_base = 0;         // of a step: weights
  double decode_s_per_sequence = 0;
  double decode_s_per_kv_token = 0; // of what the sequences look back at
  std::string bound = "memory";
};

// A plan for serving and what it gives. tp * pp cards are one replica.
struct ServePlan {
  ParallelPlan plan;
  ServePrediction prediction;
  std::vector<std::string> assumptions;
};

// Bytes of the fullest card of a replica. InvalidArgument where tp does not divide the heads.
Result<Memory> ServeMemory(const WorkloadSpec& spec, const ServeGoal& goal, int64_t tp, int64_t pp, int64_t concurrency);

// Roofline (Williams et al. 2009): the longer of reading and multiplying, and the links of tensor parallelism.
StepTimes Roofline(const WorkloadSpec& spec, const cluster::Cluster& cluster, const ServeGoal& goal, int64_t tp, int64_t pp);

// Fills what a replica with these step times does for `concurrency` clients (closed loop, by Little's law over steps),
// or at load_rps over `replicas`.
void PredictServing(const StepTimes& times, const ServeGoal& goal, int64_t concurrency, int64_t replicas, ServePrediction& out);

// The division of the cluster with most tokens a second of those that fit and keep the service levels; where none
// fits, the one that needs least. Every tp and pp that divides the cards is tried: exhaustive.
Result<ServePlan> SearchServing(const WorkloadSpec& spec, const cluster::Cluster& cluster, const ServeGoal& goal);

}  // namespace pano::planner
