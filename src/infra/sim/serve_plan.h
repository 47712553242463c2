#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "infra/sim/event_queue.h"
#include "infra/sim/step_time.h"

namespace pano::sim {

// From `at_s` after the first request on a replica is down, for `seconds`: what runs on it is lost. A value.
struct ReplicaFault {
  int64_t replica = 0;
  Time at_s = 0;
  Time seconds = kNever;
};

// What serves a trace: replicas with one queue before them, and how long their steps take. A value.
struct ServePlan {
  int64_t replicas = 1;
  int64_t max_sequences = 64;         // that a replica runs at once
  int64_t step_tokens = 512;          // of a step
  int64_t prefill_beside_decodes = 24;  // tokens of inputs in a step that decodes too; 0: no limit of its own
  int64_t kv_tokens = 0;              // that a replica's KV memory holds; 0: no limit
  int64_t prefix_cache_tokens = 0;    // of inputs that a replica keeps computed beside kv_tokens, the last used ones; 0: none
  int64_t clients = 0;                // a closed loop of so many: each sends the trace's next request as its last one ends; 0:
                                      // requests come when the trace says
  double client_s = 0;                // that the clients take for each next request, one after another
  StepTime time = {};
  std::map<std::string, double> tenants = {};  // weights of their shares while they compete; others have 1
  std::map<int64_t, double> slow = {};         // replicas whose steps take so many times as long
  std::vector<ReplicaFault> faults = {};       // those of one replica do not overlap
};

inline constexpr int64_t kReplicasMax = 4096;
inline constexpr int64_t kKvTokensMax = int64_t{1} << 30;  // of all replicas
inline constexpr size_t kFaultsMax = 4096;

// A plan in YAML: replicas, max_sequences, step_tokens, prefill_beside_decodes, kv_tokens, prefix_cache_tokens, clients, client_s,
// tenants: {NAME: WEIGHT, ...}, slow: [{replica, factor}, ...], faults: [{replica, at_s, seconds}, ...] (without seconds: for ever), and either
//   iteration: {base_s, prefill_s_per_token, decode_s_per_sequence}
// or
//   roofline: {weight_bytes, flops_per_token, flops_per_sample, flops_per_pair, kv_bytes_per_token,
//              step_s, token_s, sample_s, sequence_s, flops_s or flops_s_by_rows: [[rows, flops_s], ...], bytes_s, attention_flops_s,
//              decode_attention_flops_s}
// InvalidArgument that names the key and the line; nothing unknown is passed over.
Result<ServePlan> ParseServePlan(std::string_view text);

// The plan as an object with these keys, whose text (JSON is YAML) ParseServePlan reads. Without slow replicas and faults.
json::Value ServePlanJson(const ServePlan& plan);

}  // namespace pano::sim
