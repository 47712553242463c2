#include "pano/chat/sampling.h"

namespace pano::chat {

void Sampling::Declare(OptionSet& options) {
  options.MaybeInt("max-tokens", &max_tokens, 0, INT32_MAX,
                   "Tokens to generate at most. Default: what is left of the context.");
  options.MaybeDouble("temperature", &temperature, 0, 100,
                      "Sampling temperature; 0 is greedy. Default: the model's, else 1.");
  options.MaybeInt("top-k", &top_k, 0, INT32_MAX,
                   "Sample from the K likeliest tokens; 0 takes all.");
  options.MaybeDouble(
      "top-p", &top_p, 0, 1,
      "Sample from the likeliest tokens that together have this probability (nucleus).");
  options.MaybeDouble("min-p", &min_p, 0, 1,
                      "Drop tokens below this share of the likeliest one's probability.");
  options.MaybeDouble("typical-p", &typical_p, 0, 1,
                      "Sample from the locally typical tokens that together have this probability.");
  options.MaybeDouble("repetition-penalty", &repetition_penalty, 0.001, 1000,
                      "Penalty on tokens of the prompt and the output; 1 is off.");
  options.Double("frequency-penalty", &frequency_penalty, -100, 100,
                 "Subtract this from a token's logit for each time it was generated.");
  options.Double("presence-penalty", &presence_penalty, -100, 100,
                 "Subtract this from the logit of every token that was generated.");
  options.MaybeInt("seed", &seed, 0, INT64_MAX,
                   "Seed of the random draws; the same seed gives the same text.");
  options.Strings("stop", &stop, "Stop before this string; may be given several times.");
}

json::Object Sampling::ToJson() const {
  json::Object out;
  const auto add = [&](const char* name, const auto& value) {
    if (value) out.emplace_back(name, json::Value(*value));
  };
  add("max_tokens", max_tokens);
  add("temperature", temperature);
  add("top_k", top_k);
  add("top_p", top_p);
  add("min_p", min_p);
  add("typical_p", typical_p);
  add("repetition_penalty", repetition_penalty);
  add("seed", seed);
  if (frequency_penalty != 0) out.emplace_back("frequency_penalty", frequency_penalty);
  if (presence_penalty != 0) out.emplace_back("presence_penalty", presence_penalty);
  if (!stop.empty()) {
    json::Array strings;
    for (const std::string& one : stop) strings.emplace_back(one);
    out.emplace_back("stop", std::move(strings));
  }
  return out;
}

}  // namespace pano::chat
