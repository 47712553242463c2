#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/api/answer.h"
#include "app/api/constraint.h"
#include "app/api/context.h"
#include "app/api/generation.h"
#include "app/api/generation_request.h"
#include "app/api/message_output.h"
#include "app/api/parameters.h"

namespace pano::api {

// A call that generates as a dialect has read and checked it, whatever its dialect. What a dialect needs
// beside stands in a struct of its own that derives from this. A value.
struct GenerationCall {
  models::GeneratorPtr version = nullptr;
  Parameters parameters = {};
  std::vector<Prompt> prompts = {};
  std::string id = {};             // of the answer; the engine's requests are named after it
  MessageSource source = {};       // of a chat: how its answers are read
  std::optional<constraints::Source> constraint = {};  // what every answer must be; none: anything
  int32_t logprobs = -1;           // alternatives per token; -1: none
  int32_t prompt_logprobs = -1;    // the same for the prompts' tokens
  std::optional<int64_t> default_max_tokens = {};  // the dialect's; none: what is left of the context

  int32_t n() const { return static_cast<int32_t>(parameters.n.value_or(1)); }  // choices a prompt
};

// How the answers to such calls go out in one dialect.
template <typename Read>
struct AnswerForm {
  // Where the events of a streamed call go.
  std::function<std::unique_ptr<GenerationSink>(CallPtr, Read)> stream;
  // Answers a call that is not streamed, on a thread of the pool.
  std::function<void(Call&, const Read&, const Answer&)> whole;
};

// The engine's requests of a call, and the place of its generation (its log, where it is resumable). Not
// ok: the call fails with it.
Failure PrepareGeneration(Context& context, Call& call, const GenerationCall& read, GrammarPtr grammar,
                          std::vector<engine::Request>& requests, Generation::Place& place);

// Starts the generation once the call's grammar is there; failures are answered. A handler calls this
// once, as the last thing that it does (WithGrammar).
template <std::derived_from<GenerationCall> Read>
void StartGeneration(Context& context, const CallPtr& call, Read read, AnswerForm<Read> form);

// Implementation details follow.

template <std::derived_from<GenerationCall> Read>
void StartGeneration(Context& context, const CallPtr& call, Read read, AnswerForm<Read> form) {
  const models::GeneratorPtr version = read.version;
  std::optional<constraints::Source> constraint = std::exchange(read.constraint, std::nullopt);
  auto start = [&context, call, version, read = std::move(read),
                form = std::move(form)](GrammarPtr grammar) mutable {
    std::vector<engine::Request> requests;
    Generation::Place place{context.generations, context.held, HeldBytes(read.prompts)};
    Failure refused = PrepareGeneration(context, *call, read, std::move(grammar), requests, place);
    if (!refused.ok()) return call->Fail(refused);
    DropUnlessEchoed(read.parameters, read.prompts);
    auto make_sink = [&]() -> std::unique_ptr<GenerationSink> {
      if (read.parameters.stream) return form.stream(call, std::move(read));
      const size_t inputs = read.prompts.size();
      const int32_t n = read.n();
      auto answered = [call, whole = std::move(form.whole), read = std::move(read)](const Answer& answer) {
        if (Status failed = answer.Check(); !failed.ok()) return call->Fail(failed);
        whole(*call, read, answer);
      };
      return std::make_unique<AnswerCollector>(context.work, call, inputs, n, std::move(answered));
    };
    Generation::Start(place, call, version, std::move(requests), make_sink);
  };
  WithGrammar(context, call, version, std::move(constraint), std::move(start));
}

}  // namespace pano::api
