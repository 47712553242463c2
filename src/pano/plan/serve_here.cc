#include "pano/plan/serve_here.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/env.h"
#include "base/process_limits.h"
#include "base/strings.h"
#include "model/engine/kv/kv_plan.h"
#include "model/format/weights.h"
#include "model/kernels/limits/limits.h"
#include "model/nn/families/family.h"
#include "model/nn/load.h"
#include "model/nn/paged_state.h"
#include "model/nn/weights/packing.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/nn/weights/tensor_inventory.h"

namespace pano::plan {
namespace {

double D(int64_t n) { return static_cast<double>(n); }

// Resident beside weights, keys and values, measured over models and loads (docs/reports/planning.md): the program
// itself with its libraries; heaps of threads, tokenizer and buffers of connections.
constexpr int64_t kProgramBytes = 21'200'000;
constexpr int64_t kHeapBytes = 9'650'000;
constexpr int64_t kTokenizerFactor = 3;      // heap of a tokenizer over its file
constexpr int64_t kConnectionBytes = 60'000;
constexpr double kRowShare = 0.86;    // of a row's intermediate values that live at once
constexpr double kPromptShare = 0.56; // of the context, where prompts are not told: half, and some that are longer
// Rows of logits: one of each sequence, and drafts that are verified, of which there are fewer the more sequences run.
constexpr double kDraftRows = 46, kDraftRowsLess = 3;
// A page of a mapped file brings its neighbours (the kernel's fault_around_bytes).
constexpr double kFaultBytes = 65536;

struct Weights {
  double packed = 0;      // laid out anew, in memory of the process
  double mapped = 0;      // read where they lie in the file
  double looked_up = 0;   // of mapped tables, of which rows are read as tokens come
};

// Of the inventory's tensors, under the names that the files have for them: what PackWeights lays out, and what stays.
Result<Weights> CountWeights(const format::ModelFiles& files, const nn::FamilyConfig& family) {
  PANO_ASSIGN_OR_RETURN(const std::vector<nn::TensorEntry> entries, nn::DescribeTensors(family.config));
  PANO_ASSIGN_OR_RETURN(const std::vector<nn::StoredTensor> stored, nn::StoreTensors(entries, family.config, family.names));
  Weights out;
  for (const nn::StoredTensor& tensor : stored) {
    const tensor::TensorView* view = files.weights->Find(nn::LocateTensor(*files.weights, tensor, family.names.optional_prefix));
    if (!view) continue;
    const nn::TensorEntry& entry = entries[tensor.entries.front()];
    const bool packs = entry.linear && entry.part == nn::TensorPart::kWeight && view->shape.size() >= 2;
    const tensor::DType to = packs ? nn::FastType(view->dtype, entry.shape.back()) : view->dtype;
    const Result<size_t> bytes = view->shape.size() == 2 ? tensor::ByteSize(to, view->shape) : Result<size_t>(view->bytes);
    if (to != view->dtype && bytes.ok()) {
      out.packed += static_cast<double>(*bytes);
    } else if (entry.kind() == nn::TensorKind::kTable && !entry.linear) {   // a tied head reads all of it
      out.looked_up += static_cast<double>(view->bytes);
    } else {
      out.mapped += static_cast<double>(view->bytes);
    }
  }
  return out;
}

bool IsWide(const format::ModelFiles& files) {
  for (const std::string& name : files.weights->Names()) {
    const tensor::TensorView& view = *files.weights->Find(name);
    if (view.shape.size() == 2 && view.dtype != tensor::DType::kF32) return false;
  }
  return true;
}

}  // namespace

Result<HereMemory> MemoryHere(const format::ModelFiles& files, const HereGoal& goal) {
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  const nn::ModelConfig& c = family.config;
  HereMemory out;
  out.kv_type = goal.kv_type != "auto" ? goal.kv_type : IsWide(files) ? "f32" : "f16";
  const nn::KvType type = out.kv_type == "f32" ? nn::KvType::kF32 : out.kv_type == "f16" ? nn::KvType::kF16 : nn::KvType::kInt8;
  const nn::StatePlan state = nn::PlanState(c, type);
  nn::StateLayout layout;
  for (const nn::PagedGroup& group : state.groups) {
    layout.groups.push_back({.kind = group.kind, .layer_count = group.layer_count, .bytes_per_block = group.bytes_per_block(), .window = group.window});
  }
  engine::Options options;
  options.context_max = goal.context;
  options.sequences_max = goal.concurrency;
  options.step_tokens_max = goal.step_tokens;
  out.kv_blocks = engine::BlocksFor(goal.context) * goal.concurrency;
  options.kv_blocks = out.kv_blocks;
  PANO_ASSIGN_OR_RETURN(const engine::KvPlan plan, engine::PlanKvMemory(layout, options));
  double kv = 0;
  for (size_t i = 0; i < plan.block_counts.size(); ++i) kv += static_cast<double>(layout.groups[i].bytes_per_block) * plan.block_counts[i];
  if (kv > 4e18) return InvalidArgument(StrCat("keys and values of ", goal.concurrency, " sequences are larger than any memory"));

  PANO_ASSIGN_OR_RETURN(const Weights weights, CountWeights(files, family));
  // Of a table, each token touches its row and what the kernel maps around it.
  const double tokens = D(goal.context * goal.concurrency);
  const double touched = weights.looked_up > 0 ? weights.looked_up * (1 - std::exp(-tokens * kFaultBytes / weights.looked_up)) : 0;
  planner::Memory& m = out.memory;
  m.weights = static_cast<int64_t>(weights.packed + weights.mapped + touched);
  m.kv = static_cast<int64_t>(kv);
  // Rows of a step as they pass through a layer, in 32 bits: hidden, queries, keys and values, the inner rows, and 8-bit
  // or 16-bit copies of what is multiplied.
  // A step holds one whole prompt, or decodes with a piece of one.
  const int64_t prompt = goal.prompt_tokens > 0 ? goal.prompt_tokens : std::llround(kPromptShare * D(goal.context));
  const double rows = D(std::min(goal.step_tokens, std::max(prompt, goal.concurrency + options.prefill_beside_decodes)));
  const double inner = D(c.experts.count > 0 ? c.experts.used * c.experts.size + c.experts.shared_size : c.ffn_size) * (c.gated ? 2 : 1);
  const double wide = 4 * D(c.hidden_size) + D(c.head_count * (c.head_dim + c.value_size())) + 2 * D(c.kv_head_count * c.head_dim) + 2 * inner;
  m.activations = static_cast<int64_t>(kRowShare * rows * wide * 4);
  // Logits of each sequence, their copies while one is drawn, and what the engine remembers of it.
  m.workspace = static_cast<int64_t>(std::min((std::max(0.0, kDraftRows - kDraftRowsLess * D(goal.concurrency)) + D(goal.concurrency)) * 4 * D(c.vocab_size), 4e18));
  const Result<FileInfo> tokenizer = Env::Real().Stat(JoinPath(files.path, "tokenizer.json"));
  const int64_t tokenizer_bytes = tokenizer.ok() ? kTokenizerFactor * static_cast<int64_t>(tokenizer->bytes) : 0;
  m.other = kProgramBytes + kHeapBytes + tokenizer_bytes + kConnectionBytes * goal.concurrency;
  // Three of a hundred are left alone: as much as plans are off.
  m.capacity = static_cast<int64_t>(0.97 * static_cast<double>(std::min<uint64_t>(ReadProcessLimits().memory_bytes_left(), INT64_MAX)));
  out.loading_peak = m.weights + m.other + (8 << 20);
  return out;
}

cluster::Cluster MachineHere(ComputePool& pool, bool measure) {
  const ProcessLimits limits = ReadProcessLimits();
  cluster::Cluster here;
  cluster::Accelerator& a = here.accelerator;
  a.name = "cpu";
  a.source = "this machine";
  a.memory_bytes = static_cast<int64_t>(std::min<uint64_t>(limits.memory_bytes_left(), INT64_MAX));
  a.usable = 1;
  a.product_efficiency = 0.6;
  a.read_efficiency = 0.85;
  if (measure) {
    const kernels::MachineLimits m = kernels::MeasureLimits(pool);
    a.read_bytes_s = std::max(1e8, m.read_bytes_per_second);
    a.flops["f32"] = std::max(1e8, m.f32_flop_per_second);
    a.flops["bf16"] = std::max(a.flops["f32"], m.tile_bf16_flop_per_second);
    a.flops["int8"] = std::max({a.flops["f32"], m.int8_op_per_second, m.tile_int8_op_per_second});
  } else {
    here.assumptions.push_back("rates of this machine were not measured: 5 GB/s and 50 GFLOP/s a thread (--hardware auto measures)");
    a.read_bytes_s = 5e9 * pool.threads();
    a.flops["f32"] = 50e9 * pool.threads();
  }
  here.fabric.name = "this machine";
  here.fabric.intra = here.fabric.inter = {1e-6, a.read_bytes_s};
  return here;
}

Result<MeasuredSteps> MeasureHere(const format::ModelFiles& files, const planner::WorkloadSpec& spec, const HereGoal& goal, int64_t prompt, int64_t answer,
                                  ComputePool& pool) {
  nn::LoadOptions load;
  if (goal.kv_type == "f32") load.kv_type = nn::KvType::kF32;
  if (goal.kv_type == "f16") load.kv_type = nn::KvType::kF16;
  if (goal.kv_type == "int8") load.kv_type = nn::KvType::kInt8;
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<nn::Model> model, nn::LoadModel(files, load, pool));
  return MeasureSteps(*model, spec, {.clients = goal.concurrency, .prompt = prompt, .answer = answer, .context = goal.context, .step_tokens = goal.step_tokens}, pool);
}

}  // namespace pano::plan
