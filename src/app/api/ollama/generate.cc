#include "app/api/ollama/generate.h"

#include <string>
#include <utility>

#include "app/api/chat_request.h"
#include "app/api/fields.h"
#include "app/api/ollama/bodies.h"
#include "app/api/ollama/conversation.h"
#include "app/api/ollama/keep_alive.h"
#include "app/api/ollama/load.h"
#include "app/api/ollama/ollama_call.h"
#include "app/api/prompt_text.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::api::ollama {
namespace {

using json::Value;

// A text of the body; "" where it is absent.
std::string TextOf(const Value& body, std::string_view name) {
  const Value* value = body.Find(name);
  return value && value->is_string() ? value->as_string() : "";
}

Status RefuseWhatIsNotDone(const Value& body) {
  for (const char* name : {"suffix", "template"}) {
    if (!TextOf(body, name).empty()) return BadField(name, StrCat("'", name, "' is not supported here"));
  }
  return RefuseImages(body, "");
}

Value Message(std::string_view role, std::string text) {
  Value message;
  message.Set("role", role);
  message.Set("content", std::move(text));
  return message;
}

// The tokens of the talk so far, as the last answer gave them, before those of `prompt`.
Status PutContextBefore(const Value& body, const models::ModelVersion& version, Prompt& prompt) {
  const Value* context = body.Find("context");
  if (!context || context->is_null() || context->as_array().empty()) return {};
  std::vector<engine::TokenId> ids;
  ids.reserve(context->as_array().size() + prompt.ids.size());
  for (const Value& id : context->as_array()) {
    if (IntOf(id) >= version.vocab_size) {
      return BadField("context", StrCat("context: the model has no token ", IntOf(id)));
    }
    ids.push_back(static_cast<engine::TokenId>(IntOf(id)));
  }
  // The beginning of the text has been.
  const auto bos = version.tokenizer->bos();
  const bool begins = bos && !prompt.ids.empty() && prompt.ids.front() == *bos;
  ids.insert(ids.end(), prompt.ids.begin() + (begins ? 1 : 0), prompt.ids.end());
  prompt.ids = std::move(ids);
  prompt.has_text = false;
  return {};
}

Status ReadPrompt(const Call& call, OllamaCall& generate) {
  PANO_RETURN_IF_ERROR(AsksToUnload(call.body).error());
  const Value& body = call.body;
  PANO_RETURN_IF_ERROR(RefuseWhatIsNotDone(body));
  const models::ModelVersion& version = *generate.version;
  const Value* raw = body.Find("raw");
  const bool is_raw = raw && raw->is_bool() && raw->as_bool();
  Prompt& prompt = generate.prompts.emplace_back();
  const std::string system = TextOf(body, "system");
  if (is_raw) {
    if (!system.empty()) return BadField("system", "'system' has no place in a 'raw' prompt");
    PANO_RETURN_IF_ERROR(EncodeText(version, TextOf(body, "prompt"), "prompt", prompt));
  } else {
    Value messages{json::Array()};
    if (!system.empty()) messages.Append(Message("system", system));
    messages.Append(Message("user", TextOf(body, "prompt")));
    ChatRequest request;
    request.messages = std::move(messages);
    request.cancelled = &call.gone();
    PANO_RETURN_IF_ERROR(ReadThink(body, request));
    PANO_RETURN_IF_ERROR(PrepareChat(version, request, prompt, generate.source, &generate.constraint));
    generate.give_context = true;
  }
  return PutContextBefore(body, version, prompt);
}

}  // namespace

void Generate(Context& context, CallPtr call) {
  OllamaCall generate;
  generate.chat = false;
  if (Status read = ReadOllamaFields(context, *call, GenerateBody(), generate); !read.ok()) {
    return call->Fail(read);
  }
  if (TextOf(call->body, "prompt").empty()) return AnswerLoad(context, std::move(call), generate);
  if (Status read = ReadPrompt(*call, generate); !read.ok()) return call->Fail(read);
  StartOllama(context, std::move(call), std::move(generate));
}

}  // namespace pano::api::ollama
