#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/limits/limits.h"
#include "model/nn/model.h"
#include "pano/cli.h"
#include "pano/local_model.h"
#include "pano/progress.h"
#include "pano/synthetic_model.h"

namespace pano::cli {
namespace {

using Seconds = std::chrono::duration<double>;

struct BenchOptions {
  LocalModelOptions model;
  std::string synthetic, batch = "1,4,16";
  int64_t prompt_tokens = 128, gen_tokens = 32, repetitions = 3;
  bool json = false;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string CpuName() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return std::string(Trim(line.substr(line.find(':') + 1)));
  }
  return "unknown";
}

// `batch` sequences with one prompt and greedy continuations, stepped together.
class Batch {
 public:
  static Result<Batch> Create(nn::Model& model, size_t batch, int64_t length) {
    const int blocks = static_cast<int>((length + nn::kBlockTokens - 1) / nn::kBlockTokens);
    const std::vector<int> counts = model.state_layout().Uniform(blocks * static_cast<int>(batch));
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<nn::State> state, model.CreateState(counts));
    Batch out(model, std::move(state));
    for (size_t i = 0; i < batch; ++i) {
      std::vector<nn::BlockId> table;
      for (int b = 0; b < blocks; ++b) table.push_back(static_cast<int>(i) * blocks + b);
      out.tables_.push_back(std::move(table));
    }
    out.next_.resize(batch);
    return out;
  }

  // The prompt into the first sequence, or into each.
  Status Prefill(std::span<const nn::TokenId> prompt) {
    for (size_t i = 0; i < tables_.size(); ++i) {
      PANO_RETURN_IF_ERROR(Step({Slice(i, prompt, prompt.size() - 1)}));
      next_[i] = Best(0);
    }
    position_ = static_cast<int64_t>(prompt.size());
    return {};
  }

  // One token for every sequence; an error when two continuations differ, which they must not.
  Status Decode() {
    std::vector<nn::SequenceSlice> slices;
    for (size_t i = 0; i < tables_.size(); ++i) {
      slices.push_back(Slice(i, std::span(&next_[i], 1), 0));
    }
    PANO_RETURN_IF_ERROR(Step(std::move(slices)));
    for (size_t i = 0; i < tables_.size(); ++i) {
      if (std::memcmp(logits_.row(i).data(), logits_.row(0).data(), logits_.vocab() * 4) != 0) {
        return Internal("logits differ between equal sequences of a batch");
      }
      next_[i] = Best(i);
    }
    ++position_;
    return {};
  }

 private:
  Batch(nn::Model& model, std::unique_ptr<nn::State> state)
      : model_(&model), state_(std::move(state)) {}

  nn::SequenceSlice Slice(size_t i, std::span<const nn::TokenId> tokens, size_t logits_from) {
    nn::SequenceSlice slice;
    slice.tokens = tokens;
    slice.position = position_;
    slice.tables.assign(model_->state_layout().groups.size(), tables_[i]);
    slice.logits_from = logits_from;
    return slice;
  }
  Status Step(std::vector<nn::SequenceSlice> slices) {
    return model_->Forward({std::move(slices)}, *state_, logits_);
  }
  nn::TokenId Best(size_t row) const {
    auto logits = logits_.row(row);
    return static_cast<nn::TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }

  nn::Model* model_;
  std::unique_ptr<nn::State> state_;
  std::vector<std::vector<nn::BlockId>> tables_;
  std::vector<nn::TokenId> next_;
  int64_t position_ = 0;
  nn::Logits logits_;
};

template <typename Work>
Result<double> Timed(Work work) {
  auto start = std::chrono::steady_clock::now();
  PANO_RETURN_IF_ERROR(work());
  return Seconds(std::chrono::steady_clock::now() - start).count();
}

Result<double> PrefillRate(nn::Model& model, std::span<const nn::TokenId> prompt, int64_t reps) {
  std::vector<double> rates;
  for (int64_t rep = 0; rep < reps; ++rep) {
    PANO_ASSIGN_OR_RETURN(Batch batch,
                          Batch::Create(model, 1, static_cast<int64_t>(prompt.size())));
    PANO_ASSIGN_OR_RETURN(double seconds, Timed([&] { return batch.Prefill(prompt); }));
    rates.push_back(static_cast<double>(prompt.size()) / seconds);
  }
  return Median(rates);
}

Result<double> DecodeRate(nn::Model& model, std::span<const nn::TokenId> prompt, size_t batch_size,
                          int64_t gen_tokens, int64_t reps) {
  std::vector<double> rates;
  for (int64_t rep = 0; rep < reps; ++rep) {
    const int64_t length = static_cast<int64_t>(prompt.size()) + gen_tokens;
    PANO_ASSIGN_OR_RETURN(Batch batch, Batch::Create(model, batch_size, length));
    PANO_RETURN_IF_ERROR(batch.Prefill(prompt));
    PANO_ASSIGN_OR_RETURN(double seconds, Timed([&]() -> Status {
      for (int64_t i = 0; i < gen_tokens; ++i) PANO_RETURN_IF_ERROR(batch.Decode());
      return {};
    }));
    rates.push_back(static_cast<double>(gen_tokens) * static_cast<double>(batch_size) / seconds);
  }
  return Median(rates);
}

Result<std::vector<size_t>> ParseBatches(const std::string& text) {
  std::vector<size_t> batches;
  for (std::string_view part : Split(text, ',')) {
    auto size = ParseInt(Trim(part));
    if (!size || *size < 1 || *size > 1024) {
      return InvalidArgument(StrCat("--batch: '", Printable(part), "' is not a number from 1 to 1024"));
    }
    batches.push_back(static_cast<size_t>(*size));
  }
  return batches;
}

Result<LocalModel> Load(const BenchOptions& options) {
  if (options.synthetic.empty()) return LoadLocalModel(options.model);
  LocalModel local;
  local.pool = std::make_unique<ComputePool>(static_cast<int>(options.model.threads));
  PANO_ASSIGN_OR_RETURN(local.files, MakeSyntheticModel(options.synthetic));
  PANO_ASSIGN_OR_RETURN(
      local.model,
      nn::LoadModel(local.files, options.model.arithmetic.LoadOptions(), *local.pool));
  return local;
}

Result<json::Value> Measure(const BenchOptions& options, LocalModel& local,
                            const std::vector<size_t>& batches) {
  nn::Model& model = *local.model;
  const int64_t context = model.context_length();
  if (options.prompt_tokens + options.gen_tokens > context) {
    return InvalidArgument(StrCat("--prompt-tokens and --gen-tokens together exceed the context of ",
                                  context));
  }
  Random random(1);
  std::vector<nn::TokenId> prompt(static_cast<size_t>(options.prompt_tokens));
  for (nn::TokenId& id : prompt) {
    id = static_cast<nn::TokenId>(random.Below(static_cast<uint64_t>(model.vocab_size())));
  }
  Progress progress("bench");
  json::Value out;
  out.Set("model", local.files.path);
  out.Set("cpu", CpuName());
  out.Set("threads", local.pool->threads());
  const kernels::MachineLimits limits = kernels::MeasureLimits(*local.pool);
  json::Value& l = out.Set("limits", json::Object());
  l.Set("read_gb_s", limits.read_bytes_per_second / 1e9);
  l.Set("f32_gflop_s", limits.f32_flop_per_second / 1e9);
  l.Set("int8_gop_s", limits.int8_op_per_second / 1e9);
  progress.Update(0.1, "prefill");
  PANO_ASSIGN_OR_RETURN(double prefill, PrefillRate(model, prompt, options.repetitions));
  json::Value row;
  row.Set("tokens", options.prompt_tokens);
  row.Set("tok_s", prefill);
  out.Set("prefill", json::Array{row});
  json::Value decode = json::Array();
  // Decoding is measured behind a short prompt, which bounds the time that filling a batch takes.
  auto start = std::span<const nn::TokenId>(prompt).first(std::min<size_t>(prompt.size(), 16));
  for (size_t batch : batches) {
    progress.Update(0.5, StrCat("decode, batch ", batch));
    PANO_ASSIGN_OR_RETURN(double rate, DecodeRate(model, start, batch, options.gen_tokens,
                                                  options.repetitions));
    json::Value entry;
    entry.Set("batch", static_cast<int64_t>(batch));
    entry.Set("tok_s", rate);
    decode.Append(std::move(entry));
  }
  out.Set("decode", std::move(decode));
  return out;
}

void PrintText(const json::Value& out) {
  const json::Value& limits = *out.Find("limits");
  std::printf("%s, %lld threads\n", out.Find("cpu")->as_string().c_str(),
              static_cast<long long>(out.Find("threads")->as_int()));
  std::printf("limits   %.1f GB/s read, %.0f GFLOP/s f32, %.0f GOP/s int8\n",
              limits.Find("read_gb_s")->as_double(), limits.Find("f32_gflop_s")->as_double(),
              limits.Find("int8_gop_s")->as_double());
  for (const json::Value& row : out.Find("prefill")->as_array()) {
    std::printf("prefill  %4lld tokens  %10.1f tokens/s\n",
                static_cast<long long>(row.Find("tokens")->as_int()),
                row.Find("tok_s")->as_double());
  }
  for (const json::Value& row : out.Find("decode")->as_array()) {
    std::printf("decode   batch %4lld  %10.1f tokens/s\n",
                static_cast<long long>(row.Find("batch")->as_int()),
                row.Find("tok_s")->as_double());
  }
}

}  // namespace

int RunBench(const Command& self, Args args) {
  BenchOptions o;
  OptionSet options;
  o.model.Declare(options);
  options.String("synthetic", &o.synthetic,
                 "random weights in place of --model: {160m,1b,3b}-{f32,f16,bf16,q8_0}", "NAME");
  options.Int("prompt-tokens", &o.prompt_tokens, 1, 1 << 20, "tokens of the prefill");
  options.Int("gen-tokens", &o.gen_tokens, 1, 1 << 20, "tokens decoded per sequence");
  options.String("batch", &o.batch, "sequences decoded together, a list", "1,4,16");
  options.Int("repetitions", &o.repetitions, 1, 1000, "runs of which the median counts");
  options.Flag("json", &o.json, "print JSON");
  if (auto code = Parse(self, options, args)) return *code;
  auto batches = ParseBatches(o.batch);
  if (!batches.ok()) return FailUsage(self, batches.error().message());
  if (!o.synthetic.empty() && !o.model.path.empty()) {
    return FailUsage(self, "give --model or --synthetic, not both");
  }
  auto local = Load(o);
  if (!local.ok()) return Fail(self, local.error());
  auto result = Measure(o, *local, *batches);
  if (!result.ok()) return Fail(self, result.error());
  if (o.json) {
    std::printf("%s\n", json::Dump(*result).c_str());
  } else {
    PrintText(*result);
  }
  return 0;
}

}  // namespace pano::cli
