#include "model/template/chat_template.h"

#include <utility>

#include "base/clock.h"
#include "model/template/convert.h"
#include "model/template/evaluator.h"
#include "model/template/parser.h"

namespace pano::jinja {
namespace {

class ParsedTemplate final : public ChatTemplate {
 public:
  ParsedTemplate(Program program, const Limits& limits)
      : program_(std::move(program)), limits_(limits) {}

  Result<Rendered> Render(const ChatInputs& inputs) const override;

 private:
  Program program_;
  Limits limits_;
};

// Every variable that Hugging Face's renderer passes; `kwargs` may replace all but the chat itself.
void SetVariables(Evaluator& evaluator, Runtime& rt, const ChatInputs& inputs) {
  evaluator.SetVariable("bos_token", rt.String(inputs.bos_token));
  evaluator.SetVariable("eos_token", rt.String(inputs.eos_token));
  evaluator.SetVariable("documents", Value::None());
  if (inputs.kwargs.is_object()) {
    for (const auto& [name, value] : inputs.kwargs.as_object()) {
      if (evaluator.Mentions(name)) evaluator.SetVariable(name, FromJson(rt, value));
    }
  }
  evaluator.SetVariable("messages", MessagesFromJson(rt, inputs.messages, inputs.own_markers));
  evaluator.SetVariable("tools", FromJson(rt, inputs.tools));
  evaluator.SetVariable("add_generation_prompt", Value::Bool(inputs.add_generation_prompt));
}

Result<Rendered> ParsedTemplate::Render(const ChatInputs& inputs) const {
  const Moment now{inputs.now_unix ? *inputs.now_unix : Clock::Real().UnixSeconds(),
                   /*local=*/!inputs.now_unix};
  Runtime rt(limits_, now, inputs.cancelled);
  Evaluator evaluator(program_, rt);
  SetVariables(evaluator, rt, inputs);
  Rendered rendered = evaluator.Run();
  if (rt.failed()) return rt.status();
  return rendered;
}

}  // namespace

Result<ChatTemplatePtr> ChatTemplate::Parse(std::string_view source, const Limits& limits) {
  PANO_ASSIGN_OR_RETURN(Program program, ParseProgram(source, limits));
  return ChatTemplatePtr(std::make_shared<const ParsedTemplate>(std::move(program), limits));
}

}  // namespace pano::jinja
