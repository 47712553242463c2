#include "infra/planner/serve_model.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "base/strings.h"
#include "infra/planner/groups.h"

namespace pano::planner {
namespace {

double D(int64_t n) { return static_cast<double>(n); }
int64_t Up(int64_t n, int64_t d) { return (n + d - 1) / d; }

// Bytes of a tensor on one of `tp` ranks.
double SharedBytes(const WorkloadTensor& t, const StorageType& type, int64_t tp) {
  const double bytes = D(TensorBytes(t, type));
  if (tp == 1 || t.shard == WorkloadTensor::Shard::kNone) return bytes;
  if (t.shard_units >= tp) return bytes * D(Up(t.shard_units, tp)) / D(t.shard_units);
  return t.key_value ? bytes / D(t.shard_units) : bytes;
}

// Weights of the fullest of `pp` stages.
double StageWeights(const WorkloadSpec& spec, const StorageType& type, int64_t tp, int64_t pp) {
  std::vector<double> layers(static_cast<size_t>(spec.layers), 0);
  double front = 0, tied = 0, back = 0;
  for (const WorkloadTensor& t : spec.tensors) {
    const double bytes = SharedBytes(t, type, tp);
    if (t.layer >= 0) {
      layers[static_cast<size_t>(t.layer)] += bytes;
    } else if (t.part == Part::kEmbedding) {
      front += bytes;
      if (t.product) tied += bytes;
    } else {
      back += bytes;
    }
  }
  const auto per_stage = static_cast<size_t>(Up(spec.layers, pp));
  double most = 0;
  for (size_t begin = 0, stage = 0; begin < layers.size(); begin += per_stage, ++stage) {
    double sum = begin == 0 ? front : 0;
    const size_t end = std::min(begin + per_stage, layers.size());
    for (size_t i = begin; i < end; ++i) sum += layers[i];
    if (end == layers.size()) sum += back + (pp > 1 ? tied : 0);
    most = std::max(most, sum);
  }
  return most;
}

int64_t HeadsOfRank(const KvGroup& group, int64_t tp) {
  return group.value_dim == 0 ? group.kv_heads : Up(group.kv_heads, tp);
}

Status CheckDivision(const WorkloadSpec& spec, int64_t tp, int64_t pp) {
  if (tp < 1 || spec.heads % tp != 0) {
    return InvalidArgument(StrCat("--tensor-parallel ", tp, " does not divide ", spec.heads, " heads")).WithField("tensor-parallel");
  }
  if (spec.kv_heads % tp != 0 && tp % spec.kv_heads != 0) {
    return InvalidArgument(StrCat("--tensor-parallel ", tp, " and ", spec.kv_heads, " key/value heads do not divide each other"))
        .WithField("tensor-parallel");
  }
  if (pp < 1 || pp > spec.layers) {
    return InvalidArgument(StrCat("--pipeline-parallel ", pp, " is more than ", spec.layers, " layers")).WithField("pipeline-parallel");
  }
  return {};
}

}  // namespace

int64_t KeptTokens(const KvGroup& group, int64_t context) {
  int64_t blocks = Up(context, kKvBlockTokens);
  if (group.window > 0) blocks = std::min(blocks, Up(group.window, kKvBlockTokens) + 1);
  return blocks * kKvBlockTokens;
}

int64_t KvTokenBytes(const KvGroup& group, const StorageType& type, int64_t scale_bytes) {
  const int64_t vectors = group.kv_heads * (group.value_dim > 0 ? 2 : 1);
  return group.values_per_token() * type.block_bytes / type.block_values + vectors * scale_bytes;
}

int64_t KvBytes(const WorkloadSpec& spec, const StorageType& type, int64_t scale_bytes, int64_t context, int64_t concurrency) {
  double sum = 0;
  for (const KvGroup& group : spec.kv) {
    sum += D(KvTokenBytes(group, type, scale_bytes)) * D(group.layers) * D(KeptTokens(group, context)) * D(concurrency);
  }
  return static_cast<int64_t>(std::min(sum, 9e18));
}

Result<Memory> ServeMemory(const WorkloadSpec& spec, const ServeGoal& goal, int64_t tp, int64_t pp, int64_t concurrency) {
  PANO_RETURN_IF_ERROR(CheckDivision(spec, tp, pp));
  Memory m;
  m.weights = static_cast<int64_t>(std::llround(StageWeights(spec, goal.weights, tp, pp)));
  double kv = 0;
  for (KvGroup group : spec.kv) {
    group.kv_heads = HeadsOfRank(group, tp);
    kv += D(KvTokenBytes(group, goal.kv, goal.kv_scale_bytes)) * D(Up(group.layers, pp)) *
          D(KeptTokens(group, goal.context)) * D(concurrency);
  }
  if (kv > 4e18) return InvalidArgument(StrCat("keys and values of ", concurrency, " sequences are larger than any memory"));
  m.kv = static_cast<int64_t>(kv);
  // Activations: the rows of one step in 16 bits, as they pass through a layer. Workspace: logits in 32 bits of the
  // sequences' last rows, and the scores of a tile of attention, which is small.
  const double rows = D(std::min(goal.step_tokens, goal.context * concurrency));
  const double wide = 4 * D(spec.hidden) + (D(spec.heads * spec.query_dim) + 2 * D(spec.ffn)) / D(tp) +
                      D(spec.kv_heads * (spec.query_dim + spec.value_dim)) / D(std::min(tp, spec.kv_heads));
  m.activations = static_cast<int64_t>(2 * rows * wide);
  m.workspace = static_cast<int64_t>(std::min(4 * D(concurrency) * D(spec.vocabulary) / D(tp), 4e18));
  m.capacity = goal.capacity;
  return m;
}

StepTimes Roofline(const WorkloadSpec& spec, const cluster::Cluster& cluster, const ServeGoal& goal, int64_t tp, int64_t pp) {
  const cluster::Accelerator& a = cluster.accelerator;
  const double read = a.read_bytes_s * a.read_efficiency * D(tp);
  const std::string type = goal.weights.name == "fp8" || goal.weights.name == "int8" || goal.weights.name == "f32"
                               ? goal.weights.name : "bf16";
  const double flops = a.Flops(type) * a.product_efficiency * D(tp);
  const double share = D(spec.active_parameters()) / D(spec.parameters());
  const double bytes = D(WeightBytes(spec, goal.weights));
  // Of experts, a step of many rows reads nearly all.
  const int64_t rows = std::max<int64_t>(1, goal.concurrency);
  const double touched = spec.experts > 0
                             ? share + (1 - share) * (1 - std::pow(1 - D(spec.experts_used) / D(spec.experts), D(rows - 1)))
                             : 1;
  const double row = 2 * D(spec.hidden);
  const cluster::Fabric& fabric = cluster.fabric;
  auto links = [&](double rows_now) {
    const double stages = pp > 1 ? D(pp - 1) * SendSeconds(fabric, tp, row * rows_now / D(tp)) : 0;
    return 4 * D(spec.layers) * PassSeconds(fabric, {tp, 1}, row * rows_now) + stages;
  };
  StepTimes t;
  const double products = 2 * spec.product_parameters() / flops;
  const double attention = spec.AttentionFlops(D(goal.prompt_tokens) / 2) / flops;   // a token sees half of the prompt on average
  t.prefill_s_per_token = products + attention + (links(1024) - links(0)) / 1024;
  t.prefill_s_base = links(0);
  double kv_token = 0;
  for (const KvGroup& group : spec.kv) kv_token += D(KvTokenBytes(group, goal.kv, goal.kv_scale_bytes) * group.layers);
  const double reading = bytes * touched / read;
  // The longer of the two for a step of `rows`: the excess of products over reading is each sequence's.
  t.decode_s_base = reading + links(D(rows));
  t.decode_s_per_sequence = std::max(0.0, products - reading / D(rows));
  t.decode_s_per_kv_token = kv_token / read;
  t.bound = products * D(rows) > reading ? "compute" : links(D(rows)) > reading ? "links" : "memory";
  return t;
}

void PredictServing(const StepTimes& t, const ServeGoal& goal, int64_t concurrency, int64_t replicas, ServePrediction& out) {
  const double prompt = D(goal.prompt_tokens), answer = D(goal.max_tokens);
  const double look_back = prompt + answer / 2;
  const double steps = std::max(1.0, std::ceil(prompt / D(goal.step_tokens)));
  const double prefill = t.prefill_s_per_token * prompt + t.prefill_s_base * steps;
  auto decode = [&](double n) { return t.decode_s_base + n * (t.decode_s_per_sequence + t.decode_s_per_kv_token * look_back); };
  // One turn of n clients: each one's prompt, and the steps of answers that all share.
  auto turn = [&](double n) { return n * prefill + std::max(0.0, answer - 1) * decode(n); };
  auto itl = [&](double n) { return answer > 1 ? turn(n) / std::max(1.0, answer) : decode(n); };
  auto ttft = [&](double rate, double n) {   // M/D/1 for the prompts (Zhong et al. 2024, DistServe)
    const double busy = std::min(0.999, rate * prefill);
    return prefill + prefill * busy / (2 * (1 - busy)) + decode(n) / 2;
  };
  auto keeps = [&](double n) {
    const double rate = n / turn(n);
    return (goal.itl_s_max <= 0 || itl(n) <= goal.itl_s_max) && (goal.ttft_s_max <= 0 || ttft(rate, n) <= goal.ttft_s_max);
  };
  const bool slo = goal.itl_s_max > 0 || goal.ttft_s_max > 0;
  out.concurrency_at_slo = concurrency;
  if (slo) {
    int64_t low = 0, high = concurrency + 1;   // the most clients that keep the levels
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (keeps(D(middle)) ? low : high) = middle;
    }
    out.concurrency_at_slo = low;
    out.slo_met = low > 0;
  }
  double n = D(slo ? std::max<int64_t>(1, out.concurrency_at_slo) : concurrency);
  double rate = n / turn(n);   // of one replica, at most
  out.requests_day = out.slo_met ? rate * D(replicas) * 86400 : 0;
  out.bound = t.bound;
  if (goal.load_rps > 0) {
    const double wanted = goal.load_rps / D(replicas);
    out.utilisation = wanted / rate;
    if (out.utilisation < 1) {   // sequences in flight by Little's law: n = rate * time in the system
      double low = 0, high = n;
      for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (middle > 0 && middle / turn(middle) < wanted ? low : high) = middle;
      }
      n = std::max(1.0, high);
      rate = wanted;
    } else {
      out.slo_met = false;
    }
    out.ttft_s = ttft(rate, n);
    out.itl_s = answer > 1 ? decode(n) + std::min(1.0, rate * prefill) * decode(n) : decode(n);
    out.tokens_s = std::min(wanted, rate) * D(replicas) * answer;
    return;
  }
  n = D(concurrency);
  out.ttft_s = ttft(n / turn(n), n);
  // The median: most gaps hold no prompt of another sequence.
  out.itl_s = decode(n);
  out.tokens_s = n / turn(n) * D(replicas) * answer;
}

Result<ServePlan> SearchServing(const WorkloadSpec& spec, const cluster::Cluster& cluster, const ServeGoal& given) {
  PANO_RETURN_IF_ERROR(CheckWorkload(spec));
  ServeGoal goal = given;
  if (goal.capacity == 0) goal.capacity = static_cast<int64_t>(cluster.accelerator.capacity());
  const int64_t cards = cluster.fabric.ranks();
  std::optional<ServePlan> best;
  Status refusal;
  for (int64_t tp = 1; tp <= std::min(cards, spec.heads); ++tp) {
    if (goal.tp ? tp != *goal.tp : cards % tp != 0) continue;
    for (int64_t pp = 1; pp <= std::min(cards / tp, spec.layers); ++pp) {
      if (goal.pp ? pp != *goal.pp : cards / tp % pp != 0) continue;
      const int64_t replicas = cards / (tp * pp);
      const int64_t each = Up(goal.concurrency, replicas);
      Result<Memory> memory = ServeMemory(spec, goal, tp, pp, each);
      if (!memory.ok()) {
        refusal = memory.error();
        continue;
      }
      ServePlan now;
      now.plan.dp = replicas;
      now.plan.tp = tp;
      now.plan.pp = pp;
      now.plan.global_batch = goal.concurrency;
      now.plan.micro_batch = each;
      now.plan.seq = goal.context;
      now.plan.dtype = goal.weights.name;
      now.plan.flash_attention = true;
      now.prediction.memory = *memory;
      ServeGoal of_replica = goal;
      of_replica.concurrency = each;
      PredictServing(Roofline(spec, cluster, of_replica, tp, pp), goal, each, std::min(replicas, goal.concurrency), now.prediction);
      auto rank = [](const ServePlan& p) {
        return std::tuple(p.prediction.memory.fits(), p.prediction.slo_met,
                          p.prediction.memory.fits() ? p.prediction.tokens_s : -D(p.prediction.memory.total()));
      };
      if (!best || rank(now) > rank(*best)) best = std::move(now);
    }
  }
  if (best) return std::move(*best);
  if (!refusal.ok()) return refusal;
  return InvalidArgument(StrCat("--tensor-parallel ", goal.tp.value_or(1), " and --pipeline-parallel ", goal.pp.value_or(1),
                                " need more than the ", cards, " cards there are"));
}

}  // namespace pano::planner
