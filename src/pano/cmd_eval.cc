#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/nn/perplexity.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/cli.h"
#include "pano/eval_ids.h"
#include "pano/eval_inputs.h"
#include "pano/local_model.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

struct EvalOptions {
  LocalModelOptions model;
  std::string file, reference, ids, logits, inputs, outputs;
  int64_t context = 0, stride = 0;
  bool json = false;
};

// The reference is computed in f32, whatever the model is.
Result<nn::Divergence> MeasureText(const EvalOptions& options, LocalModel& local,
                                   std::span<const nn::TokenId> ids, int64_t context,
                                   int64_t stride) {
  Progress progress("eval");
  auto show = [&](double share) { progress.Update(share); };
  if (options.reference.empty()) {
    nn::Divergence result;
    PANO_ASSIGN_OR_RETURN(result.model,
                          nn::MeasurePerplexity(*local.model, ids, context, stride, show,
                                                local.adapter.get()));
    return result;
  }
  LocalModelOptions exact = options.model;
  exact.path = options.reference;
  exact.adapter.clear();
  exact.arithmetic.compute = "f32";
  exact.arithmetic.kv_type = "f32";
  PANO_ASSIGN_OR_RETURN(LocalModel reference, LoadLocalModel(exact).Wrap("--reference"));
  PANO_ASSIGN_OR_RETURN(
      nn::Divergence result,
      nn::MeasureDivergence(*reference.model, *local.model, ids, context, stride, show,
                            local.adapter.get()));
  PANO_RETURN_IF_ERROR(reference.files.weights->CheckUnchanged());
  return result;
}

double BitsPerByte(const nn::Perplexity& result, size_t bytes) {
  return result.nll / std::log(2.0) / static_cast<double>(bytes);
}

json::Value ToJson(const EvalOptions& options, const nn::Divergence& result, int64_t context,
                   int64_t stride, size_t bytes) {
  json::Value out;
  out.Set("perplexity", result.model.value());
  out.Set("nll", result.model.nll);
  out.Set("tokens", result.model.tokens);
  out.Set("context", context);
  out.Set("stride", stride);
  out.Set("bytes", static_cast<int64_t>(bytes));
  out.Set("bits_per_byte", BitsPerByte(result.model, bytes));
  if (!options.reference.empty()) {
    out.Set("reference_perplexity", result.reference.value());
    out.Set("perplexity_ratio", result.model.value() / result.reference.value());
    out.Set("mean_kl", result.mean_kl());
  }
  return out;
}

Status RunPerplexity(const EvalOptions& options, LocalModel& local) {
  if (!local.tokenizer) {
    return InvalidArgument(StrCat(local.files.path, ": has no tokenizer, so text cannot be read"));
  }
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(options.file));
  // One call of Encode, so that a begin token is added once.
  PANO_ASSIGN_OR_RETURN(std::vector<nn::TokenId> ids, local.tokenizer->Encode(text));
  const int64_t context = options.context > 0
                              ? options.context
                              : std::min<int64_t>(local.model->context_length(), 2048);
  const int64_t stride = options.stride > 0 ? options.stride : std::max<int64_t>(1, context / 2);
  PANO_ASSIGN_OR_RETURN(nn::Divergence result, MeasureText(options, local, ids, context, stride));
  PANO_RETURN_IF_ERROR(local.files.weights->CheckUnchanged());
  if (options.json) {
    std::printf("%s\n", json::Dump(ToJson(options, result, context, stride, text.size())).c_str());
    return {};
  }
  std::printf("perplexity %.4f over %lld tokens (context %lld, stride %lld), %.4f bits per byte\n",
              result.model.value(), static_cast<long long>(result.model.tokens),
              static_cast<long long>(context), static_cast<long long>(stride),
              BitsPerByte(result.model, text.size()));
  if (!options.reference.empty()) {
    std::printf("reference  %.4f, perplexity ratio %.5f, mean KL %.6f nats a token\n",
                result.reference.value(), result.model.value() / result.reference.value(),
                result.mean_kl());
  }
  return {};
}

}  // namespace

int RunEval(const Command& self, Args args) {
  EvalOptions o;
  o.model.arithmetic.compute = "f32";
  OptionSet options;
  o.model.Declare(options);
  o.model.DeclareAdapter(options);
  options.String("file", &o.file, "Measure the perplexity of this text file.", "TEXT");
  options.String("reference", &o.reference,
                 "Compare with this model, in f32, over --file: perplexity ratio and divergence.",
                 "PATH");
  options.Int("context", &o.context, 0, INT32_MAX,
              "Window in tokens; 0 takes the model's context, at most 2048.");
  options.Int("stride", &o.stride, 0, INT32_MAX,
              "Tokens from one window to the next; 0 takes half of --context.");
  options.String("ids", &o.ids,
                 "Write the logits of these token ids, a JSON file [[id, ...], ...].", "FILE");
  options.String("logits", &o.logits,
                 "Write the logits of --ids to this safetensors file, as tensor \"logits\".",
                 "FILE");
  options.String(
      "inputs", &o.inputs,
      "Compute an encoder's outputs for this safetensors file (input_ids, pixel_values, ...).",
      "FILE");
  options.String("outputs", &o.outputs, "Write the outputs of --inputs to this safetensors file.",
                 "FILE");
  options.Flag("json", &o.json, "Print the result as JSON.");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.ids.empty() != o.logits.empty()) return FailUsage(self, "--ids and --logits go together");
  if (o.inputs.empty() != o.outputs.empty())
    return FailUsage(self, "--inputs and --outputs go together");
  const int given = (o.ids.empty() ? 0 : 1) + (o.file.empty() ? 0 : 1) + (o.inputs.empty() ? 0 : 1);
  if (given != 1) {
    return FailUsage(self, "give one of --file, --ids with --logits, --inputs with --outputs");
  }
  if (!o.reference.empty() && o.file.empty())
    return FailUsage(self, "--reference goes with --file");
  if (!o.inputs.empty()) {
    Status status = EvalInputs(o.model, o.inputs, o.outputs);
    return status.ok() ? 0 : Fail(self, status);
  }
  auto local = LoadLocalModel(o.model);
  if (!local.ok()) return Fail(self, local.error());
  Status status =
      o.ids.empty() ? RunPerplexity(o, *local) : EvalIds(*local, o.ids, o.logits);
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace pano::cli
