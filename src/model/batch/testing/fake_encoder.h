#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/nn/encoder/encoder.h"

namespace pano::batch::testing {

// An encoder whose answers can be computed by hand: the state of a token is (id, place); a
// sentence's vector the sum of the ids and their number, then zeros; logits of `labels` are id sums modulo 7,
// one apart. Thread-compatible.
class FakeEncoder final : public encoder::Encoder {
 public:
  explicit FakeEncoder(encoder::Task task = encoder::Task::kEmbedding,
                       std::vector<std::string> labels = {}) {
    info_.architecture = "FakeModel";
    info_.task = task;
    info_.labels = std::move(labels);
    auto classes = static_cast<int64_t>(info_.labels.size());
    info_.text = encoder::TextInput{1000, 64, 0, 2};
    switch (task) {
      case encoder::Task::kEmbedding:
        info_.pooling = "mean";
        info_.outputs = {{"last_hidden_state", true, 2}, {"sentence_embedding", false, 2}};
        break;
      case encoder::Task::kSequenceClassification:
        info_.outputs = {{"logits", false, classes}};
        break;
      case encoder::Task::kTokenClassification:
        info_.outputs = {{"logits", true, classes}};
        break;
      case encoder::Task::kMaskedLm:
        info_.outputs = {{"logits", true, 1000}};
        break;
      case encoder::Task::kImageClassification:
        info_.text.reset();
        info_.image = encoder::ImageInput{1, 2, 2};
        info_.outputs = {{"logits", false, classes}};
        break;
      case encoder::Task::kImageText:
        info_.image = encoder::ImageInput{1, 2, 2};
        info_.outputs = {
            {"image_embeds", false, 2}, {"text_embeds", false, 2}, {"logits_per_image", false, 0}};
        break;
      case encoder::Task::kSequenceToSequence:
        info_.decoder = info_.text;
        info_.outputs = {{"encoder_last_hidden_state", true, 2}, {"logits", true, 3}};
        break;
    }
  }

  const encoder::EncoderInfo& info() const override { return info_; }
  encoder::EncoderInfo& mutable_info() { return info_; }

  Result<std::vector<encoder::Output>> Encode(const encoder::EncoderBatch& batch) override {
    batches.push_back({batch.texts.size() + batch.images.size(), batch.outputs});
    if (before) before(batch);
    for (const encoder::TextRow& row : batch.texts) {
      if (std::find(row.ids.begin(), row.ids.end(), bad_id) != row.ids.end()) {
        return InvalidArgument(StrCat("token ", bad_id, " is bad"));
      }
    }
    std::vector<encoder::Output> outputs;
    for (const encoder::OutputInfo& output : info_.outputs) {
      bool wanted = batch.outputs.empty() || std::find(batch.outputs.begin(), batch.outputs.end(),
                                                       output.name) != batch.outputs.end();
      if (!wanted || !Possible(output, batch)) continue;
      outputs.push_back({output.name, output.per_token, output.size, {}});
      Fill(output, batch, outputs.back());
    }
    return outputs;
  }

  struct Seen {
    size_t rows;
    std::vector<std::string> outputs;
  };
  std::vector<Seen> batches;                                 // the computing thread's
  std::function<void(const encoder::EncoderBatch&)> before;  // runs in each Encode
  nn::TokenId bad_id = 999;                                  // refused

 private:
  static bool Possible(const encoder::OutputInfo& output, const encoder::EncoderBatch& batch) {
    if (output.name.starts_with("text_")) return !batch.texts.empty();
    if (output.name.starts_with("image_")) return !batch.images.empty();
    if (output.name == "logits_per_image") return !batch.texts.empty() && !batch.images.empty();
    return true;
  }
  static float Sum(const encoder::TextRow& row) {
    float sum = 0;
    for (size_t i = 0; i < row.ids.size(); ++i) {
      if (row.mask.empty() || row.mask[i]) sum += static_cast<float>(row.ids[i]);
    }
    return sum;
  }
  static float Sum(const std::vector<float>& pixels) {
    float sum = 0;
    for (float pixel : pixels) sum += pixel;
    return sum;
  }
  static std::vector<float> Numbers(float first, int64_t size) {
    std::vector<float> row;
    for (int64_t i = 0; i < size; ++i) {
      row.push_back(static_cast<float>((static_cast<int64_t>(first) + i) % 7));
    }
    return row;
  }

  void Fill(const encoder::OutputInfo& info, const encoder::EncoderBatch& batch,
            encoder::Output& output) const {
    bool of_images =
        info.name.starts_with("image_") || info.name == "logits_per_image" || batch.texts.empty();
    if (of_images) {
      for (const std::vector<float>& pixels : batch.images) {
        int64_t size = info.size == 0 ? static_cast<int64_t>(batch.texts.size()) : info.size;
        output.rows.push_back(Numbers(Sum(pixels), size));
      }
      return;
    }
    for (size_t i = 0; i < batch.texts.size(); ++i) {
      const encoder::TextRow& row = batch.texts[i];
      if (info.per_token) {
        bool decoded = info_.decoder && info.name == "logits";
        std::vector<float>& states = output.rows.emplace_back();
        const std::vector<nn::TokenId>& ids = decoded ? batch.decoder_ids[i] : row.ids;
        for (size_t at = 0; at < ids.size(); ++at) {
          std::vector<float> one = info.size == 2 ? std::vector<float>{static_cast<float>(ids[at]),
                                                                       static_cast<float>(at)}
                                                  : Numbers(static_cast<float>(ids[at]), info.size);
          states.insert(states.end(), one.begin(), one.end());
        }
      } else if (info.name == "logits") {
        output.rows.push_back(Numbers(Sum(row), info.size));
      } else {
        output.rows.push_back({Sum(row), static_cast<float>(row.ids.size())});
        output.rows.back().resize(static_cast<size_t>(info.size));
      }
    }
  }

  encoder::EncoderInfo info_;
};

}  // namespace pano::batch::testing
