#include "app/api/answer_constraint.h"

#include <memory>
#include <utility>

#include "app/api/failure.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"
#include "model/tools/grammar/answer_grammar.h"

namespace pano::api {
namespace {

using constraints::Kind;
using constraints::Source;
using Choice = tools::ToolChoice::Kind;

bool MustCall(const ChatRequest& request) {
  return request.choice.kind == Choice::kRequired || request.choice.kind == Choice::kNamed;
}

bool IsStrict(const tools::Tools& tools) {
  for (const tools::Tool& tool : tools) {
    if (tool.strict) return true;
  }
  return false;
}

// The grammar; where the model calls of its own accord and the schemas are too much, one that holds
// arguments to being objects.
Result<grammar::Grammar> Build(const tools::AnswerRules& rules, bool may_weaken) {
  Result<grammar::Grammar> built = tools::BuildAnswerGrammar(rules);
  if (built.ok() || !may_weaken) return built;
  tools::AnswerRules weaker = rules;
  tools::Tools some = *rules.tools;
  for (tools::Tool& tool : some) {
    tool.parameters = json::Value();
    tool.parameters.Set("type", "object");
  }
  weaker.tools = std::make_shared<const tools::Tools>(std::move(some));
  return tools::BuildAnswerGrammar(weaker);
}

Status ReadContent(const Source& content, tools::AnswerRules& rules) {
  if (content.kind == Kind::kJsonObject) {
    rules.content_schema.Set("type", "object");
    return {};
  }
  Result<json::Value> schema = json::Parse(content.text);
  if (!schema.ok()) return BadField(content.field, schema.error().message());
  // true and false are schemas, too.
  rules.content_schema = schema->is_object() ? *std::move(schema) : json::Value(json::Object());
  return {};
}

}  // namespace

Result<std::optional<Source>> ConstrainAnswer(const ChatRequest& request, std::optional<Source> content,
                                              MessageSource& source) {
  tools::AnswerRules rules{.format = source.format,
                           .tools = source.tools,
                           .choice = request.choice};
  if (!rules.format && (source.tools || content)) rules.format = tools::ToolFormat::Detect("");
  if (rules.format) {
    rules.reasoning_begun = rules.format->OpensReasoning(source.prompt_end);
    rules.section_begun = rules.format->OpensSection(source.prompt_end);
    rules.reasoning_limited = request.reasoning_tokens_max.has_value();
  }
  if (content) {
    const bool json = content->kind == Kind::kJsonObject || content->kind == Kind::kJsonSchema;
    const bool reasons = rules.format->has_reasoning();
    // Without tools and thoughts it is the whole answer.
    if (!source.tools && !rules.section_begun && (!reasons || (!json && !rules.reasoning_begun))) {
      return content;
    }
    if (!json) {
      return BadField(content->field,
                      StrCat("'", content->field, "' goes with neither 'tools' nor a model that has begun "
                             "to reason: a response_format does"));
    }
    PANO_RETURN_IF_ERROR(ReadContent(*content, rules));
  }
  if (!tools::NeedsGrammar(rules)) return std::optional<Source>();
  source.trusted = source.tools != nullptr;
  const std::string field = MustCall(request) ? "tool_choice" : content ? content->field : "tools";
  const bool may_weaken =
      !MustCall(request) && !content && rules.tools && !IsStrict(*rules.tools);
  return std::optional<Source>(
      Source{.kind = Kind::kBuilt,
             .text = tools::AnswerRulesKey(rules),
             .field = field,
             .build = [rules, may_weaken] { return Build(rules, may_weaken); },
             .marks = true});
}

std::optional<engine::ReasoningLimit> LimitReasoning(const models::ModelVersion& version,
                                                     const ChatRequest& request,
                                                     const MessageSource& source) {
  if (!request.reasoning_tokens_max || !source.format || !source.format->has_reasoning()) return {};
  tokenizer::EncodeOptions options;
  options.add_special_tokens = false;
  const auto closing = version.tokenizer->Encode(source.format->ReasoningEnd(), options);
  if (!closing.ok()) return {};
  engine::ReasoningLimit limit;
  limit.tokens_max = *request.reasoning_tokens_max;
  if (!source.format->OpensReasoning(source.prompt_end)) limit.open = source.format->ReasoningOpen();
  limit.close = source.format->ReasoningClose();
  limit.closing = *closing;
  return limit;
}

}  // namespace pano::api
