#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/nn/perplexity.h"
#include "pano/cli.h"
#include "pano/eval_ids.h"
#include "pano/eval_inputs.h"
#include "pano/local_model.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

struct EvalOptions {
  LocalModelOptions model;
  std::string file, ids, logits, inputs, outputs;
  int64_t context = 0, stride = 0;
  bool json = false;
};

Status RunPerplexity(const EvalOptions& options, LocalModel& local) {
  if (!local.tokenizer) {
    return InvalidArgument(StrCat(local.files.path, ": has no tokenizer, so text cannot be read"));
  }
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(options.file));
  // One encode: the begin token stands once in front, where the tokenizer adds one.
  PANO_ASSIGN_OR_RETURN(std::vector<nn::TokenId> ids, local.tokenizer->Encode(text));
  const int64_t context =
      options.context > 0 ? options.context : std::min<int64_t>(local.model->context_length(), 2048);
  const int64_t stride = options.stride > 0 ? options.stride : std::max<int64_t>(1, context / 2);
  Progress progress("eval");
  PANO_ASSIGN_OR_RETURN(nn::Perplexity result,
                        nn::MeasurePerplexity(*local.model, ids, context, stride,
                                              [&](double share) { progress.Update(share); }));
  if (options.json) {
    json::Value out;
    out.Set("perplexity", result.value());
    out.Set("nll", result.nll);
    out.Set("tokens", result.tokens);
    out.Set("context", context);
    out.Set("stride", stride);
    out.Set("bytes", static_cast<int64_t>(text.size()));
    out.Set("bits_per_byte", result.nll / std::log(2.0) / static_cast<double>(text.size()));
    std::printf("%s\n", json::Dump(out).c_str());
  } else {
    std::printf("perplexity %.4f over %lld tokens (context %lld, stride %lld), %.4f bits per byte\n",
                result.value(), static_cast<long long>(result.tokens),
                static_cast<long long>(context), static_cast<long long>(stride),
                result.nll / std::log(2.0) / static_cast<double>(text.size()));
  }
  return {};
}

}  // namespace

int RunEval(const Command& self, Args args) {
  EvalOptions o;
  o.model.arithmetic.compute = "f32";
  OptionSet options;
  o.model.Declare(options);
  options.String("file", &o.file, "text whose perplexity is measured", "TEXT");
  options.Int("context", &o.context, 0, INT32_MAX, "window in tokens, 0 = min(model's, 2048)");
  options.Int("stride", &o.stride, 0, INT32_MAX, "from window to window, 0 = context / 2");
  options.String("ids", &o.ids, "JSON file [[id, ...], ...] whose logits are written", "FILE");
  options.String("logits", &o.logits, "safetensors file to write tensor \"logits\" to", "FILE");
  options.String("inputs", &o.inputs, "safetensors file with input_ids, pixel_values, ...", "FILE");
  options.String("outputs", &o.outputs, "safetensors file to write all outputs to", "FILE");
  options.Flag("json", &o.json, "print JSON");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.ids.empty() != o.logits.empty()) return FailUsage(self, "--ids and --logits go together");
  if (o.inputs.empty() != o.outputs.empty()) return FailUsage(self, "--inputs and --outputs go together");
  const int given = (o.ids.empty() ? 0 : 1) + (o.file.empty() ? 0 : 1) + (o.inputs.empty() ? 0 : 1);
  if (given != 1) {
    return FailUsage(self, "give one of --file, --ids with --logits, --inputs with --outputs");
  }
  if (!o.inputs.empty()) {
    Status status = EvalInputs(o.model, o.inputs, o.outputs);
    return status.ok() ? 0 : Fail(self, status);
  }
  auto local = LoadLocalModel(o.model);
  if (!local.ok()) return Fail(self, local.error());
  Status status = o.ids.empty() ? RunPerplexity(o, *local) : EvalIds(*local->model, o.ids, o.logits);
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace pano::cli
