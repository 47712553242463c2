#include "app/api/ollama/chat.h"

#include <utility>

#include "app/api/chat_request.h"
#include "app/api/ollama/bodies.h"
#include "app/api/ollama/conversation.h"
#include "app/api/ollama/keep_alive.h"
#include "app/api/ollama/load.h"
#include "app/api/ollama/ollama_call.h"

namespace pano::api::ollama {
namespace {

using json::Value;

Status ReadPrompt(const Call& call, const json::Array& said, OllamaCall& chat) {
  PANO_RETURN_IF_ERROR(AsksToUnload(call.body).error());
  ChatRequest request;
  request.cancelled = &call.gone();
  PANO_RETURN_IF_ERROR(ReadThink(call.body, request));
  PANO_ASSIGN_OR_RETURN(request.tools, ReadToolList(call.body.Find("tools")));
  PANO_ASSIGN_OR_RETURN(request.messages, ReadMessages(said));
  return PrepareChat(*chat.version, request, chat.prompts.emplace_back(), chat.source,
                     &chat.constraint);
}

}  // namespace

void Chat(Context& context, CallPtr call) {
  OllamaCall chat;
  if (Status read = ReadOllamaFields(context, *call, ChatBody(), chat); !read.ok()) return call->Fail(read);
  const Value* messages = call->body.Find("messages");
  if (!messages || messages->is_null() || messages->as_array().empty()) {
    return AnswerLoad(context, std::move(call), chat);
  }
  if (Status read = ReadPrompt(*call, messages->as_array(), chat); !read.ok()) return call->Fail(read);
  StartOllama(context, std::move(call), std::move(chat));
}

}  // namespace pano::api::ollama
