#include "app/api/native/tokenize.h"

#include "app/api/answer.h"
#include "app/api/native/bodies.h"
#include "app/api/prompt_text.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"

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

// Of a text, whatever --max-body-bytes says: its tokens are many times as large.
constexpr size_t kTextBytesMax = 4 << 20;

Status TokenizeIds(const Call& call, const models::ModelVersion& version, Prompt& prompt) {
  const Value& body = call.body;
  const Value* text = body.Find("text");
  const Value* messages = body.Find("messages");
  bool has_text = text && !text->is_null();
  bool has_messages = messages && !messages->is_null();
  if (has_text == has_messages) return BadField("text", "either 'text' or 'messages' is needed");
  if (has_messages) return EncodeChat(version, *messages, {.cancelled = &call.gone()}, prompt);

  if (text->as_string().size() > kTextBytesMax) {
    return BadField("text", StrCat("a text of ", text->as_string().size(),
                                   " bytes is too long: at most ", kTextBytesMax));
  }
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

Status TooLarge() {
  return InvalidArgument(StrCat("the answer would hold more than ", Answer::kBytesMax >> 20, " MiB"))
      .WithReason("answer_too_large");
}

// Counted as a request that uses no tokens of the model.
Failure TakeQuota(Call& call, const models::ModelVersion& version) {
  return call.quota.Take(call.principal, version.id, version.label, {}, call.headers);
}

}  // namespace

void Tokenize(Context& context, CallPtr call) {
  Result<models::ModelVersionPtr> found = ReadModel(context, *call, TokenizeBody());
  if (!found.ok()) return call->Fail(found.error());
  const models::ModelVersion& version = **found;
  if (Failure refused = TakeQuota(*call, version); !refused.ok()) return call->Fail(refused);
  Prompt prompt;
  if (Status status = TokenizeIds(*call, version, prompt); !status.ok()) {
    return call->Fail(status);
  }
  call->ReleaseBody();
  // As text at once: there may be millions.
  http::Response response;
  response.headers.emplace_back("Content-Type", "application/json");
  std::string& out = response.body;
  out = "{\"ids\":[";
  for (size_t i = 0; i < prompt.ids.size(); ++i) out += StrCat(i == 0 ? "" : ",", prompt.ids[i]);
  out += "],\"tokens\":[";
  for (size_t i = 0; i < prompt.ids.size(); ++i) {
    if (i > 0) out += ',';
    json::AppendQuoted(out, version.tokenizer->Piece(prompt.ids[i]), /*ascii=*/false);
    if (out.size() > Answer::kBytesMax) return call->Fail(TooLarge());
  }
  out += "]}";
  call->Respond(std::move(response));
}

void Detokenize(Context& context, CallPtr call) {
  Result<models::ModelVersionPtr> version = ReadModel(context, *call, DetokenizeBody());
  if (!version.ok()) return call->Fail(version.error());
  if (Failure refused = TakeQuota(*call, **version); !refused.ok()) return call->Fail(refused);
  std::vector<tokenizer::TokenId> ids;
  for (const Value& id : call->body.Find("ids")->as_array()) {
    ids.push_back(static_cast<tokenizer::TokenId>(id.as_double()));
  }
  size_t bytes = 0;
  for (tokenizer::TokenId id : ids) {
    if (id < 0 || id >= (*version)->tokenizer->vocab_size()) break;   // Decode refuses it
    bytes += (*version)->tokenizer->Piece(id).size();
    if (bytes > Answer::kBytesMax) return call->Fail(TooLarge());
  }
  Result<std::string> text =
      (*version)->tokenizer->Decode(ids, BoolOr(call->body, "skip_special_tokens", true));
  if (!text.ok()) return call->Fail(text.error().WithField("ids"));
  Value body;
  body.Set("text", std::move(text).value());
  call->RespondJson(body);
}

}  // namespace pano::api::native
