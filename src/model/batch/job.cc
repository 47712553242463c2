#include "model/batch/job.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace pano::batch {
namespace {

// What an image costs beside texts: as many tokens as it has patches of 16 x 16 pixels.
constexpr size_t kFloatsPerPatch = 16 * 16 * 3;

// The wanted positions of a per-token row.
std::vector<float> Select(std::vector<float> row, int64_t size,
                          const std::vector<int32_t>& positions) {
  std::vector<float> selected;
  auto width = static_cast<size_t>(size);
  selected.reserve(positions.size() * width);
  for (int32_t position : positions) {
    auto begin = row.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(position) * width);
    selected.insert(selected.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
  }
  return selected;
}

}  // namespace

Job::Job(std::string id, PredictRequest request, TimePoint submitted)
    : id_(std::move(id)), submitted_(submitted), request_(std::move(request)) {
  const encoder::EncoderBatch& inputs = request_.inputs;
  together_ = GoTogether(request_);
  has_texts_ = !inputs.texts.empty();
  has_decoder_ = !inputs.decoder_ids.empty();
  size_t rows = has_texts_ ? inputs.texts.size() : inputs.images.size();
  units_ = together_ ? 1 : rows;
  unit_rows_ = together_ ? std::max(inputs.texts.size(), inputs.images.size()) : 1;
  for (size_t unit = 0; unit < units_; ++unit) unit_tokens_.push_back(UnitTokens(unit));
  for (int64_t tokens : unit_tokens_) tokens_ += tokens;
}

int64_t Job::UnitTokens(size_t unit) const {
  const encoder::EncoderBatch& inputs = request_.inputs;
  size_t begin = together_ ? 0 : unit;
  size_t tokens = 0;
  for (size_t i = begin; i < (together_ ? inputs.texts.size() : unit + 1) && has_texts_; ++i) {
    tokens += inputs.texts[i].ids.size();
    if (has_decoder_) tokens += inputs.decoder_ids[i].size();
  }
  bool has_images = !inputs.images.empty();
  for (size_t i = begin; i < (together_ ? inputs.images.size() : unit + 1) && has_images; ++i) {
    tokens += 1 + inputs.images[i].size() / kFloatsPerPatch;
  }
  return static_cast<int64_t>(tokens);
}

serving::WaitingItem Job::Unit(size_t unit) const {
  return {static_cast<int64_t>(unit_rows_), unit_tokens_[unit], submitted_};
}

bool Job::Matches(const Job& other) const {
  if (together_ || other.together_) return false;
  return has_texts_ == other.has_texts_ && has_decoder_ == other.has_decoder_ &&
         request_.inputs.outputs == other.request_.inputs.outputs;
}

void Job::MoveInputs(size_t unit, encoder::EncoderBatch& batch) {
  encoder::EncoderBatch& inputs = request_.inputs;
  batch.outputs = inputs.outputs;
  if (together_) {
    batch.texts = std::move(inputs.texts);
    batch.images = std::move(inputs.images);
    batch.decoder_ids = std::move(inputs.decoder_ids);
    return;
  }
  if (has_texts_) batch.texts.push_back(std::move(inputs.texts[unit]));
  if (has_decoder_) batch.decoder_ids.push_back(std::move(inputs.decoder_ids[unit]));
  if (!has_texts_) batch.images.push_back(std::move(inputs.images[unit]));
}

Status Job::TakeOutputs(size_t unit, size_t at, std::vector<encoder::Output>& outputs) {
  ++units_done_;
  if (together_) {
    outputs_ = std::move(outputs);
    return OkStatus();
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    encoder::Output& from = outputs[i];
    if (at >= from.rows.size()) return Internal(StrCat("the output ", from.name, " lacks a row"));
    if (i == outputs_.size()) outputs_.push_back({from.name, from.per_token, from.size, {}});
    encoder::Output& to = outputs_[i];
    to.rows.resize(units_);
    if (from.per_token && !request_.positions.empty()) {
      to.rows[unit] = Select(std::move(from.rows[at]), from.size, request_.positions[unit]);
    } else {
      to.rows[unit] = std::move(from.rows[at]);
    }
  }
  return OkStatus();
}

bool Job::Begin(TimePoint began) {
  if (begun_) return false;
  begun_ = began;
  return true;
}

void Job::Finish(TimePoint now, const Status& failure) {
  PANO_CHECK(!over_);
  over_ = true;
  if (!failure.ok()) return prediction_->Finish(failure);
  Predicted predicted;
  predicted.outputs = std::move(outputs_);
  predicted.queue_ms = Milliseconds(begun_.value_or(now) - submitted_);
  predicted.total_ms = Milliseconds(now - submitted_);
  prediction_->Finish(std::move(predicted));
}

}  // namespace pano::batch
