// Memory and time of a training step. Sources: states: Rajbhandari et al. 2020 (ZeRO); activations: Korthikanti et
// al. 2023; pipelines: Narayanan et al. 2021; FLOPs of the model: the same, without recompute.
#include "infra/planner/train_model.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "infra/planner/groups.h"

namespace pano::planner {
namespace {

double D(int64_t n) { return static_cast<double>(n); }
int64_t Up(int64_t n, int64_t d) { return (n + d - 1) / d; }
// At most an eighth of what fits the type: the parts of a plan add up.
int64_t Bytes(double n) { return static_cast<int64_t>(std::llround(std::ceil(std::min(n, 1e18)))); }

// Values of a tensor that one of `tp` ranks has.
double SharedValues(const WorkloadTensor& t, int64_t tp) {
  const double values = D(t.values());
  if (t.shard == WorkloadTensor::Shard::kNone || tp == 1) return values;
  if (t.shard_units >= tp) return values * D(Up(t.shard_units, tp)) / D(t.shard_units);
  return t.key_value ? values / D(t.shard_units) : values;
}

}  // namespace

TrainStates StatesOf(int64_t parameters, int64_t zero, int64_t ranks) {
  TrainStates states{2 * parameters, 2 * parameters, 12 * parameters};
  if (zero >= 1) states.optimizer = Up(states.optimizer, ranks);
  if (zero >= 2) states.gradients = Up(states.gradients, ranks);
  if (zero >= 3) states.weights = Up(states.weights, ranks);
  return states;
}

json::Value PredictionJson(const TrainPrediction& p) {
  json::Value out;
  out.Set("step_s", p.step_s);
  out.Set("mfu", p.mfu);
  out.Set("tflops_per_gpu", p.tflops_per_gpu);
  out.Set("tokens_s", p.tokens_s);
  return out;
}

Result<TrainModel> TrainModel::Create(const WorkloadSpec& spec, const cluster::Cluster& cluster, int64_t capacity,
                                      TrainConstants constants) {
  PANO_RETURN_IF_ERROR(CheckWorkload(spec));
  TrainModel model(spec, cluster, constants);
  model.capacity_ = capacity > 0 ? capacity : static_cast<int64_t>(cluster.accelerator.capacity());
  model.peak_ = cluster.accelerator.Flops("bf16");
  model.product_flops_ = 2 * spec.layer_product_parameters();
  model.head_flops_ = 2 * (spec.product_parameters() - spec.layer_product_parameters() * D(spec.layers));
  // Korthikanti et al. 2023, 4.1, with the sizes that grouped queries and gated layers have.
  const double queries = D(spec.heads * spec.query_dim), keys = D(spec.kv_heads * spec.query_dim);
  const double values = D(spec.kv_heads * spec.value_dim), outputs = D(spec.heads * spec.value_dim);
  bool gated = false;
  for (const WorkloadTensor& t : spec.tensors) {
    gated = gated || ((t.part == Part::kFeedForward || t.part == Part::kExperts) && t.gate);
  }
  // Gated layers come from families without dropout, whose masks take 2 h; their product is computed again from gate and
  // up, as fused kernels do.
  model.kept_whole_ = (gated ? 8 : 10) * D(spec.hidden);
  model.kept_shared_ = 2 * (queries + keys + values + outputs) + 4 * D(spec.ffn);
  model.BuildShards();
  return model;
}

void TrainModel::BuildShards() {
  const int64_t ranks = cluster_.fabric.ranks();
  for (int64_t tp = 1; tp <= std::min(ranks, spec_.heads); ++tp) {
    if (ranks % tp != 0) continue;
    Shard shard;
    shard.dense.assign(static_cast<size_t>(spec_.layers) + 1, 0);
    shard.experts = shard.dense;
    for (const WorkloadTensor& t : spec_.tensors) {
      const double values = SharedValues(t, tp);
      if (t.layer >= 0) {
        (t.routed ? shard.experts : shard.dense)[static_cast<size_t>(t.layer) + 1] += values;
      } else {
        (t.part == Part::kEmbedding ? shard.embedding : shard.head) += values;
        if (t.part == Part::kEmbedding && t.product) shard.tied += values;
      }
    }
    for (size_t i = 1; i < shard.dense.size(); ++i) {
      shard.dense[i] += shard.dense[i - 1];
      shard.experts[i] += shard.experts[i - 1];
    }
    shards_.emplace(tp, std::move(shard));
  }
}

Status TrainModel::Check(const ParallelPlan& p) const {
  const int64_t ranks = cluster_.fabric.ranks();
  const double wanted = D(p.dp) * D(p.tp) * D(p.pp) * D(p.cp);
  if (wanted != D(ranks)) {
    return InvalidArgument(StrCat("dp ", p.dp, " x tp ", p.tp, " x pp ", p.pp, " x cp ", p.cp, " are ", wanted,
                                  " cards, the cluster has ", ranks));
  }
  if (p.tp > spec_.heads || spec_.heads % p.tp != 0) {
    return InvalidArgument(StrCat("tp ", p.tp, " does not divide ", spec_.heads, " heads"));
  }
  if (spec_.kv_heads % p.tp != 0 && p.tp % spec_.kv_heads != 0) {
    return InvalidArgument(StrCat("tp ", p.tp, " and ", spec_.kv_heads, " key/value heads do not divide each other"));
  }
  if (p.seq < 1) return InvalidArgument("seq is missing: tokens of a sequence");
  if (p.pp * p.virtual_stages > spec_.layers) {
    return InvalidArgument(StrCat("pp ", p.pp, " x ", p.virtual_stages, " stages are more than ", spec_.layers, " layers"));
  }
  if (p.global_batch % (p.dp * p.micro_batch) != 0) {
    return InvalidArgument(StrCat("dp ", p.dp, " x micro_batch ", p.micro_batch, " does not divide global_batch ", p.global_batch));
  }
  if (p.virtual_stages > 1 && (p.pp == 1 || p.microbatches() % p.pp != 0)) {
    return InvalidArgument(StrCat("the interleaved schedule needs a pipeline and micro-batches (", p.microbatches(),
                                  ") in multiples of pp ", p.pp));
  }
  if (p.seq % p.cp != 0) return InvalidArgument(StrCat("cp ", p.cp, " does not divide seq ", p.seq));
  if (p.sequence_parallel && p.seq / p.cp % p.tp != 0) {
    return InvalidArgument(StrCat("sequence_parallel: tp ", p.tp, " does not divide seq ", p.seq / p.cp));
  }
  if (p.ep > 1 && (spec_.experts == 0 || spec_.experts % p.ep != 0 || p.dp * p.cp % p.ep != 0)) {
    return InvalidArgument(StrCat("ep ", p.ep, " has to divide ", spec_.experts, " experts and dp x cp = ", p.dp * p.cp));
  }
  return {};
}

int64_t TrainModel::LayersPerStage(const ParallelPlan& p) const {
  return Up(spec_.layers, p.pp * p.virtual_stages) * p.virtual_stages;
}

double TrainModel::StageParameters(const ParallelPlan& p, bool experts, Stage stage) const {
  const Shard& s = shard(p.tp);
  const std::vector<double>& sums = experts ? s.experts : s.dense;
  const auto count = static_cast<size_t>(std::min(LayersPerStage(p), spec_.layers));
  double most = sums[count];
  if (sums.back() != sums[1] * D(spec_.layers)) {   // layers differ
    for (size_t i = count; i < sums.size(); ++i) most = std::max(most, sums[i] - sums[i - count]);
  }
  if (experts) return most / D(p.ep);
  if (p.pp == 1) return most + s.embedding + s.head;
  return most + (stage == Stage::kFirst ? s.embedding : s.head + s.tied);
}

// Bytes that one layer keeps of a micro-batch, or takes while it is computed.
double TrainModel::LayerBytes(const ParallelPlan& p, bool kept) const {
  const double tokens = D(p.micro_batch) * D(p.seq) / D(p.cp);
  const double tp = D(p.tp);
  const double whole = p.sequence_parallel ? tp : 1;
  if (kept && p.recompute == Recompute::kFull) return 2 * D(spec_.hidden) * tokens / whole;
  double bytes = tokens * (kept_whole_ / whole + kept_shared_ / tp);
  if (p.flash_attention) return bytes + 4 * D(spec_.heads) * tokens / tp;
  if (kept && p.recompute == Recompute::kSelective) return bytes;
  return bytes + 5 * D(spec_.heads) * tokens * D(p.seq) / tp;
}

// Layers' worth of activations that a stage keeps at once.
double TrainModel::InFlight(const ParallelPlan& p, Stage stage) const {
  const double layers = D(spec_.layers), m = D(p.microbatches()), pp = D(p.pp), v = D(p.virtual_stages);
  if (p.pp == 1) return layers;
  const bool even = spec_.layers % (p.pp * p.virtual_stages) == 0;
  const double chunk = even ? layers / (pp * v) : D(Up(spec_.layers, p.pp * p.virtual_stages));
  const bool first = stage == Stage::kFirst;
  if (p.virtual_stages == 1) return first ? std::min(pp, m) * chunk : chunk;
  return std::min(first ? pp * v + pp - 1 : (v - 1) * pp + 1, m * v) * chunk;
}

Memory TrainModel::StageMemory(const ParallelPlan& p, Stage stage) const {
  Memory m;
  const int64_t copies = p.dp * p.cp;
  const double dense = StageParameters(p, false, stage), experts = StageParameters(p, true, stage);
  const TrainStates a = StatesOf(Bytes(dense), p.zero, copies);
  const TrainStates b = StatesOf(Bytes(experts), p.zero, copies / p.ep);
  m.weights = a.weights + b.weights;
  m.gradients = Bytes(k_.trainable * D(a.gradients + b.gradients));
  m.optimizer = Bytes(k_.trainable * D(a.optimizer + b.optimizer));
  m.activations = Bytes(LayerBytes(p, true) * InFlight(p, stage));
  const double tokens = D(p.micro_batch) * D(p.seq) / D(p.cp);
  double work = 2 * 2 * tokens * D(spec_.hidden);   // a row in and out, and its gradient
  if (p.pp == 1 || stage == Stage::kLast) work += tokens * D(spec_.vocabulary) / D(p.tp) * 6;  // logits: 16 bits, 32 in the loss
  if (p.recompute != Recompute::kNone) work = std::max(work, LayerBytes(p, false));
  if (p.zero == 3) work += 2 * 2 * (dense + experts) / D(LayersPerStage(p));   // two layers' gathered weights
  m.workspace = Bytes(work);
  m.other = Bytes(k_.slack * D(m.activations + m.workspace));
  m.capacity = capacity_;
  return m;
}

TrainModel::Times TrainModel::LayerTimes(const ParallelPlan& p) const {
  const cluster::Accelerator& a = cluster_.accelerator;
  const double tokens = D(p.micro_batch) * D(p.seq) / D(p.cp), tp = D(p.tp);
  const double read = a.read_bytes_s * a.read_efficiency;
  Times t;
  const Shard& s = shard(p.tp);
  const double layer = (s.dense.back() + s.experts.back() / D(p.ep)) / D(spec_.layers);
  t.products = product_flops_ * tokens / tp / (peak_ * a.product_efficiency) + 2 * layer / read;
  t.passes = k_.pass_bytes * tokens * (kept_whole_ / (p.sequence_parallel ? tp : 1) + kept_shared_ / tp) / read;
  const double core = spec_.AttentionFlops(D(p.seq)) / D(spec_.layers) * tokens / tp;
  if (p.flash_attention) {
    t.core = core / 2 / (peak_ * std::min(k_.flash_efficiency, a.product_efficiency));   // the causal half
  } else {
    t.core = core / (peak_ * a.product_efficiency) + k_.score_bytes * D(spec_.heads) * D(p.seq) * tokens / tp / read;
  }
  const double row = 2 * D(spec_.hidden) * tokens;
  t.collective = 4 * PassSeconds(cluster_.fabric, {p.tp, 1}, row);    // two all-reduces
  if (p.ep > 1) {
    t.exchange += 2 * PassSeconds(cluster_.fabric, {p.ep, p.tp}, row * D(spec_.experts_used) / tp);
  }
  if (p.cp > 1) {
    const double kv = 2 * D(spec_.kv_heads * (spec_.query_dim + spec_.value_dim)) * tokens / tp;
    t.exchange += std::max(0.0, D(p.cp - 1) * SendSeconds(cluster_.fabric, p.tp, kv) - t.core);
  }
  return t;
}

// Of gradients and weights among copies, what backward (and forward) passes do not hide.
double TrainModel::ExposedCollectives(const ParallelPlan& p, double forward, double backward) const {
  const Group copies{p.dp * p.cp, p.tp};
  const double pass = PassSeconds(cluster_.fabric, copies, 2 * StageParameters(p, false, Stage::kFirst)) +
                      PassSeconds(cluster_.fabric, {copies.size / p.ep, p.tp * p.ep},
                                  2 * StageParameters(p, true, Stage::kFirst));
  const double share = k_.trainable;   // only those have gradients to sum
  const double m = D(p.microbatches());
  auto rest = [&](double seconds, double behind) { return std::max(0.0, seconds - k_.overlap * behind); };
  switch (p.zero) {
    case 0:
    case 1:   // once a step; gradients, and the sums or the new weights
      return rest(2 * share * pass, backward);
    case 2:   // gradients after every micro-batch
      return m * rest(share * pass, backward) + share * pass * (1 - k_.overlap);
    default:
      return m * (rest(pass, forward) + rest((1 + share) * pass, backward));
  }
}

TrainPrediction TrainModel::Predict(const ParallelPlan& p) const {
  const cluster::Accelerator& a = cluster_.accelerator;
  const double tokens = D(p.micro_batch) * D(p.seq) / D(p.cp), tp = D(p.tp), m = D(p.microbatches());
  const double read = a.read_bytes_s * a.read_efficiency;
  const Times t = LayerTimes(p);
  const double forward = t.products + t.passes + t.core + t.collective + t.exchange;
  const double backward = (k_.trainable < 1 ? 1 + k_.trainable : 2) * t.products + 2 * t.passes + (p.flash_attention ? 2.5 : 2) * t.core + t.collective + t.exchange;
  double again = 0;
  if (p.recompute == Recompute::kFull) again = forward;
  if (p.recompute == Recompute::kSelective && !p.flash_attention) again = t.core;
  const double uneven = D(LayersPerStage(p));
  const double stage = uneven * (forward + backward + again);
  double head = 3 * (head_flops_ * tokens / tp / (peak_ * a.product_efficiency) +
                     k_.logit_bytes * tokens * D(spec_.vocabulary) / tp / read);
  if (p.pp > 1) head *= k_.uneven_head;
  double send = 0;
  if (p.pp > 1) {
    send = 2 * D(p.virtual_stages) * SendSeconds(cluster_.fabric, p.dp * p.cp * p.tp, 2 * D(spec_.hidden) * tokens / tp);
  }
  TrainPrediction out;
  out.step_s = (m + D(p.pp - 1) / D(p.virtual_stages)) * (stage + send) + m * head;
  out.step_s += ExposedCollectives(p, uneven * forward, uneven * (backward + again));
  const double parameters = StageParameters(p, false, Stage::kFirst) / (p.zero > 0 ? D(p.dp * p.cp) : 1) +
                            StageParameters(p, true, Stage::kFirst) / (p.zero > 0 ? D(p.dp * p.cp / p.ep) : 1);
  out.step_s += k_.optimizer_bytes * k_.trainable * parameters / read;
  const double model = 3 * D(p.global_batch) * D(p.seq) *
                       (product_flops_ * D(spec_.layers) + head_flops_ + spec_.AttentionFlops(D(p.seq)));
  const double ranks = D(cluster_.fabric.ranks());
  out.tflops_per_gpu = model / (out.step_s * ranks) / 1e12;
  out.mfu = out.tflops_per_gpu * 1e12 / peak_;
  out.tokens_s = D(p.global_batch) * D(p.seq) / out.step_s;
  out.memory = StageMemory(p, Stage::kFirst);
  if (p.pp > 1) {
    if (const Memory last = StageMemory(p, Stage::kLast); last.total() > out.memory.total()) out.memory = last;
  }
  return out;
}

double TrainModel::LeastSeconds(const ParallelPlan& p) const {
  const double tokens = D(p.micro_batch) * D(p.seq) / D(p.cp), tp = D(p.tp);
  const double layer = (k_.trainable < 1 ? 2 : 3) * product_flops_ * tokens / tp / (peak_ * cluster_.accelerator.product_efficiency);
  return (D(p.microbatches()) + D(p.pp - 1) / D(p.virtual_stages)) * layer * D(LayersPerStage(p));
}

}  // namespace pano::planner
