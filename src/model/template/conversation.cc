#include "model/template/conversation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace pano::jinja {
namespace {

using json::Value;

enum class Arguments { kAsSent, kObjects, kTexts };
enum class Contents { kAsSent, kJoined, kParts };

constexpr size_t kSearchedBytesMax = 64;  // of a text that is looked for in the result

struct Form {
  Arguments arguments = Arguments::kAsSent;
  bool null_as_text = false;
  Contents contents = Contents::kAsSent;
};

const Value* Calls(const Value& message) {
  const Value* calls = message.Find("tool_calls");
  return calls && calls->is_array() && !calls->as_array().empty() ? calls : nullptr;
}

const Value* ArgumentsOf(const Value& call) {
  const Value* function = call.Find("function");
  return function ? function->Find("arguments") : nullptr;
}

// The object that a text of arguments holds.
std::optional<Value> ObjectIn(const Value& arguments) {
  if (!arguments.is_string()) return std::nullopt;
  Result<Value> object = json::Parse(arguments.as_string());
  if (!object.ok() || !object->is_object()) return std::nullopt;
  return std::move(object).value();
}

bool IsNullBesideCalls(const Value& message) {
  const Value* content = message.Find("content");
  return Calls(message) && content && content->is_null();
}

std::string JoinedText(const Value& parts) {
  std::string text;
  for (const Value& part : parts.as_array()) {
    const Value* words = part.Find("text");
    if (words && words->is_string()) text += words->as_string();
  }
  return text;
}

std::string Start(std::string_view text) { return std::string(text.substr(0, kSearchedBytesMax)); }

// What the messages hold of which there are several forms.
struct Choices {
  bool argument_texts = false, argument_objects = false, nulls = false, parts = false, texts = false;
  std::vector<std::string> quoted;  // how argument texts begin when tojson escapes them, a few
  std::string last_words;           // how those of the last user message begin

  explicit Choices(const Value& messages) {
    constexpr size_t kQuotedMax = 8;  // one template renders all calls alike
    for (const Value& message : messages.as_array()) {
      nulls = nulls || IsNullBesideCalls(message);
      if (const Value* calls = Calls(message)) {
        for (const Value& call : calls->as_array()) {
          const Value* arguments = ArgumentsOf(call);
          if (!arguments) continue;
          argument_objects = argument_objects || arguments->is_object();
          if (!ObjectIn(*arguments)) continue;
          argument_texts = true;
          if (quoted.size() < kQuotedMax) quoted.push_back(Start(json::Dump(*arguments)));
        }
      }
      const Value* content = message.Find("content");
      if (!content || !(content->is_array() || content->is_string())) continue;
      parts = parts || content->is_array();
      texts = texts || content->is_string();
      if (const Value* role = message.Find("role"); role && *role == Value("user")) {
        const Value* words = content;
        if (content->is_array()) {
          words = content->as_array().empty() ? nullptr : content->as_array().front().Find("text");
        }
        last_words = words && words->is_string() ? Start(Trim(words->as_string())) : "";
      }
    }
  }
};

// A call with its arguments in another form; the call itself where there is no other.
Value CallInForm(const Value& call, Arguments form) {
  const Value* arguments = ArgumentsOf(call);
  if (!arguments || form == Arguments::kAsSent) return call;
  Value other;
  if (form == Arguments::kObjects) {
    std::optional<Value> object = ObjectIn(*arguments);
    if (!object) return call;
    other = std::move(*object);
  } else {
    if (!arguments->is_object()) return call;
    other = json::Dump(*arguments, {.spaces = true});
  }
  Value function = *call.Find("function");
  function.Set("arguments", std::move(other));
  Value out = call;
  out.Set("function", std::move(function));
  return out;
}

Value MessageInForm(const Value& message, const Form& form) {
  Value out = message;
  if (const Value* calls = form.arguments == Arguments::kAsSent ? nullptr : Calls(message)) {
    json::Array list;
    for (const Value& call : calls->as_array()) list.push_back(CallInForm(call, form.arguments));
    out.Set("tool_calls", std::move(list));
  }
  if (form.null_as_text && IsNullBesideCalls(message)) out.Set("content", "");
  const Value* content = message.Find("content");
  if (content && content->is_array() && form.contents == Contents::kJoined) {
    out.Set("content", JoinedText(*content));
  }
  if (content && content->is_string() && form.contents == Contents::kParts) {
    out.Set("content", json::Array{json::Object{{"type", "text"}, {"text", *content}}});
  }
  return out;
}

Value MessagesInForm(const Value& messages, const Form& form) {
  json::Array out;
  out.reserve(messages.as_array().size());
  for (const Value& message : messages.as_array()) out.push_back(MessageInForm(message, form));
  return out;
}

// Whether `word` stands in the text where the template wrote it.
bool WroteWord(const Rendered& rendered, std::string_view word) {
  auto range = rendered.from_inputs.begin();
  const auto last = rendered.from_inputs.end();
  for (size_t at = 0; (at = rendered.text.find(word, at)) != std::string::npos; ++at) {
    while (range != last && range->end <= at) ++range;
    if (range == last || range->begin >= at + word.size()) return true;
  }
  return false;
}

// Whether the result shows that the template did not take the form.
bool Misread(const Rendered& rendered, const Choices& choices, const Form& form) {
  auto has = [&](std::string_view words) {
    return rendered.text.find(words) != std::string::npos;
  };
  if (form.arguments != Arguments::kObjects &&
      std::any_of(choices.quoted.begin(), choices.quoted.end(), has)) {
    return true;
  }
  if (choices.nulls && !form.null_as_text && WroteWord(rendered, "None")) return true;
  const bool lists = form.contents == Contents::kParts ||
                     (choices.parts && form.contents == Contents::kAsSent);
  if (lists && (has("'type': 'text'") || has("\"type\": \"text\""))) return true;
  return !choices.last_words.empty() && !has(choices.last_words);
}

// In the order in which they are tried: first what was sent.
std::vector<Form> Forms(const Choices& choices) {
  std::vector<Contents> contents = {Contents::kAsSent};
  if (choices.parts) contents.push_back(Contents::kJoined);
  std::vector<Arguments> arguments = {Arguments::kAsSent};
  if (choices.argument_texts) arguments.push_back(Arguments::kObjects);
  if (choices.argument_objects) arguments.push_back(Arguments::kTexts);
  std::vector<Form> forms;
  for (Contents content : contents) {
    for (Arguments argument : arguments) {
      forms.push_back({argument, false, content});
      if (choices.nulls) forms.push_back({argument, true, content});
    }
  }
  // Templates of models that also see take lists only.
  if (choices.texts) {
    forms.push_back({Arguments::kAsSent, false, Contents::kParts});
    if (choices.argument_texts) forms.push_back({Arguments::kObjects, true, Contents::kParts});
  }
  return forms;
}

}  // namespace

Result<Rendered> RenderConversation(const ChatTemplate& chat, ChatInputs inputs) {
  if (!inputs.messages.is_array()) return chat.Render(inputs);
  const Choices choices(inputs.messages);
  const std::vector<Form> forms = Forms(choices);
  std::optional<Result<Rendered>> best;
  Value messages;  // as sent, from the second form on
  for (const Form& form : forms) {
    const auto number = &form - forms.data();
    if (number == 1) messages = std::move(inputs.messages);
    if (number > 0) inputs.messages = MessagesInForm(messages, form);
    Result<Rendered> rendered = chat.Render(inputs);
    if (!rendered.ok()) {
      if (rendered.error().code() != StatusCode::kInvalidArgument) return rendered;
      if (!best) best = std::move(rendered);
      continue;
    }
    if (!Misread(*rendered, choices, form)) return rendered;
    if (!best || !best->ok()) best = std::move(rendered);
  }
  return std::move(*best);
}

}  // namespace pano::jinja
