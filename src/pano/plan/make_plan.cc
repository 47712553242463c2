#include "pano/plan/make_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"
#include "infra/cluster/catalogue.h"
#include "infra/planner/serve_model.h"
#include "infra/planner/train_search.h"
#include "model/format/weights.h"
#include "model/workload/workload.h"
#include "pano/plan/load_shape.h"
#include "pano/plan/picture.h"
#include "pano/plan/serve_here.h"
#include "pano/plan/serve_loop.h"

namespace pano::plan {
namespace {

using planner::ServeGoal;
using planner::WorkloadSpec;

constexpr size_t kPlansBytesMax = 256u << 20;
constexpr int64_t kTokensMax = int64_t{1} << 31;

double D(int64_t n) { return static_cast<double>(n); }

std::string Printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

bool IsHere(const PlanOptions& o) { return o.hardware == "cpu" || o.hardware == "auto"; }

Result<cluster::Cluster> ReadHardware(const PlanOptions& o) {
  PANO_ASSIGN_OR_RETURN(cluster::Catalogue catalogue, cluster::Catalogue::BuiltIn());
  for (const std::string& path : o.catalogues) PANO_RETURN_IF_ERROR(catalogue.AddFile(path));
  return catalogue.ResolveHardware(o.hardware);
}

// Types that caches of keys and values have, and what codes of 8 bits carry beside them in this engine.
Result<planner::StorageType> KvType(const std::string& name, const WorkloadSpec& spec, int64_t* scale_bytes) {
  *scale_bytes = 0;
  if (name == "auto") return planner::StorageType{spec.type.name == "f32" ? "f32" : "f16", 1, spec.type.name == "f32" ? 4 : 2};
  if (name == "f32") return planner::StorageType{name, 1, 4};
  if (name == "f16" || name == "bf16") return planner::StorageType{name, 1, 2};
  if (name == "fp8") return planner::StorageType{name, 1, 1};
  if (name == "int8") {
    *scale_bytes = 4;
    return planner::StorageType{name, 1, 1};
  }
  return InvalidArgument(StrCat("--kv-type ", Printable(name), ": there are auto, f32, f16, bf16, fp8 and int8")).WithField("kv-type");
}

// Lengths of requests: what is given, else the trace's, else half of the context each.
void SetLengths(const PlanOptions& o, const LoadShape& load, ServeGoal& goal) {
  goal.prompt_tokens = o.prompt_tokens > 0 ? o.prompt_tokens : load.prompt_tokens;
  goal.max_tokens = o.max_tokens > 0 ? o.max_tokens : load.answer_tokens;
  if (goal.prompt_tokens == 0) goal.prompt_tokens = std::max<int64_t>(1, goal.max_tokens > 0 ? goal.context - goal.max_tokens : goal.context / 2);
  if (goal.max_tokens == 0) goal.max_tokens = std::max<int64_t>(1, goal.context - goal.prompt_tokens);
}

void AddMemoryFigures(const planner::Memory& m, std::string_view weights_from, PlanAnswer& out) {
  auto add = [&](const char* name, int64_t bytes, std::string_view formula) {
    if (bytes > 0) out.figures.push_back({name, BothUnits(D(bytes)), "derived", std::string(formula)});
  };
  add("weights", m.weights, weights_from);
  add("keys and values", m.kv, "sum over state groups: layers * kept tokens * kv heads * (key + value) * bytes * sequences; a window keeps its tokens (Kwon et al. 2023, blocks of 32)");
  add("activations", m.activations, "rows of a step, or what layers keep for the backward pass: s b h (10 + 24/t) + 5 a s^2 b/t (Korthikanti et al. 2023)");
  add("workspace", m.workspace, "logits in 32 bits, gathered or recomputed layers");
  add("gradients", m.gradients, "2 bytes a parameter, shared from ZeRO stage 2 (Rajbhandari et al. 2020)");
  add("optimizer", m.optimizer, "12 bytes a parameter, shared from ZeRO stage 1 (Rajbhandari et al. 2020)");
  add("other", m.other, "allocator slack, or the program, its libraries and threads");
}

json::Value Strings(const std::vector<std::string>& list) {
  json::Value out = json::Array();
  for (const std::string& text : list) out.Append(text);
  return out;
}

// The members that every answer has, in the order of the shapes.
void Assemble(const WorkloadSpec& spec, json::Value plan, json::Value predicted, const std::vector<std::string>& command, PlanAnswer& out) {
  out.note = spec.note;
  json::Value& j = out.json;
  j.Set("fits", out.memory.fits());
  j.Set("parameters", spec.parameters());
  j.Set("active_parameters", spec.active_parameters());
  j.Set("memory", planner::MemoryJson(out.memory));
  j.Set("plan", std::move(plan));
  j.Set("predicted", std::move(predicted));
  j.Set("assumptions", Strings(out.assumptions));
  if (!command.empty()) j.Set("command", Strings(command));
  json::Value figures = json::Array();
  for (const Figure& figure : out.figures) {
    json::Value one;
    one.Set("name", figure.name);
    one.Set("value", figure.value);
    one.Set("how", figure.how);
    one.Set("formula", figure.formula);
    figures.Append(std::move(one));
  }
  j.Set("figures", std::move(figures));
}

json::Value ServeJson(const planner::ServePrediction& p, double usd_hour, PlanAnswer& out, const std::string& how) {
  json::Value j;
  j.Set("ttft_ms", p.ttft_s * 1e3);
  j.Set("itl_ms", p.itl_s * 1e3);
  j.Set("tokens_s", p.tokens_s);
  j.Set("requests_day", p.requests_day);
  j.Set("bound", p.bound);
  j.Set("slo_met", p.slo_met);
  if (p.utilisation > 0) j.Set("utilisation", p.utilisation);
  auto add = [&](const char* name, std::string value, const char* formula) { out.figures.push_back({name, std::move(value), how, formula}); };
  add("time to first token", Printed("%.1f ms", p.ttft_s * 1e3), "prompt FLOPs = 2 P s + attention, over the rate reached; waiting as M/D/1 (Zhong et al. 2024)");
  add("inter-token latency", Printed("%.2f ms", p.itl_s * 1e3), "the longer of bytes read (weights, keys and values) and FLOPs (roofline: Williams et al. 2009)");
  add("tokens a second", Printed("%.1f", p.tokens_s), "clients * tokens / (prompts in turn + shared steps): Little's law on a closed loop");
  add("requests a day", Printed("%.0f", p.requests_day), "86400 * the rate at the service levels, or at this concurrency");
  if (usd_hour > 0 && p.tokens_s > 0) {
    const double cost = usd_hour / 3600 / p.tokens_s * 1e6;
    j.Set("usd_per_million_tokens", cost);
    add("USD a million tokens", Printed("%.3f", cost), "price of all cards an hour / tokens an hour, at this load");
  }
  return j;
}

struct ServeInput {
  ServeGoal goal;
  LoadShape load;
};

Result<ServeInput> ReadServeInput(const PlanOptions& o, const WorkloadSpec& spec, PlanAnswer& out) {
  ServeInput in;
  if (!spec.note.empty()) out.assumptions.push_back(spec.note);
  ServeGoal& goal = in.goal;
  goal.context = o.context > 0 ? o.context : spec.context > 0 ? spec.context : 512;
  if (o.context == 0) out.assumptions.push_back(StrCat("context: the model's own, ", goal.context, " tokens"));
  if (spec.context > 0 && goal.context > spec.context) {
    return InvalidArgument(StrCat("--context ", goal.context, ": the model has a context of ", spec.context)).WithField("context");
  }
  goal.concurrency = o.concurrency;
  if (o.weights.empty()) {
    goal.weights = spec.type;
  } else {
    PANO_ASSIGN_OR_RETURN(goal.weights, workload::StorageTypeByName(o.weights).Wrap("--weights"));
  }
  PANO_ASSIGN_OR_RETURN(goal.kv, KvType(o.kv_type, spec, &goal.kv_scale_bytes));
  if (o.tensor_parallel > 0) goal.tp = o.tensor_parallel;
  if (o.pipeline_parallel > 0) goal.pp = o.pipeline_parallel;
  goal.capacity = o.memory;
  PANO_ASSIGN_OR_RETURN(const ServiceLevels levels, ParseLevels(o.slo));
  goal.ttft_s_max = levels.ttft_s;
  goal.itl_s_max = levels.itl_s;
  if (!o.load.empty()) {
    PANO_ASSIGN_OR_RETURN(in.load, ReadLoad(o.load));
    goal.load_rps = in.load.requests_s;
    if (in.load.peak_to_mean > 1) {
      out.assumptions.push_back(StrCat("load: the trace's mean; its busiest minute has ", Printed("%.1f", in.load.peak_to_mean), " times as much"));
    }
  }
  SetLengths(o, in.load, goal);
  if (o.prompt_tokens > 0 && o.max_tokens > 0 && o.prompt_tokens + o.max_tokens > goal.context) {
    return InvalidArgument(StrCat("--prompt-tokens and --max-tokens together are more than the context of ", goal.context)).WithField("max-tokens");
  }
  out.assumptions.push_back(StrCat("a request: ", goal.prompt_tokens, " tokens in, ", goal.max_tokens, " out"));
  int64_t fallbacks = 0;
  planner::WeightBytes(spec, goal.weights, &fallbacks);
  if (fallbacks > 0) {
    out.assumptions.push_back(StrCat(fallbacks, " matrices have rows that are no whole blocks of ", goal.weights.name, ": 16 bits"));
  }
  return in;
}

std::string Title(const WorkloadSpec& spec, const PlanOptions& o) {
  const double p = D(spec.parameters());
  return StrCat(spec.name, ", ", p >= 1e9 ? Printed("%.2f billion", p / 1e9) : Printed("%.1f million", p / 1e6), " parameters, on ", o.hardware);
}

// Of a model with weights, on this machine: what `pano serve` takes and does.
Result<PlanAnswer> ServeHere(const PlanOptions& o) {
  PANO_ASSIGN_OR_RETURN(const WorkloadSpec spec, workload::ReadWorkload(o.model));
  PlanAnswer out;
  out.title = Title(spec, o);
  PANO_ASSIGN_OR_RETURN(ServeInput in, ReadServeInput(o, spec, out));
  ServeGoal& goal = in.goal;
  goal.step_tokens = 512;
  const bool own = spec.note.empty() && spec.stored_bytes && !spec.kv.empty() && (o.weights.empty() || goal.weights.name == spec.type.name);
  ComputePool pool(0);
  const cluster::Cluster here = MachineHere(pool, o.hardware == "auto" || o.prompt_tokens > 0);
  out.assumptions.insert(out.assumptions.end(), here.assumptions.begin(), here.assumptions.end());
  if (goal.tp.value_or(1) * goal.pp.value_or(1) != 1) {
    return InvalidArgument("one process of this machine computes: --tensor-parallel and --pipeline-parallel are 1 here").WithField("tensor-parallel");
  }
  std::vector<std::string> command;
  planner::ServePrediction p;
  planner::StepTimes times;
  bool simulated = false;
  std::string how = "derived";
  if (own) {
    if (o.kv_type == "bf16" || o.kv_type == "fp8") {
      return InvalidArgument(StrCat("--kv-type ", o.kv_type, ": this engine keeps f32, f16 or int8")).WithField("kv-type");
    }
    PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(o.model));
    const HereGoal here_goal{.context = goal.context, .concurrency = goal.concurrency, .kv_type = o.kv_type, .step_tokens = goal.step_tokens,
                             .prompt_tokens = o.prompt_tokens};
    PANO_ASSIGN_OR_RETURN(const HereMemory memory, MemoryHere(files, here_goal));
    p.memory = memory.memory;
    if (o.memory > 0) p.memory.capacity = o.memory;
    command = {"pano", "serve", "--model", o.model, "--context", StrCat(goal.context), "--max-sequences", StrCat(goal.concurrency),
               "--kv-blocks", StrCat(memory.kv_blocks), "--kv-type", memory.kv_type};
    out.assumptions.push_back(StrCat("while the weights are laid out the process takes at most ", BothUnits(D(memory.loading_peak))));
    if (p.memory.fits() && (o.prompt_tokens > 0 || o.max_tokens > 0)) {
      PANO_ASSIGN_OR_RETURN(const MeasuredSteps steps, MeasureHere(files, spec, here_goal, goal.prompt_tokens, goal.max_tokens, pool));
      times = steps.closed_form;
      how = "measured";
      out.assumptions.push_back("step times: measured with the model's own weights, just now");
      PANO_ASSIGN_OR_RETURN(simulated, SimulateLoop(steps.time, goal, goal.concurrency, p));
      if (simulated) {
        out.json.Set("simulation", sim::ServePlanJson(LoopPlan(steps.time, goal, goal.concurrency)));
        how = "simulated";
        out.assumptions.push_back("what they come to: simulated with the engine's own decisions of each step; of service levels nine of ten requests are asked");
      }
    }
  } else {
    PANO_ASSIGN_OR_RETURN(p.memory, planner::ServeMemory(spec, goal, 1, 1, goal.concurrency));
    p.memory.capacity = o.memory > 0 ? o.memory : here.accelerator.memory_bytes;
    if (spec.note.empty() && spec.stored_bytes && !spec.kv.empty()) {
      out.assumptions.push_back(StrCat("the files hold ", spec.type.name, ": pano quantize makes ", goal.weights.name, " of them first"));
    }
  }
  if (how == "derived") times = planner::Roofline(spec, here, goal, 1, 1);
  if (!simulated) planner::PredictServing(times, goal, goal.concurrency, 1, p);
  out.memory = p.memory;
  AddMemoryFigures(out.memory, own ? "every tensor of the inventory as the engine lays it out (matrices in panels of 16 rows)"
                                   : "every tensor of the inventory in this type, whole blocks along rows", out);
  json::Value predicted = ServeJson(p, o.usd_hour, out, how);
  planner::ParallelPlan plan;
  plan.global_batch = plan.micro_batch = goal.concurrency;
  plan.seq = goal.context;
  plan.dtype = goal.weights.name;
  Assemble(spec, planner::PlanJson(plan), std::move(predicted), command, out);
  return out;
}

Result<PlanAnswer> ServeOnCluster(const PlanOptions& o) {
  PANO_ASSIGN_OR_RETURN(const WorkloadSpec spec, workload::ReadWorkload(o.model));
  PANO_ASSIGN_OR_RETURN(const cluster::Cluster cluster, ReadHardware(o));
  PlanAnswer out;
  out.title = Title(spec, o);
  out.assumptions = cluster.assumptions;
  PANO_ASSIGN_OR_RETURN(ServeInput in, ReadServeInput(o, spec, out));
  PANO_ASSIGN_OR_RETURN(const planner::ServePlan found, planner::SearchServing(spec, cluster, in.goal));
  out.memory = found.prediction.memory;
  out.assumptions.push_back(StrCat("usable memory: ", Printed("%.0f", cluster.accelerator.usable * 100), " % of the card's, the rest is the driver's and the allocator's"));
  out.assumptions.push_back(StrCat("reached: ", Printed("%.0f", cluster.accelerator.product_efficiency * 100), " % of the products' peak, ",
                                   Printed("%.0f", cluster.accelerator.read_efficiency * 100), " % of memory bandwidth"));
  if (found.plan.dp > 1) out.assumptions.push_back(StrCat(found.plan.dp, " replicas share the ", o.concurrency, " clients evenly"));
  AddMemoryFigures(out.memory, "every tensor of the inventory in this type, whole blocks along rows, divided by tensor and pipeline ranks", out);
  const double usd = o.usd_hour > 0 ? o.usd_hour : cluster.accelerator.usd_hour * D(cluster.fabric.ranks());
  if (usd > 0 && o.usd_hour == 0) out.assumptions.push_back(StrCat("price: the catalogue's placeholder of ", Printed("%.2f", cluster.accelerator.usd_hour), " USD a card and hour"));
  json::Value predicted = ServeJson(found.prediction, usd, out, "derived");
  Assemble(spec, planner::PlanJson(found.plan), std::move(predicted), {}, out);
  return out;
}

struct TrainInput {
  WorkloadSpec spec;
  planner::TrainGoal goal;
};

Result<TrainInput> ReadTrainInput(const PlanOptions& o, bool evaluates) {
  TrainInput in;
  PANO_ASSIGN_OR_RETURN(in.spec, workload::ReadWorkload(o.model));
  in.goal.seq = o.context > 0 ? o.context : in.spec.context;
  if (in.goal.seq < 1) return InvalidArgument("--context is missing: tokens of a training sequence").WithField("context");
  if (o.global_batch < 1 && !evaluates) {
    return InvalidArgument("--global-batch is missing: sequences of one training step").WithField("global-batch");
  }
  in.goal.global_batch = std::max<int64_t>(1, o.global_batch);
  if (o.tensor_parallel > 0) in.goal.tp = o.tensor_parallel;
  if (o.pipeline_parallel > 0) in.goal.pp = o.pipeline_parallel;
  in.goal.dtype = in.spec.type.name == "f16" ? "f16" : "bf16";
  return in;
}

Result<planner::TrainModel> MakeTrainModel(const PlanOptions& o, const WorkloadSpec& spec, std::vector<std::string>* assumptions) {
  cluster::Cluster cluster;
  if (IsHere(o)) {
    ComputePool pool(0);
    cluster = MachineHere(pool, true);
  } else {
    PANO_ASSIGN_OR_RETURN(cluster, ReadHardware(o));
  }
  planner::TrainConstants constants;
  if (o.task == "finetune-lora") {   // rank 16 beside every matrix of the layers (Hu et al. 2021)
    double adapters = 0;
    for (const planner::WorkloadTensor& t : spec.tensors) {
      if (t.layer >= 0 && t.product) adapters += 16 * D(t.count) * D(t.rows + t.columns);
    }
    constants.trainable = std::min(1.0, adapters / D(spec.parameters()));
    if (assumptions) assumptions->push_back("adapters: rank 16 beside every matrix of the layers; the weights themselves are frozen in 16 bits (Hu et al. 2021)");
  }
  if (assumptions) {
    assumptions->insert(assumptions->end(), cluster.assumptions.begin(), cluster.assumptions.end());
    assumptions->push_back(StrCat("mixed precision with Adam: 2 + 2 + 12 bytes a parameter; products reach ",
                                  Printed("%.0f", cluster.accelerator.product_efficiency * 100), " % of the 16-bit peak, passes ",
                                  Printed("%.0f", cluster.accelerator.read_efficiency * 100), " % of memory bandwidth"));
    assumptions->push_back("ranks: tensor parallel ones are neighbours, then context, data, and pipeline stages outermost");
    assumptions->push_back("collectives hide behind 80 % of the backward pass; experts are balanced");
  }
  return planner::TrainModel::Create(spec, cluster, o.memory, constants);
}

Result<PlanAnswer> Train(const PlanOptions& o) {
  PANO_ASSIGN_OR_RETURN(const TrainInput in, ReadTrainInput(o, false));
  PlanAnswer out;
  out.title = Title(in.spec, o);
  if (!in.spec.note.empty()) out.assumptions.push_back(in.spec.note);
  PANO_ASSIGN_OR_RETURN(const planner::TrainModel model, MakeTrainModel(o, in.spec, &out.assumptions));
  const planner::TrainSearch found = planner::SearchTraining(model, in.goal);
  if (!found.plan) {
    return InvalidArgument(StrCat("no division of ", model.cluster().fabric.ranks(), " cards suits the model: its ", in.spec.heads, " heads, ",
                                  in.spec.layers, " layers and a global batch of ", in.goal.global_batch,
                                  " have to divide (--global-batch, --tensor-parallel, --pipeline-parallel)"));
  }
  out.memory = found.prediction.memory;
  AddMemoryFigures(out.memory, "2 bytes a parameter of the fullest stage, shared by tensor ranks, and from ZeRO stage 3 by copies", out);
  out.figures.push_back({"step", Printed("%.3f s", found.prediction.step_s), "derived",
                         "(m + (pp-1)/v) * stage + exposed collectives + update (Narayanan et al. 2021); stage: roofline of products, passes and links"});
  out.figures.push_back({"MFU", Printed("%.1f %%", found.prediction.mfu * 100), "derived",
                         "6 P tokens + 12 L s h tokens, without recompute, over the dense 16-bit peak"});
  out.assumptions.push_back(StrCat("search: ", found.predicted, " plans were computed, ", found.pruned, " excluded by the bound of their products"));
  Assemble(in.spec, planner::PlanJson(*found.plan), planner::PredictionJson(found.prediction), {}, out);
  return out;
}

}  // namespace

void PlanOptions::Declare(OptionSet& options) {
  options.String("model", &model,
                 "What to plan for: a model folder or file, a config.json (or a folder with one), or a shape as 7B or "
                 "layers=32,hidden=4096,heads=32,kv-heads=8.",
                 "PATH|SHAPE");
  options.String("hardware", &hardware,
                 "Where it is to run: cards as 8xA100-80G, a cluster file (.yaml), cpu for this machine as it is, or auto, which "
                 "measures it too.",
                 "SPEC");
  options.Strings("catalogue", &catalogues,
                  "A YAML file with accelerators and fabrics of your own (docs/reports/planning.md). May be given several times.", "FILE");
  options.Choice("task", &task, {"serve", "train", "finetune-lora"}, "What the hardware is to do.");
  options.Int("context", &context, 0, kTokensMax, "Tokens of a sequence, in all. 0 takes the model's context.");
  options.Int("concurrency", &concurrency, 1, 1 << 24, "Requests that run at once.");
  options.String("weights", &weights, "The type of the weights: f32, f16, bf16, fp8, q8_0, q4_k, ... Without it, what the files hold.", "TYPE");
  options.String("kv-type", &kv_type, "The type of cached keys and values: auto, f32, f16, bf16, fp8 or int8.", "TYPE");
  options.Int("tensor-parallel", &tensor_parallel, 0, 1 << 20, "Ranks that divide every matrix. 0 lets the plan choose.");
  options.Int("pipeline-parallel", &pipeline_parallel, 0, 1 << 20, "Stages of layers. 0 lets the plan choose.");
  options.Int("memory", &memory, 0, INT64_MAX / 4, "The memory of a device in place of the catalogue's.", "BYTES");
  options.Int("prompt-tokens", &prompt_tokens, 0, kTokensMax, "Tokens of a request's prompt. 0 takes half of the context.");
  options.Int("max-tokens", &max_tokens, 0, kTokensMax, "Tokens of an answer. 0 takes the rest of the context.");
  options.Int("global-batch", &global_batch, 0, int64_t{1} << 32, "Sequences of one training step.");
  options.String("slo", &slo, "Service levels that requests keep, as ttft=500ms,itl=50ms.", "LEVELS");
  options.String("load", &load, "Requests a second, or a trace: TIMESTAMP,ContextTokens,GeneratedTokens a line.", "RPS|TRACE");
  options.Double("usd-hour", &usd_hour, 0, 1e9, "What all the hardware costs an hour, in place of the catalogue's price.", "USD");
}

Result<PlanAnswer> MakePlan(const PlanOptions& o) {
  if (o.model.empty()) return InvalidArgument("--model is missing: a model folder, a config.json or a shape as 7B").WithField("model");
  if (o.task != "serve") return Train(o);
  return IsHere(o) ? ServeHere(o) : ServeOnCluster(o);
}

Status EvaluatePlans(const PlanOptions& o, const std::string& path, const std::function<void(const json::Value&)>& each) {
  if (o.task == "serve") return InvalidArgument("--evaluate goes with --task train").WithField("evaluate");
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kPlansBytesMax).Wrap(path));
  PANO_ASSIGN_OR_RETURN(const TrainInput in, ReadTrainInput(o, true));
  PANO_ASSIGN_OR_RETURN(const planner::TrainModel model, MakeTrainModel(o, in.spec, nullptr));
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = Trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    auto evaluate = [&]() -> Result<json::Value> {
      PANO_ASSIGN_OR_RETURN(const json::Value object, json::Parse(line));
      PANO_ASSIGN_OR_RETURN(planner::ParallelPlan plan, planner::ParsePlan(object));
      if (!object.Find("global_batch")) plan.global_batch = in.goal.global_batch;
      if (!object.Find("seq")) plan.seq = in.goal.seq;
      PANO_RETURN_IF_ERROR(model.Check(plan));
      const planner::TrainPrediction p = model.Predict(plan);
      json::Value out;
      out.Set("fits", p.memory.fits());
      out.Set("parameters", in.spec.parameters());
      out.Set("memory", planner::MemoryJson(p.memory));
      out.Set("plan", planner::PlanJson(plan));
      out.Set("predicted", planner::PredictionJson(p));
      return out;
    };
    Result<json::Value> answer = evaluate();
    if (answer.ok()) {
      each(*answer);
    } else {
      json::Value error;
      error.Set("error", answer.error().message());
      each(error);
    }
  }
  return {};
}

}  // namespace pano::plan
