#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/nn/perplexity.h"
#include "model/nn/sequence_runner.h"
#include "pano/cli.h"
#include "pano/local_model.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

struct EvalOptions {
  LocalModelOptions model;
  std::string file, ids, logits;
  int64_t context = 0, stride = 0;
  bool json = false;
};

using Batch = std::vector<std::vector<nn::TokenId>>;

// [[id, ...], ...], every row of one length.
Result<Batch> ReadIds(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  PANO_ASSIGN_OR_RETURN(json::Value value, json::Parse(text).Wrap(path));
  const std::string wanted = StrCat(path, ": is not [[id, ...], ...] with rows of one length");
  if (!value.is_array() || value.as_array().empty()) return InvalidArgument(wanted);
  Batch batch;
  for (const json::Value& row : value.as_array()) {
    if (!row.is_array() || row.as_array().empty()) return InvalidArgument(wanted);
    std::vector<nn::TokenId> ids;
    for (const json::Value& id : row.as_array()) {
      if (!id.is_int() || id.as_int() < 0 || id.as_int() > INT32_MAX) return InvalidArgument(wanted);
      ids.push_back(static_cast<nn::TokenId>(id.as_int()));
    }
    if (!batch.empty() && batch[0].size() != ids.size()) return InvalidArgument(wanted);
    batch.push_back(std::move(ids));
  }
  return batch;
}

// Writes tensor "logits" [batch, length, vocab] F32.
Status WriteLogits(nn::Model& model, const Batch& batch, const std::string& path) {
  const auto vocab = static_cast<size_t>(model.vocab_size());
  const size_t length = batch[0].size();
  std::vector<float> all(batch.size() * length * vocab);
  for (size_t b = 0; b < batch.size(); ++b) {
    PANO_ASSIGN_OR_RETURN(nn::SequenceRunner runner, nn::SequenceRunner::Create(
                                                         model, static_cast<int64_t>(length)));
    PANO_RETURN_IF_ERROR(runner.Feed(batch[b], 0, [&](size_t i, std::span<const float> row) {
      std::copy(row.begin(), row.end(), &all[(b * length + i) * vocab]);
    }));
  }
  format::SafetensorsEntry entry;
  entry.name = "logits";
  entry.view = {tensor::DType::kF32,
                {static_cast<int64_t>(batch.size()), static_cast<int64_t>(length),
                 static_cast<int64_t>(vocab)},
                reinterpret_cast<const std::byte*>(all.data()),
                all.size() * sizeof(float)};
  return format::WriteSafetensors(path, {entry});
}

Status RunLogits(const EvalOptions& options, LocalModel& local) {
  PANO_ASSIGN_OR_RETURN(Batch batch, ReadIds(options.ids));
  return WriteLogits(*local.model, batch, options.logits);
}

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
  options.Flag("json", &o.json, "print JSON");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.ids.empty() != o.logits.empty()) return FailUsage(self, "--ids and --logits go together");
  if (o.ids.empty() == o.file.empty()) {
    return FailUsage(self, "give either --file or --ids with --logits");
  }
  auto local = LoadLocalModel(o.model);
  if (!local.ok()) return Fail(self, local.error());
  Status status = o.ids.empty() ? RunPerplexity(o, *local) : RunLogits(o, *local);
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace pano::cli
