#include "pano/eval_ids.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/sequence_runner.h"

namespace pano::cli {
namespace {

using Batch = std::vector<std::vector<nn::TokenId>>;

// [[id, ...], ...], every row of one length.
Result<Batch> ReadIds(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  PANO_ASSIGN_OR_RETURN(json::Value value, json::Parse(text, {.allow_nan = true}).Wrap(path));
  const std::string wanted = StrCat(path, ": is not [[id, ...], ...] with rows of one length");
  if (!value.is_array() || value.as_array().empty()) return InvalidArgument(wanted);
  Batch batch;
  for (const json::Value& row : value.as_array()) {
    if (!row.is_array() || row.as_array().empty()) return InvalidArgument(wanted);
    std::vector<nn::TokenId> ids;
    for (const json::Value& id : row.as_array()) {
      if (!id.is_int() || id.as_int() < 0 || id.as_int() > INT32_MAX)
        return InvalidArgument(wanted);
      ids.push_back(static_cast<nn::TokenId>(id.as_int()));
    }
    if (!batch.empty() && batch[0].size() != ids.size()) return InvalidArgument(wanted);
    batch.push_back(std::move(ids));
  }
  return batch;
}

// Writes tensor "logits" [batch, length, vocab] F32.
Status WriteLogits(const LocalModel& local, const Batch& batch, const std::string& path) {
  nn::Model& model = *local.model;
  const auto vocab = static_cast<size_t>(model.vocab_size());
  const size_t length = batch[0].size();
  std::vector<float> all(batch.size() * length * vocab);
  for (size_t b = 0; b < batch.size(); ++b) {
    PANO_ASSIGN_OR_RETURN(nn::SequenceRunner runner,
                          nn::SequenceRunner::Create(model, static_cast<int64_t>(length),
                                                     local.adapter.get()));
    PANO_RETURN_IF_ERROR(runner.Feed(batch[b], 0, [&](size_t i, std::span<const float> row) {
      std::copy(row.begin(), row.end(), &all[(b * length + i) * vocab]);
    }));
  }
  PANO_RETURN_IF_ERROR(local.files.weights->CheckUnchanged());
  format::SafetensorsEntry entry;
  entry.name = "logits";
  entry.view = {tensor::DType::kF32,
                {static_cast<int64_t>(batch.size()), static_cast<int64_t>(length),
                 static_cast<int64_t>(vocab)},
                reinterpret_cast<const std::byte*>(all.data()),
                all.size() * sizeof(float)};
  return format::WriteSafetensors(path, {entry});
}

}  // namespace

Status EvalIds(const LocalModel& local, const std::string& ids, const std::string& logits) {
  PANO_ASSIGN_OR_RETURN(Batch batch, ReadIds(ids));
  return WriteLogits(local, batch, logits);
}

}  // namespace pano::cli
