#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/limits.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/load.h"
#include "pano/bench/decoder_bench.h"
#include "pano/bench/encoder_bench.h"
#include "pano/bench/model_folder.h"
#include "pano/bench/model_work.h"
#include "pano/bench/random_weights.h"
#include "pano/bench/report.h"
#include "pano/bench/shape.h"
#include "pano/bench/tensor_list.h"
#include "pano/bench/weight_type.h"
#include "pano/cli.h"
#include "pano/local_model.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

struct BenchOptions {
  LocalModelOptions model;
  std::string shape, type, write, batch = "1,4,16", adapter_layers = "all", adapter_type = "f16";
  bench::DecoderOptions measure;
  int64_t adapters = 0, adapter_rank = 16;
  int64_t seed = 1;
  bool limits = false, json = false;

  void Declare(OptionSet& options) {
    model.Declare(options);
    options.String("shape", &shape,
                   StrCat("Measure random weights of this shape in place of --model: ",
                          bench::ShapeNames(), ", or the path of a config.json."),
                   "SHAPE");
    options.String(
        "type", &type,
        StrCat("Type of the matrices of --shape: ", bench::WeightTypeNames(), ". Default: f16."),
        "TYPE");
    options.String("write", &write, "Save the model of --shape as this folder and measure nothing.",
                   "DIR");
    options.Int("seed", &seed, 0, INT64_MAX, "Seed of random weights and prompts.");
    options.Int("prompt-tokens", &measure.prompt_tokens, 1, 1 << 20,
                "Tokens of the prefill, or of each text of an encoder.");
    options.Int("gen-tokens", &measure.gen_tokens, 1, 1 << 20,
                "Tokens that a sequence alone decodes.");
    options.String("batch", &batch,
                   "Numbers of sequences, or texts, that are computed together, as a list.",
                   "1,4,16");
    options.Int("batch-prompt", &measure.batch_prompt, 1, 1 << 20,
                "Prompt tokens of each of several sequences.");
    options.Int("batch-gen", &measure.batch_gen, 1, 1 << 20,
                "Tokens that each of several sequences decodes.");
    options.Int("batch-piece", &measure.batch_piece, 0, 1 << 20,
                "Tokens of another prompt that each step of several sequences computes too.");
    options.Int("adapters", &adapters, 0, 1024,
                "Measure each --batch with so many random low-rank adapters beside the same without, "
                "and nothing else; 0 measures none.");
    options.Int("adapter-rank", &adapter_rank, 1, 4096, "Rank of the adapters.");
    options.Choice("adapter-layers", &adapter_layers, {"all", "qv"},
                   "What the adapters change: every matrix of the layers, or queries and values.");
    options.Choice("adapter-type", &adapter_type, {"f32", "f16", "bf16"}, "Type of their values.");
    options.Int("repetitions", &measure.repetitions, 1, 1000, "Runs whose median is reported.");
    options.Flag(
        "limits", &limits,
        "Measure only the machine: read bandwidth and arithmetic peaks by number of threads.");
    options.Flag("json", &json, "Print the result as JSON.");
  }
};

std::string CpuName() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return std::string(Trim(line.substr(line.find(':') + 1)));
  }
  return "unknown";
}

std::string IsaName() { return kernels::SelectIsa().name; }

Result<std::vector<size_t>> ParseBatches(const std::string& text) {
  std::vector<size_t> batches;
  for (std::string_view part : Split(text, ',')) {
    auto size = ParseInt(Trim(part));
    if (!size || *size < 1 || *size > 1024) {
      return InvalidArgument(
          StrCat("--batch: '", Printable(part), "' is not a number from 1 to 1024"));
    }
    batches.push_back(static_cast<size_t>(*size));
  }
  return batches;
}

// What is wrong with the options together; "" when nothing is.
std::string Contradiction(const BenchOptions& o) {
  if (!o.shape.empty() && !o.model.path.empty()) return "give --model or --shape, not both";
  if (o.shape.empty() && !o.type.empty()) return "--type is for --shape";
  if (o.shape.empty() && !o.write.empty()) return "--write is for --shape";
  if (o.limits && (!o.shape.empty() || !o.model.path.empty())) {
    return "--limits measures the machine alone, without --model or --shape";
  }
  return "";
}

// A model with random weights of the shape and type that were asked for.
Result<format::ModelFiles> MakeModel(const BenchOptions& o, ComputePool& pool) {
  PANO_ASSIGN_OR_RETURN(const bench::WeightType type,
                        bench::ParseWeightType(o.type.empty() ? "f16" : o.type).Wrap("--type"));
  PANO_ASSIGN_OR_RETURN(format::ModelFiles files, bench::ReadShape(o.shape));
  PANO_ASSIGN_OR_RETURN(const std::vector<bench::ModelTensor> tensors, bench::ListTensors(files));
  PANO_ASSIGN_OR_RETURN(
      files.weights,
      bench::MakeRandomWeights(tensors, type.dtype, static_cast<uint64_t>(o.seed), pool));
  files.path = StrCat(files.path, " ", type.name);
  return files;
}

Status WriteModel(const BenchOptions& o, ComputePool& pool) {
  PANO_ASSIGN_OR_RETURN(const std::string starter, FindStarterModel());
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, MakeModel(o, pool));
  PANO_RETURN_IF_ERROR(bench::WriteModelFolder(files, starter, o.write));
  std::printf("%s: %s, %zu tensors, %.1f MB\n", o.write.c_str(), files.path.c_str(),
              files.weights->Names().size(), static_cast<double>(files.weights->FileBytes()) / 1e6);
  return {};
}

bench::AdapterOptions AdapterMeasure(const BenchOptions& o, const std::vector<size_t>& batches) {
  return {.adapters = static_cast<size_t>(o.adapters),
          .rank = o.adapter_rank,
          .all_layers = o.adapter_layers == "all",
          .type = o.adapter_type == "f32"   ? tensor::DType::kF32
                  : o.adapter_type == "f16" ? tensor::DType::kF16
                                            : tensor::DType::kBF16,
          .batches = batches,
          .prompt = o.measure.batch_prompt,
          .generated = o.measure.batch_gen,
          .repetitions = o.measure.repetitions,
          .seed = static_cast<uint64_t>(o.seed)};
}

Status Measure(const BenchOptions& o, const std::vector<size_t>& batches, ComputePool& pool,
               bench::BenchReport& report) {
  Progress progress("bench");
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files,
                        o.shape.empty() ? OpenLocalModel(o.model) : MakeModel(o, pool));
  report.model = files.path;
  if (auto work = bench::WorkOf(files); work.ok()) report.work = *work;
  // What decoding reads: bandwidth is that of so many bytes, measured between the parts of the work.
  const size_t read_bytes = report.work ? static_cast<size_t>(report.work->weight_bytes_per_token)
                                        : kernels::kReadBytes;
  const bench::OnProgress on_progress = [&](double share, std::string_view next) {
    progress.Update(share, next);
    report.limits.read_between = std::max(report.limits.read_between,
                                          kernels::MeasureReadBandwidth(pool, read_bytes));
  };
  const nn::LoadOptions load = o.model.arithmetic.LoadOptions();
  if (encoder::IsEncoder(files)) {
    PANO_ASSIGN_OR_RETURN(auto model, encoder::LoadEncoder(files, load, pool));
    report.limits.before = kernels::MeasureLimits(pool, 0, read_bytes);
    const bench::EncoderOptions measure{.batches = batches,
                                        .tokens = o.measure.prompt_tokens,
                                        .repetitions = o.measure.repetitions,
                                        .seed = static_cast<uint64_t>(o.seed)};
    PANO_ASSIGN_OR_RETURN(report.encoder, bench::MeasureEncoder(*model, measure, on_progress));
  } else {
    PANO_ASSIGN_OR_RETURN(auto model, nn::LoadModel(files, load, pool));
    bench::DecoderOptions measure = o.measure;
    measure.batches = batches;
    measure.seed = static_cast<uint64_t>(o.seed);
    report.limits.before = kernels::MeasureLimits(pool, 0, read_bytes);
    if (o.adapters > 0) {
      PANO_ASSIGN_OR_RETURN(report.adapters, bench::MeasureAdapters(
                                                 *model, pool, AdapterMeasure(o, batches), on_progress));
    } else {
      PANO_ASSIGN_OR_RETURN(report.decoder,
                            bench::MeasureDecoder(*model, pool, measure, on_progress));
    }
  }
  PANO_RETURN_IF_ERROR(files.weights->CheckUnchanged());
  report.limits.after = kernels::MeasureLimits(pool, 0, read_bytes);
  return {};
}

}  // namespace

int RunBench(const Command& self, Args args) {
  BenchOptions o;
  OptionSet options;
  o.Declare(options);
  if (auto code = Parse(self, options, args)) return *code;
  auto batches = ParseBatches(o.batch);
  if (!batches.ok()) return FailUsage(self, batches.error().message());
  if (std::string wrong = Contradiction(o); !wrong.empty()) return FailUsage(self, wrong);
  ComputePool pool(static_cast<int>(o.model.threads));
  if (!o.write.empty()) {
    const Status status = WriteModel(o, pool);
    return status.ok() ? 0 : Fail(self, status);
  }
  json::Value out;
  if (o.limits) {
    out = bench::LimitsToJson(kernels::MeasureLimitsByThreads(pool), CpuName(), IsaName());
  } else {
    bench::BenchReport report{.cpu = CpuName(), .isa = IsaName(), .threads = pool.threads()};
    if (Status status = Measure(o, *batches, pool, report); !status.ok()) return Fail(self, status);
    out = bench::ToJson(report);
  }
  std::fputs((o.json ? json::Dump(out) + "\n" : bench::FormatReport(out)).c_str(), stdout);
  return 0;
}

}  // namespace pano::cli
