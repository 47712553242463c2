#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/engine/request.h"
#include "model/engine/sampling/sampler.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/token_stream.h"

namespace pano::engine {

// All that a reader got of one choice.
struct ChoiceOutput {
  std::vector<TokenId> ids;
  std::vector<float> logprobs;
  std::string text;
  Event finish;
  int finishes = 0;
};

// Reads a stream to its end.
inline std::vector<ChoiceOutput> ReadAll(TokenStream& stream, int choices = 1,
                                         std::vector<Event::PromptToken>* prompt = nullptr) {
  std::vector<ChoiceOutput> outputs(static_cast<size_t>(choices));
  while (auto event = stream.Pop()) {
    ChoiceOutput& output = outputs[static_cast<size_t>(event->index)];
    if (event->kind == Event::Kind::kPromptLogprobs) {
      if (prompt != nullptr) *prompt = event->prompt;
      continue;
    }
    output.text += event->text;
    if (event->kind == Event::Kind::kFinish) {
      output.finish = *event;
      ++output.finishes;
    } else {
      output.ids.push_back(event->token_id);
      output.logprobs.push_back(event->logprob);
    }
  }
  return outputs;
}

// What the engine must produce: one sequence, no cache, no batch, the whole prefix every time. Knows no
// stop strings. REQUIRES: seed and max_tokens are set.
inline ChoiceOutput GenerateAlone(const FakeModel& model, const Request& request, int choice,
                                  const std::vector<TokenId>& end_tokens) {
  ChoiceOutput output;
  std::vector<TokenId> tokens = request.prompt;
  std::vector<TokenId> ending = request.stop_token_ids;
  if (!request.ignore_eos) ending.insert(ending.end(), end_tokens.begin(), end_tokens.end());
  TokenHistory history(request.prompt);
  Sampler sampler;
  for (int64_t i = 0; i < *request.max_tokens; ++i) {
    DrawInput input;
    input.params = &request.sampling;
    input.history = &history;
    if (i < request.min_tokens) input.masked = ending;
    input.seed = *request.sampling.seed;
    input.choice = static_cast<uint64_t>(choice);
    input.position = tokens.size();
    std::vector<float> logits = model.LogitsFor(tokens);
    auto drawn = sampler.Draw(input, logits);
    output.ids.push_back(drawn->id);
    output.logprobs.push_back(drawn->logprob);
    tokens.push_back(drawn->id);
    history.AddOutput(drawn->id);
    if (std::ranges::find(ending, drawn->id) != ending.end()) {
      output.finish.reason = FinishReason::kStop;
      return output;
    }
  }
  output.finish.reason = FinishReason::kLength;
  return output;
}

}  // namespace pano::engine
