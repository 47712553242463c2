#include "app/api/tokenize_routes.h"

#include "app/api/context.h"
#include "app/api/prompt_text.h"
#include "app/api/schema.h"

namespace pano::api {
namespace {

using json::Value;

bool BoolOr(const Value& body, std::string_view name, bool otherwise) {
  const Value* value = body.Find(name);
  return value && value->is_bool() ? value->as_bool() : otherwise;
}

Refusal ReadModel(Context& context, Call& call, BodyKind kind, ModelVersionPtr& version) {
  Parameters unused;
  if (Refusal refusal = ReadFields(call.body, kind, Unknown::kIgnore, unused)) return refusal;
  if (Refusal refusal = FindModel(context, call, version)) return refusal;
  if (version->tokenizer) return {};
  Failure failure = BadField("model", "this model has no tokenizer");
  failure.detail = "no_tokenizer";
  return failure;
}

Refusal TokenizeIds(const Value& body, const ModelVersion& version, Prompt& prompt) {
  const Value* text = body.Find("text");
  const Value* messages = body.Find("messages");
  bool has_text = text && !text->is_null();
  bool has_messages = messages && !messages->is_null();
  if (has_text == has_messages) return BadField("text", "either 'text' or 'messages' is needed");
  if (has_messages) return EncodeChat(version, *messages, {}, prompt);

  tokenizer::EncodeOptions options;
  options.add_special_tokens =
      BoolOr(body, "add_special_tokens", version.tokenizer->adds_special_tokens_by_default());
  options.parse_special = BoolOr(body, "parse_special", true);
  Result<std::vector<tokenizer::TokenId>> ids =
      version.tokenizer->Encode(text->as_string(), options);
  if (!ids.ok()) return FromStatus(ids.error(), "text");
  prompt.ids = std::move(ids).value();
  return {};
}

}  // namespace

void Tokenize(Context& context, CallPtr call) {
  ModelVersionPtr version;
  Prompt prompt;
  if (Refusal refusal = ReadModel(context, *call, kTokenizeBody, version))
    return call->Fail(*refusal);
  if (Refusal refusal = TokenizeIds(call->body, *version, prompt)) return call->Fail(*refusal);
  Value ids{json::Array()};
  Value tokens{json::Array()};
  for (engine::TokenId id : prompt.ids) {
    ids.Append(id);
    tokens.Append(version->tokenizer->Piece(id));
  }
  Value body;
  body.Set("ids", std::move(ids));
  body.Set("tokens", std::move(tokens));
  call->RespondJson(body);
}

void Detokenize(Context& context, CallPtr call) {
  ModelVersionPtr version;
  if (Refusal refusal = ReadModel(context, *call, kDetokenizeBody, version)) {
    return call->Fail(*refusal);
  }
  std::vector<tokenizer::TokenId> ids;
  for (const Value& id : call->body.Find("ids")->as_array()) {
    ids.push_back(static_cast<tokenizer::TokenId>(id.as_double()));
  }
  Result<std::string> text =
      version->tokenizer->Decode(ids, BoolOr(call->body, "skip_special_tokens", true));
  if (!text.ok()) return call->Fail(FromStatus(text.error(), "ids"));
  Value body;
  body.Set("text", std::move(text).value());
  call->RespondJson(body);
}

}  // namespace pano::api
