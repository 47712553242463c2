#include "app/api/prompt_text.h"

#include <algorithm>
#include <array>

#include "app/models/token_text.h"
#include "base/strings.h"
#include "model/serving/reasons.h"
#include "model/template/conversation.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::api {
namespace {

using json::Value;

Status NoTokenizer(std::string_view field) {
  return BadField(field,
                  "this model has no tokenizer: only token ids go in, as the 'prompt' of "
                  "/v1/completions")
      .WithReason("no_tokenizer");
}

// Refuses what is neither a string, null nor a list of text parts.
Status CheckContent(const Value* content, std::string_view where) {
  if (!content || content->is_null() || content->is_string()) return {};
  if (!content->is_array()) {
    return BadField("messages", StrCat(where, ".content must be a string or a list of parts"));
  }
  for (const Value& part : content->as_array()) {
    const Value* type = part.Find("type");
    const Value* words = part.Find("text");
    if (!type || !type->is_string() || type->as_string() != "text" || !words ||
        !words->is_string()) {
      return BadField("messages", StrCat(where,
                                         ".content: only parts {\"type\": \"text\", \"text\": "
                                         "...} are supported"));
    }
  }
  return {};
}

Status CheckRole(const Value& message, std::string_view where, std::string& role) {
  constexpr std::array<std::string_view, 6> kRoles = {"system",    "developer", "user",
                                                      "assistant", "tool",      "function"};
  const Value* value = message.Find("role");
  if (!value || !value->is_string()) {
    return BadField("messages", StrCat(where, ".role is missing or no string"));
  }
  role = value->as_string();
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    return BadField("messages", StrCat(where, ".role '", Printable(role),
                                       "' is not one of system, "
                                       "developer, user, assistant, tool, function"));
  }
  // OpenAI's newer name of "system", which templates do not know.
  if (role == "developer") role = "system";
  return {};
}

// Messages as RenderConversation takes them: roles are the known ones, a content is a string, a list
// of text parts or, beside tool calls, null.
Status NormalizeMessages(const Value& messages, Value& normal) {
  normal = Value(json::Array());
  for (size_t i = 0; i < messages.as_array().size(); ++i) {
    Value message = messages.as_array()[i];
    std::string where = StrCat("messages[", i, "]");
    if (!message.is_object()) return BadField("messages", StrCat(where, " must be an object"));
    std::string role;
    PANO_RETURN_IF_ERROR(CheckRole(message, where, role));
    const Value* content = message.Find("content");
    bool empty = !content || content->is_null();
    if (empty && role != "assistant") {
      return BadField("messages", StrCat(where, ".content is missing"));
    }
    PANO_RETURN_IF_ERROR(CheckContent(content, where));
    const Value* calls = message.Find("tool_calls");
    const bool calls_tools = calls && calls->is_array() && !calls->as_array().empty();
    message.Set("role", role);
    if (empty) {
      message.Set("content", calls_tools ? Value() : Value(""));
    } else if (content->is_array() && content->as_array().empty()) {
      message.Set("content", "");
    }
    normal.Append(std::move(message));
  }
  if (normal.as_array().empty()) return BadField("messages", "'messages' is empty");
  return {};
}

std::string SpecialText(const tokenizer::Tokenizer& tokenizer,
                        std::optional<tokenizer::TokenId> id) {
  return id ? std::string(tokenizer.Piece(*id)) : std::string();
}

Status Encode(const models::ModelVersion& version, std::string_view text,
              const tokenizer::EncodeOptions& options, std::string_view field, Prompt& prompt) {
  // Before the work: a body may hold megabytes of text.
  if (version.text_bytes_max > 0 && text.size() > version.text_bytes_max) {
    return serving::ContextLengthExceeded(version.context_length,
                                          StrCat("the text has ", text.size(), " bytes"))
        .WithField(std::string(field));
  }
  Result<std::vector<tokenizer::TokenId>> ids = version.tokenizer->Encode(text, options);
  if (!ids.ok()) return ids.error().WithField(std::string(field));
  prompt.ids = std::move(ids).value();
  prompt.text = std::string(text);
  prompt.has_text = true;
  return {};
}

Status EncodeJoined(const models::ModelVersion& version, const Value& messages,
                    std::string_view prefill, Prompt& prompt) {
  std::string text;
  for (size_t i = 0; i < messages.as_array().size(); ++i) {
    if (i > 0) text.push_back('\n');
    const Value* content = messages.as_array()[i].Find("content");
    if (content->is_string()) text.append(content->as_string());
    if (!content->is_array()) continue;
    for (const Value& part : content->as_array()) text.append(part.Find("text")->as_string());
  }
  if (!prefill.empty()) text += StrCat("\n", prefill);
  tokenizer::EncodeOptions options;
  options.parse_special = false;  // user input never becomes a special token
  return Encode(version, text, options, "messages", prompt);
}

}  // namespace

Status EncodeText(const models::ModelVersion& version, std::string_view text,
                  std::string_view field, Prompt& prompt, bool add_special_tokens) {
  if (!version.tokenizer) return NoTokenizer(field);
  tokenizer::EncodeOptions options;
  options.add_special_tokens = add_special_tokens;
  return Encode(version, text, options, field, prompt);
}

Status EncodeChat(const models::ModelVersion& version, const json::Value& messages,
                  const ChatOptions& options, Prompt& prompt) {
  if (!version.tokenizer) return NoTokenizer("messages");
  jinja::ChatInputs inputs;
  PANO_RETURN_IF_ERROR(NormalizeMessages(messages, inputs.messages));
  if (!version.chat_template_error.empty()) {
    return Unimplemented(
               StrCat("this model's chat template does not parse: ", version.chat_template_error))
        .WithField("messages");
  }
  // A template of its own for calls, where the model has one and there are tools to call.
  const bool has_tools = options.tools.is_array() && !options.tools.as_array().empty();
  const jinja::ChatTemplatePtr& chat =
      has_tools && version.tool_template ? version.tool_template : version.chat_template;
  if (!chat) return EncodeJoined(version, inputs.messages, options.prefill, prompt);

  inputs.tools = options.tools;
  inputs.kwargs = options.kwargs;
  inputs.add_generation_prompt = options.add_generation_prompt;
  inputs.cancelled = options.cancelled;
  inputs.bos_token = SpecialText(*version.tokenizer, version.tokenizer->bos());
  inputs.eos_token = SpecialText(*version.tokenizer, version.tokenizer->eos());
  inputs.own_markers = [&version](std::string_view text) {
    std::vector<jinja::Rendered::Range> places;
    for (const tokenizer::ByteRange& place : version.tokenizer->FindShownMarkers(text)) {
      places.push_back({place.begin, place.end});
    }
    return places;
  };
  Result<jinja::Rendered> rendered = jinja::RenderConversation(*chat, std::move(inputs));
  if (!rendered.ok()) {
    // A template that refuses the conversation, or one that a conversation makes too long.
    StatusCode code = rendered.error().code() == StatusCode::kInternal
                          ? StatusCode::kInternal
                          : StatusCode::kInvalidArgument;
    return Status(code, StrCat("the chat template: ", rendered.error().message()))
        .WithField("messages")
        .WithReason("chat_template");
  }
  std::vector<tokenizer::ByteRange> plain;
  for (const jinja::Rendered::Range& range : rendered->from_inputs) {
    plain.push_back({range.begin, range.end});
  }
  if (!options.prefill.empty()) {
    plain.push_back({rendered->text.size(), rendered->text.size() + options.prefill.size()});
    rendered->text += options.prefill;
  }
  tokenizer::EncodeOptions encode;
  encode.add_special_tokens = false;
  encode.plain = plain;
  return Encode(version, rendered->text, encode, "messages", prompt);
}

json::Value TokenBytesJson(const models::ModelVersion& version, engine::TokenId id) {
  std::optional<std::string> bytes = models::TokenBytes(version, id);
  if (!bytes) return {};
  json::Value list{json::Array()};
  for (char c : *bytes) list.Append(static_cast<int>(static_cast<unsigned char>(c)));
  return list;
}

}  // namespace pano::api
