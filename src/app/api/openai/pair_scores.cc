#include "app/api/openai/pair_scores.h"

#include <cmath>
#include <utility>

#include "app/api/fields.h"
#include "app/api/prediction_call.h"
#include "app/models/text_row.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using encoder::EncoderInfo;
using encoder::Task;

Status CheckScoresPairs(const EncoderInfo& info) {
  if (info.task == Task::kSequenceClassification && info.labels.size() == 1) return {};
  const bool classifies = info.task == Task::kSequenceClassification;
  return BadField("model",
                  classifies ? StrCat("this model has ", info.labels.size(),
                                      " labels; what scores pairs of texts has one")
                             : StrCat("this model does not score pairs of texts, it is made for ",
                                      encoder::TaskName(info.task)))
      .WithReason("model_does_not_score_pairs");
}

}  // namespace

Status PairScores::Begin(Context& context, Call& call, const Parameters& parameters) {
  PANO_ASSIGN_OR_RETURN(version_, FindPredictor(context, call));
  PANO_RETURN_IF_ERROR(CheckScoresPairs(version_->info()));
  const json::Value* flag = call.body.Find("truncate");
  truncate_ = flag && flag->is_bool() && flag->as_bool();
  request_.inputs.outputs = {"logits"};
  SetUrgency(parameters, context.clock.Now(), request_);
  return {};
}

Status PairScores::Add(std::string_view first, std::string_view second, const TextPlace& place) {
  encoder::TextRow& row = request_.inputs.texts.emplace_back();
  PANO_RETURN_IF_ERROR(AtPlace(place, models::EncodeRow(*version_, first, second, truncate_, row)));
  tokens_ += static_cast<int64_t>(row.ids.size());
  if (tokens_ <= kRowTokensMax) return {};
  return BadField(place.field, StrCat("one request may hold ", kRowTokensMax, " tokens"));
}

std::vector<double> PairScores::Read(const models::Predictor& version, const batch::Predicted& predicted) {
  const bool regression = version.info().problem_type == "regression";
  std::vector<double> scores;
  for (const std::vector<float>& logits : predicted.outputs.at(0).rows) {
    const double logit = logits.at(0);
    scores.push_back(regression ? logit : 1 / (1 + std::exp(-logit)));
  }
  return scores;
}

json::Value PairUsageJson(int64_t tokens) {
  json::Value usage;
  usage.Set("prompt_tokens", tokens);
  usage.Set("total_tokens", tokens);
  return usage;
}

}  // namespace pano::api::openai
