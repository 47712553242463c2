#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/options.h"

namespace pano::chat {

// How answers are drawn: the settings of `pano run`, `pano chat` and its /set. What is empty is the
// model's own choice, or the server's.
struct Sampling {
  std::optional<int64_t> max_tokens, seed, top_k;
  std::optional<double> temperature, top_p, min_p, typical_p, repetition_penalty;
  double frequency_penalty = 0, presence_penalty = 0;
  std::vector<std::string> stop;

  void Declare(OptionSet& options);
  // The fields that differ from the default, named as OpenAI's API and its servers name them.
  json::Object ToJson() const;
};

}  // namespace pano::chat
