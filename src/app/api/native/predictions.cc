#include "app/api/native/predictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "app/api/answer.h"
#include "app/api/failure.h"
#include "app/models/token_text.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::api::native {
namespace {

using encoder::EncoderInfo;
using encoder::Task;
using json::Value;

std::string LabelOf(const EncoderInfo& info, size_t index) {
  return index < info.labels.size() ? info.labels[index] : StrCat("LABEL_", index);
}

size_t Best(std::span<const double> scores) {
  return static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

Value Score(double score) { return FloatJson(static_cast<float>(score)); }

Value Numbers(std::span<const float> row) {
  json::Array numbers;
  numbers.reserve(row.size());
  for (float number : row) numbers.push_back(FloatJson(number));
  return numbers;
}

Value ClassesJson(const EncoderInfo& info, const std::vector<float>& logits) {
  if (logits.empty()) return Value(json::Object());
  std::vector<double> scores(logits.begin(), logits.end());
  bool several = info.problem_type == "multi_label_classification" || logits.size() == 1;
  if (info.problem_type != "regression") scores = Probabilities(logits, several);
  Value all{json::Object()};
  for (size_t i = 0; i < scores.size(); ++i) all.Set(LabelOf(info, i), Score(scores[i]));
  Value body;
  size_t best = Best(scores);
  body.Set("label", LabelOf(info, best));
  body.Set("score", Score(scores[best]));
  body.Set("scores", std::move(all));
  return body;
}

Value RawJson(const encoder::Output& output, const std::vector<float>& row) {
  if (!output.per_token || output.size == 0) return Numbers(row);
  auto size = static_cast<size_t>(output.size);
  Value list{json::Array()};
  for (size_t at = 0; at + size <= row.size(); at += size) {
    list.Append(Numbers(std::span(row).subspan(at, size)));
  }
  return list;
}

// The row of an output that belongs to an instance: images have those of image models and of
// "image_" outputs, texts the others.
const std::vector<float>* RowOf(const encoder::Output& output, const Instances::Rows& rows) {
  bool of_image =
      !rows.text || output.name.starts_with("image_") || output.name == "logits_per_image";
  const std::optional<size_t>& row = of_image ? rows.image : rows.text;
  bool of_text = output.name.starts_with("text_");
  if (!row || (of_text && !rows.text) || *row >= output.rows.size()) return nullptr;
  return &output.rows[*row];
}

std::optional<nn::TokenId> MaskToken(const models::Predictor& version,
                                     const PredictionOptions& options) {
  if (options.mask_token_id) return options.mask_token_id;
  if (!version.tokenizer) return std::nullopt;
  for (std::string_view name : {"[MASK]", "<mask>"}) {
    std::optional<nn::TokenId> id = version.tokenizer->Find(name);
    if (id && version.tokenizer->IsSpecial(*id)) return id;
  }
  return std::nullopt;
}

Status NeedsOutputs(const EncoderInfo& info, std::string_view why) {
  std::string names;
  for (const encoder::OutputInfo& output : info.outputs) {
    names += (names.empty() ? "" : ", ") + output.name;
  }
  return BadField(
      "instances",
      StrCat(why, ": say by \"parameters\": {\"outputs\": [...]} which of ", names, " to answer"));
}

}  // namespace

std::vector<double> Probabilities(std::span<const float> logits, bool several) {
  std::vector<double> p(logits.begin(), logits.end());
  if (several) {
    for (double& x : p) x = 1 / (1 + std::exp(-x));
    return p;
  }
  double most = *std::max_element(p.begin(), p.end());
  for (double& x : p) x = std::exp(x - most);
  double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

Status PredictionPlan::KeepMasked(const models::Predictor& version,
                                  const encoder::EncoderBatch& inputs) {
  std::optional<nn::TokenId> mask = MaskToken(version, options_);
  if (!mask) {
    return BadField("mask_token_id",
                    "no tokenizer says what a masked token is: give 'mask_token_id'");
  }
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    const std::vector<nn::TokenId>& ids = inputs.texts[i].ids;
    std::vector<Token>& kept = tokens_.emplace_back();
    for (size_t at = 0; at < ids.size(); ++at) {
      if (ids[at] == *mask) kept.push_back({static_cast<int32_t>(at), *mask});
    }
    if (!kept.empty()) continue;
    return BadField("instances", StrCat("instances[", i, "]: no token in it is masked (",
                                        models::TokenText(version, *mask), ")"));
  }
  return {};
}

void PredictionPlan::KeepTokens(const models::Predictor& version,
                                const encoder::EncoderBatch& inputs) {
  for (const encoder::TextRow& row : inputs.texts) {
    std::vector<Token>& kept = tokens_.emplace_back();
    for (size_t at = 0; at < row.ids.size(); ++at) {
      nn::TokenId id = row.ids[at];
      bool special = version.tokenizer && id < version.tokenizer->vocab_size() &&
                     version.tokenizer->IsSpecial(id);
      bool masked = !row.mask.empty() && row.mask[at] == 0;
      if (!special && !masked) kept.push_back({static_cast<int32_t>(at), id});
    }
  }
}

Status PredictionPlan::PlanTask(const models::Predictor& version, encoder::EncoderBatch& inputs) {
  const EncoderInfo& info = version.info();
  switch (info.task) {
    case Task::kSequenceClassification:
    case Task::kImageClassification:
      inputs.outputs = {"logits"};
      return {};
    case Task::kTokenClassification:
      inputs.outputs = {"logits"};
      KeepTokens(version, inputs);
      return {};
    case Task::kMaskedLm:
      inputs.outputs = {"logits"};
      return KeepMasked(version, inputs);
    case Task::kImageText:
      if (!inputs.texts.empty()) inputs.outputs.emplace_back("text_embeds");
      if (!inputs.images.empty()) inputs.outputs.emplace_back("image_embeds");
      if (inputs.outputs.size() == 2) inputs.outputs.emplace_back("logits_per_image");
      return {};
    case Task::kEmbedding: {
      const encoder::OutputInfo* output = models::EmbeddingOutput(info);
      if (!output) output = info.FindOutput("pooler_output");
      if (!output) return NeedsOutputs(info, "this model has states, but no one embedding");
      inputs.outputs = {output->name};
      return {};
    }
    case Task::kSequenceToSequence:
      return NeedsOutputs(info, "models that turn a text into another cannot generate here yet");
  }
  return {};
}

Status PredictionPlan::Make(const models::Predictor& version, PredictionOptions options,
                            Instances instances, batch::PredictRequest& request) {
  options_ = std::move(options);
  rows_ = std::move(instances.rows);
  request.inputs = std::move(instances.inputs);
  encoder::EncoderBatch& inputs = request.inputs;
  if (!options_.outputs.empty()) {
    inputs.outputs = options_.outputs;
  } else {
    PANO_RETURN_IF_ERROR(PlanTask(version, inputs));
  }
  const EncoderInfo& info = version.info();
  if (info.decoder && inputs.decoder_ids.size() != inputs.texts.size()) {
    return BadField("instances", "each text needs 'decoder_input_ids': this model has a decoder");
  }
  for (const std::vector<Token>& kept : tokens_) {
    std::vector<int32_t>& positions = request.positions.emplace_back();
    for (const Token& token : kept) positions.push_back(token.index);
  }
  Status status = batch::CheckRequest(info, {}, request);
  if (status.ok()) return {};
  // Its other fields are those of batch::PredictRequest; the client knows them as instances.
  return status.field() == "outputs" ? status : status.WithField("instances");
}

Value PredictionPlan::TokensJson(const models::Predictor& version, const std::vector<float>& row,
                                 size_t text) const {
  const EncoderInfo& info = version.info();
  const std::vector<Token>& tokens = tokens_[text];
  Value list{json::Array()};
  size_t size = tokens.empty() ? 0 : row.size() / tokens.size();
  for (size_t i = 0; i < tokens.size() && size > 0; ++i) {
    std::vector<double> scores = Probabilities(std::span(row).subspan(i * size, size), false);
    size_t best = Best(scores);
    Value entry;
    entry.Set("index", tokens[i].index);
    entry.Set("token", models::TokenText(version, tokens[i].id));
    entry.Set("token_id", tokens[i].id);
    entry.Set("label", LabelOf(info, best));
    entry.Set("score", Score(scores[best]));
    list.Append(std::move(entry));
  }
  return list;
}

Value PredictionPlan::MasksJson(const models::Predictor& version, const std::vector<float>& row,
                                size_t text) const {
  const std::vector<Token>& tokens = tokens_[text];
  Value masks{json::Array()};
  size_t size = tokens.empty() ? 0 : row.size() / tokens.size();
  for (size_t i = 0; i < tokens.size() && size > 0; ++i) {
    std::vector<double> scores = Probabilities(std::span(row).subspan(i * size, size), false);
    std::vector<size_t> order(size);
    std::iota(order.begin(), order.end(), size_t{0});
    size_t count = std::min(size, static_cast<size_t>(options_.top_k));
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
        [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    Value candidates{json::Array()};
    for (size_t c = 0; c < count; ++c) {
      auto id = static_cast<nn::TokenId>(order[c]);
      Value entry;
      entry.Set("token", models::TokenText(version, id));
      entry.Set("token_id", id);
      entry.Set("score", Score(scores[order[c]]));
      candidates.Append(std::move(entry));
    }
    Value mask;
    mask.Set("index", tokens[i].index);
    mask.Set("candidates", std::move(candidates));
    masks.Append(std::move(mask));
  }
  Value body;
  body.Set("masks", std::move(masks));
  return body;
}

Value PredictionPlan::TaskJson(const models::Predictor& version, const batch::Predicted& predicted,
                               const Instances::Rows& rows) const {
  const EncoderInfo& info = version.info();
  Value body{json::Object()};
  for (const encoder::Output& output : predicted.outputs) {
    const std::vector<float>* row = RowOf(output, rows);
    if (!row) continue;
    switch (info.task) {
      case Task::kSequenceClassification:
      case Task::kImageClassification:
        return ClassesJson(info, *row);
      case Task::kTokenClassification:
        return TokensJson(version, *row, *rows.text);
      case Task::kMaskedLm:
        return MasksJson(version, *row, *rows.text);
      case Task::kEmbedding:
        body.Set("embedding", Numbers(*row));
        return body;
      default:
        body.Set(output.name, Numbers(*row));
    }
  }
  return body;
}

Status PredictionPlan::ToJson(const models::Predictor& version, const batch::Predicted& predicted,
                              Value& predictions) const {
  for (const std::string& name : options_.outputs) {
    if (predicted.Find(name)) continue;
    return BadField("outputs", StrCat("these inputs do not lead to '", Printable(name), "'"));
  }
  predictions = Value(json::Array());
  for (const Instances::Rows& rows : rows_) {
    if (options_.outputs.empty()) {
      predictions.Append(TaskJson(version, predicted, rows));
      continue;
    }
    Value outputs{json::Object()};
    for (const encoder::Output& output : predicted.outputs) {
      const std::vector<float>* row = RowOf(output, rows);
      if (row) outputs.Set(output.name, RawJson(output, *row));
    }
    Value body;
    body.Set("outputs", std::move(outputs));
    predictions.Append(std::move(body));
  }
  return {};
}

}  // namespace pano::api::native
