#include "pano/eval_inputs.h"

#include <algorithm>

#include "base/strings.h"
#include "model/nn/sequence_runner.h"
#include "pano/eval_tensors.h"

namespace pano::cli {
namespace {

using encoder::EncoderBatch;
using encoder::Output;

// Ids in front of the padding; a decoder has no place for padding elsewhere.
Result<size_t> UnpaddedLength(const encoder::TextRow& row, size_t number) {
  if (row.mask.empty()) return row.ids.size();
  const auto end = std::ranges::find(row.mask, uint8_t{0});
  if (end == row.mask.begin() || std::find(end, row.mask.end(), uint8_t{1}) != row.mask.end()) {
    return InvalidArgument(
        StrCat("attention_mask[", number, "]: a decoder takes padding on the right only"));
  }
  return static_cast<size_t>(end - row.mask.begin());
}

Result<std::vector<Output>> DecoderLogits(nn::Model& model, const nn::BoundAdapter* adapter,
                                          const EncoderBatch& batch) {
  if (!batch.images.empty() || !batch.decoder_ids.empty()) {
    return InvalidArgument("the model takes input_ids and attention_mask only");
  }
  if (batch.texts.empty()) return InvalidArgument("input_ids are missing");
  Output out{"logits", true, model.vocab_size(), {}};
  const auto vocab = static_cast<size_t>(model.vocab_size());
  for (size_t i = 0; i < batch.texts.size(); ++i) {
    const encoder::TextRow& row = batch.texts[i];
    if (std::ranges::any_of(row.types, [](int32_t type) { return type != 0; })) {
      return InvalidArgument("token_type_ids: the model has no token types");
    }
    PANO_ASSIGN_OR_RETURN(size_t length, UnpaddedLength(row, i));
    PANO_ASSIGN_OR_RETURN(nn::SequenceRunner runner,
                          nn::SequenceRunner::Create(model, static_cast<int64_t>(length), adapter));
    std::vector<float>& logits = out.rows.emplace_back(row.ids.size() * vocab);
    const std::span<const nn::TokenId> ids(row.ids.data(), length);
    PANO_RETURN_IF_ERROR(runner.Feed(ids, 0, [&](size_t at, std::span<const float> from) {
      std::copy(from.begin(), from.end(), &logits[at * vocab]);
    }));
  }
  return std::vector<Output>{std::move(out)};
}

Result<std::vector<Output>> Run(const LocalModelOptions& options, EncoderBatch batch) {
  PANO_ASSIGN_OR_RETURN(format::ModelFiles files, OpenLocalModel(options));
  ComputePool pool(static_cast<int>(options.threads));
  const nn::LoadOptions load = options.arithmetic.LoadOptions();
  if (encoder::IsEncoder(files)) {
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<encoder::Encoder> model,
                          encoder::LoadEncoder(files, load, pool));
    PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const nn::BoundAdapter> adapter,
                          LoadLocalAdapter(options.adapter, files, load.compute, *model));
    for (encoder::TextRow& row : batch.texts) row.adapter = adapter;
    PANO_ASSIGN_OR_RETURN(std::vector<Output> outputs, model->Encode(batch));
    PANO_RETURN_IF_ERROR(files.weights->CheckUnchanged());
    return outputs;
  }
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<nn::Model> model, nn::LoadModel(files, load, pool));
  PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const nn::BoundAdapter> adapter,
                        LoadLocalAdapter(options.adapter, files, load.compute, *model));
  PANO_ASSIGN_OR_RETURN(std::vector<Output> outputs, DecoderLogits(*model, adapter.get(), batch));
  PANO_RETURN_IF_ERROR(files.weights->CheckUnchanged());
  return outputs;
}

}  // namespace

Status EvalInputs(const LocalModelOptions& model, const std::string& inputs,
                  const std::string& outputs) {
  PANO_ASSIGN_OR_RETURN(EncoderBatch batch, ReadInputs(inputs));
  PANO_ASSIGN_OR_RETURN(std::vector<Output> answers, Run(model, batch));
  return WriteOutputs(answers, outputs);
}

}  // namespace pano::cli
