#pragma once

#include <optional>

#include "model/nn/load.h"

namespace pano::models {

// What a request is given that does not say: those of the model's files, and these two. A value.
struct GenerationSettings : nn::GenerationDefaults {
  std::optional<double> frequency_penalty, presence_penalty;

  bool operator==(const GenerationSettings& other) const {
    return temperature == other.temperature && top_p == other.top_p && min_p == other.min_p &&
           typical_p == other.typical_p && repetition_penalty == other.repetition_penalty &&
           top_k == other.top_k && max_tokens == other.max_tokens &&
           frequency_penalty == other.frequency_penalty && presence_penalty == other.presence_penalty;
  }
};

// `first` where it says something, else `then`.
inline GenerationSettings Overlay(const GenerationSettings& first, const nn::GenerationDefaults& then) {
  GenerationSettings all = first;
  auto fill = [](auto& field, const auto& otherwise) {
    if (!field) field = otherwise;
  };
  fill(all.temperature, then.temperature);
  fill(all.top_p, then.top_p);
  fill(all.min_p, then.min_p);
  fill(all.typical_p, then.typical_p);
  fill(all.repetition_penalty, then.repetition_penalty);
  fill(all.top_k, then.top_k);
  fill(all.max_tokens, then.max_tokens);
  return all;
}

}  // namespace pano::models
