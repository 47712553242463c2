#include "app/api/openai/responses/responses.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/api/answer.h"
#include "app/api/constraint.h"
#include "app/api/failure.h"
#include "app/api/openai/responses/response_request.h"
#include "app/api/openai/responses/response_run.h"
#include "app/api/streaming/resumable.h"
#include "app/streams/stream_owner.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

Result<std::shared_ptr<const StoredResponse>> FindStored(Context& context, Call& call, ResponseStore& store) {
  return store.Find(streams::OwnerOf(call.principal), call.PathParam("response_id"), context.clock.Now());
}

void Generate(Context& context, const CallPtr& call, const std::shared_ptr<ResponseRequest>& request,
              const ResponseStorePtr& store, size_t kept_bytes, GrammarPtr grammar) {
  std::vector<Prompt> prompts;
  prompts.push_back(std::move(request->prompt));
  RequestFrame frame{.parameters = request->parameters,
                     .version = *request->version,
                     .id = request->id,
                     .tenant = call->principal.tenant,
                     .now = call->begun(),
                     .logprobs = request->logprobs,
                     .choices_max = context.options.choices_max,
                     .shown_special = request->message.shown_special,
                     .grammar = std::move(grammar),
                     .reasoning = request->message.reasoning};
  std::vector<engine::Request> requests;
  if (Status status = MakeEngineRequests(frame, prompts, requests); !status.ok()) return call->Fail(status);
  request->frame.Set("temperature", FloatJson(requests[0].sampling.temperature));
  request->frame.Set("top_p", FloatJson(requests[0].sampling.top_p));
  Generation::Place place{context.generations, context.held, HeldBytes(prompts) + kept_bytes};
  if (Failure refused = OpenResumable(context, *call, request->parameters, place); !refused.ok()) {
    return call->Fail(refused);
  }
  models::GeneratorPtr version = request->version;
  const bool streamed = request->parameters.stream;
  Generation::Start(place, call, version, std::move(requests), [&]() -> std::unique_ptr<GenerationSink> {
    if (streamed) return MakeResponseStream(context, call, request, store);
    auto answered = [call, request, store, &context](const Answer& answer) {
      if (Status failed = answer.Check(); !failed.ok()) return call->Fail(failed);
      call->RespondJson(AnswerResponse(*request, answer.outputs[0], *store, context.clock.Now(),
                                       context.options.response_retention));
    };
    return std::make_unique<AnswerCollector>(context.work, call, 1, 1, std::move(answered));
  });
}

}  // namespace

void CreateResponse(Context& context, CallPtr call, const ResponseStorePtr& store) {
  auto request = std::make_shared<ResponseRequest>();
  if (Status status = ReadResponseRequest(context, *call, *store, *request); !status.ok()) {
    return call->Fail(status);
  }
  size_t kept_bytes = 0;
  if (request->stored) {
    kept_bytes = HeldBytes(request->input.items) + HeldBytes(request->input.messages) + HeldBytes(request->frame);
    if (Status room = store->CheckRoom(request->previous.get(), kept_bytes); !room.ok()) return call->Fail(room);
  } else {
    request->input = {};
  }
  WithGrammar(context, call, request->version, std::exchange(request->constraint, std::nullopt),
              [&context, call, request, store, kept_bytes](GrammarPtr grammar) {
                Generate(context, call, request, store, kept_bytes, std::move(grammar));
              });
}

void CountResponseInput(Context& context, CallPtr call, const ResponseStorePtr& store) {
  ResponseRequest request;
  if (Status status = ReadResponseRequest(context, *call, *store, request); !status.ok()) return call->Fail(status);
  Value body;
  body.Set("object", "response.input_tokens");
  body.Set("input_tokens", static_cast<int64_t>(request.prompt.ids.size()));
  call->RespondJson(body);
}

void GetResponse(Context& context, CallPtr call, const ResponseStorePtr& store) {
  if (call->request().Query("stream").value_or("false") == "true") {
    return call->Fail(BadField("stream", "a response that was answered is not streamed again: GET /v1/streams/{id} "
                                         "reads a stream that was begun with \"resumable\": true"));
  }
  const auto stored = FindStored(context, *call, *store);
  if (!stored.ok()) return call->Fail(stored.error());
  call->RespondJson((*stored)->response);
}

void DeleteResponse(Context& context, CallPtr call, const ResponseStorePtr& store) {
  const std::string id(call->PathParam("response_id"));
  Status status = store->Delete(streams::OwnerOf(call->principal), id, context.clock.Now());
  if (!status.ok()) return call->Fail(status);
  Value body;
  body.Set("id", id);
  body.Set("object", "response");
  body.Set("deleted", true);
  call->RespondJson(body);
}

void ListResponseInput(Context& context, CallPtr call, const ResponseStorePtr& store) {
  const auto stored = FindStored(context, *call, *store);
  if (!stored.ok()) return call->Fail(stored.error());
  // Newest first, unless asked for otherwise, as OpenAI has it.
  json::Array items = (*stored)->input_items.as_array();
  const std::string order = std::string(call->request().Query("order").value_or("desc"));
  if (order != "asc" && order != "desc") return call->Fail(BadField("order", "'order' must be asc or desc"));
  if (order == "desc") std::reverse(items.begin(), items.end());
  auto id_of = [&](size_t at) { return items.empty() ? Value() : *items[at].Find("id"); };
  Value body;
  body.Set("object", "list");
  body.Set("first_id", id_of(0));
  body.Set("last_id", id_of(items.empty() ? 0 : items.size() - 1));
  body.Set("has_more", false);
  body.Set("data", Value(std::move(items)));
  call->RespondJson(body);
}

}  // namespace pano::api::openai
