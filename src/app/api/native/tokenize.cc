#include "app/api/native/tokenize.h"

#include "app/api/native/bodies.h"
#include "app/api/prompt_text.h"

namespace pano::api::native {
namespace {

using json::Value;

bool BoolOr(const Value& body, std::string_view name, bool otherwise) {
  const Value* value = body.Find(name);
  return value && value->is_bool() ? value->as_bool() : otherwise;
}

Result<models::ModelVersionPtr> ReadModel(Context& context, Call& call, const BodySchema& body) {
  Parameters unused;
  PANO_RETURN_IF_ERROR(ReadFields(call.body, body, unused));
  PANO_ASSIGN_OR_RETURN(models::ModelVersionPtr version, FindModel(context, call));
  if (version->tokenizer) return version;
  return BadField("model", "this model has no tokenizer").WithReason("no_tokenizer");
}

Status TokenizeIds(const Value& body, const models::ModelVersion& version, Prompt& prompt) {
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
  if (!ids.ok()) return ids.error().WithField("text");
  prompt.ids = std::move(ids).value();
  return {};
}

}  // namespace

void Tokenize(Context& context, CallPtr call) {
  Result<models::ModelVersionPtr> found = ReadModel(context, *call, TokenizeBody());
  if (!found.ok()) return call->Fail(found.error());
  const models::ModelVersion& version = **found;
  Prompt prompt;
  if (Status status = TokenizeIds(call->body, version, prompt); !status.ok()) {
    return call->Fail(status);
  }
  Value ids{json::Array()};
  Value tokens{json::Array()};
  for (engine::TokenId id : prompt.ids) {
    ids.Append(id);
    tokens.Append(version.tokenizer->Piece(id));
  }
  Value body;
  body.Set("ids", std::move(ids));
  body.Set("tokens", std::move(tokens));
  call->RespondJson(body);
}

void Detokenize(Context& context, CallPtr call) {
  Result<models::ModelVersionPtr> version = ReadModel(context, *call, DetokenizeBody());
  if (!version.ok()) return call->Fail(version.error());
  std::vector<tokenizer::TokenId> ids;
  for (const Value& id : call->body.Find("ids")->as_array()) {
    ids.push_back(static_cast<tokenizer::TokenId>(id.as_double()));
  }
  Result<std::string> text =
      (*version)->tokenizer->Decode(ids, BoolOr(call->body, "skip_special_tokens", true));
  if (!text.ok()) return call->Fail(text.error().WithField("ids"));
  Value body;
  body.Set("text", std::move(text).value());
  call->RespondJson(body);
}

}  // namespace pano::api::native
