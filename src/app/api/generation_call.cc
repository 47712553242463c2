#include "app/api/generation_call.h"

#include "app/api/streaming/resumable.h"

namespace pano::api {

Failure PrepareGeneration(Context& context, Call& call, const GenerationCall& read, GrammarPtr grammar,
                          std::vector<engine::Request>& requests, Generation::Place& place) {
  const RequestFrame frame{.parameters = read.parameters,
                           .version = *read.version,
                           .id = read.id,
                           .tenant = call.principal.tenant,
                           .now = call.begun(),
                           .logprobs = read.logprobs,
                           .prompt_logprobs = read.prompt_logprobs,
                           .choices_max = context.options.choices_max,
                           .shown_special = read.source.shown_special,
                           .default_max_tokens = read.default_max_tokens,
                           .grammar = std::move(grammar),
                           .reasoning = read.source.reasoning};
  if (Status status = MakeEngineRequests(frame, read.prompts, requests); !status.ok()) return status;
  // The prompt's log-probabilities are much to write, once a choice.
  if (read.parameters.stream && read.prompt_logprobs >= 0) {
    place.strand = std::make_shared<Strand>(context.work);
  }
  return OpenResumable(context, call, read.parameters, place);
}

}  // namespace pano::api
