#include "model/tools/grammar/answer_grammar.h"

#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/grammar/grammar_builder.h"
#include "model/tools/call_format.h"
#include "model/tools/grammar/call_expressions.h"
#include "model/tools/harmony_parser.h"

namespace pano::tools {
namespace {

using Expr = grammar::GrammarBuilder::Expr;
using Kind = ToolChoice::Kind;

bool MustCall(const AnswerRules& rules) {
  return rules.choice.kind == Kind::kRequired || rules.choice.kind == Kind::kNamed;
}

bool HasTools(const AnswerRules& rules) {
  return rules.tools && !rules.tools->empty() && rules.choice.kind != Kind::kNone;
}

// Writes one answer's grammar. Confined to one thread.
class AnswerWriter {
 public:
  explicit AnswerWriter(const AnswerRules& rules)
      : rules_(rules), calls_(builder_, /*lenient=*/!MustCall(rules)) {
    if (!HasTools(rules)) return;
    for (const Tool& tool : *rules.tools) {
      if (rules.choice.kind != Kind::kNamed || tool.name == rules.choice.name) tools_.push_back(tool);
    }
    several_ = rules.choice.parallel && rules.choice.kind != Kind::kNamed;
  }

  Result<grammar::Grammar> Write() {
    const auto root = builder_.DeclareRule("answer");
    PANO_ASSIGN_OR_RETURN(const Expr answer,
                          rules_.format->calls() ? TextAnswer() : HarmonyAnswer());
    builder_.DefineRule(root, answer);
    return std::move(builder_).Build(root);
  }

 private:
  Expr Literal(std::string_view text) { return builder_.Literal(text); }

  // Reasoning, where the format has some, and behind it `then`.
  Expr BehindReasoning(Expr then, bool may_stay) {
    const ReasoningFormat* reasoning = rules_.format->reasoning();
    if (!reasoning) return then;
    const Expr thought = builder_.Sequence({calls_.Text({reasoning->close}), Literal(reasoning->close)});
    if (!rules_.reasoning_begun) {
      const Expr opened =
          builder_.Sequence({calls_.Blanks(), Literal(reasoning->open), thought});
      return builder_.Sequence({builder_.Optional(opened), then});
    }
    const Expr whole = builder_.Sequence({thought, then});
    // A model may say nothing but its thoughts.
    return may_stay ? builder_.Choice({whole, calls_.Text({reasoning->close})}) : whole;
  }

  std::vector<std::string> Triggers() const {
    const CallFormat& format = *rules_.format->calls();
    std::vector<std::string> out = format.other_begins;
    if (!format.begin.empty()) out.push_back(format.begin);
    if (format.begin.empty() && format.calls[0][0].kind == CallStep::Kind::kText) {
      out.push_back(format.calls[0][0].text);
    }
    return out;
  }

  // One section of calls; `begun`: its first mark stands in the prompt.
  Result<Expr> Section(bool begun) {
    const CallFormat& format = *rules_.format->calls();
    PANO_ASSIGN_OR_RETURN(const Expr call, calls_.Call(format.calls[0], tools_, several_));
    std::vector<Expr> parts;
    if (!format.begin.empty() && !begun) {
      const Expr mark = builder_.Sequence({Literal(format.begin), calls_.Blanks()});
      parts.push_back(format.at_start ? builder_.Optional(mark) : mark);
    }
    parts.push_back(call);
    if (format.one_section && several_) {
      parts.push_back(builder_.Repeat(builder_.Sequence({calls_.Blanks(), call}), 0, {}));
    }
    if (!format.end.empty() && !format.at_start) {
      parts.insert(parts.end(), {calls_.Blanks(), Literal(format.end)});
    }
    const auto rule = builder_.DeclareRule("calls");
    builder_.DefineRule(rule, builder_.Sequence(parts));
    return builder_.Reference(rule);
  }

  // Calls and nothing else.
  Result<Expr> Calls() {
    const CallFormat& format = *rules_.format->calls();
    PANO_ASSIGN_OR_RETURN(const Expr first, Section(rules_.section_begun));
    const bool once = !several_ || format.one_section || format.at_start;
    if (once) return builder_.Sequence({calls_.Blanks(), first});
    Expr next = first;
    if (rules_.section_begun) {
      PANO_ASSIGN_OR_RETURN(next, Section(/*begun=*/false));
    }
    return builder_.Sequence(
        {calls_.Blanks(), first, builder_.Repeat(builder_.Sequence({calls_.Blanks(), next}), 0, {})});
  }

  Result<Expr> TextAnswer() {
    const CallFormat& format = *rules_.format->calls();
    if (MustCall(rules_)) {
      PANO_ASSIGN_OR_RETURN(const Expr calls, Calls());
      return BehindReasoning(calls, /*may_stay=*/false);
    }
    if (!rules_.content_schema.is_null()) {
      PANO_ASSIGN_OR_RETURN(Expr content, Content());
      if (rules_.section_begun && !format.text_mark.empty()) {
        content = builder_.Sequence({Literal(format.text_mark), content});
      }
      if (!HasTools(rules_)) return BehindReasoning(content, /*may_stay=*/false);
      PANO_ASSIGN_OR_RETURN(const Expr calls, Calls());
      return BehindReasoning(builder_.Choice({calls, content}), /*may_stay=*/false);
    }
    if (tools_.empty()) return BehindReasoning(calls_.Text({}), /*may_stay=*/true);
    if (format.at_start) {
      PANO_ASSIGN_OR_RETURN(const Expr calls, Calls());
      const Expr text = calls_.TextThatIsNoCall(format.calls[0], tools_, Triggers());
      return BehindReasoning(builder_.Choice({calls, text}), /*may_stay=*/true);
    }
    const Expr text = calls_.Text(Triggers());
    PANO_ASSIGN_OR_RETURN(const Expr section, Section(/*begun=*/false));
    const Expr more = builder_.Sequence({section, text});
    const Expr later = several_ ? builder_.Repeat(more, 0, {}) : builder_.Optional(more);
    Expr answer = builder_.Sequence({text, later});
    if (rules_.section_begun) {
      PANO_ASSIGN_OR_RETURN(const Expr first, Section(/*begun=*/true));
      answer = builder_.Choice({builder_.Sequence({first, later}),
                                builder_.Sequence({Literal(format.text_mark), answer})});
    }
    return BehindReasoning(answer, /*may_stay=*/true);
  }

  Result<Expr> Content() {
    CallExpressions strict(builder_, /*lenient=*/false);
    PANO_ASSIGN_OR_RETURN(const Expr value, strict.JsonValue(rules_.content_schema, "response_format"));
    return builder_.Sequence({calls_.Blanks(), value});
  }

  // gpt-oss: a call ends the answer.
  Result<Expr> HarmonyAnswer() {
    constexpr std::string_view kRecipient = "to=functions.";
    std::vector<Expr> behind_recipient, whole;
    for (const Tool& tool : tools_) {
      PANO_ASSIGN_OR_RETURN(const Expr arguments, calls_.Arguments(tool));
      const auto rule = builder_.DeclareRule("arguments");
      builder_.DefineRule(rule, arguments);
      const Expr header = builder_.Choice(
          {Literal("<|channel|>commentary json"), Literal("<|channel|>commentary"),
           Literal("<|channel|>commentary <|constrain|>json"), Literal(" <|constrain|>json"),
           Literal(" json"), builder_.Empty()});
      behind_recipient.push_back(builder_.Sequence(
          {Literal(tool.name), header, Literal("<|message|>"), builder_.Reference(rule)}));
      whole.push_back(builder_.Sequence(
          {Literal(StrCat("<|channel|>commentary ", kRecipient, tool.name,
                          " <|constrain|>json<|message|>")),
           builder_.Reference(rule)}));
    }
    const Expr thought = builder_.Optional(builder_.Sequence(
        {Literal(kHarmonyReasoning), calls_.Text(HarmonyMarks()),
         Literal("<|end|><|start|>assistant")}));
    if (MustCall(rules_)) return builder_.Sequence({thought, builder_.Choice(whole)});
    if (!rules_.content_schema.is_null()) {
      PANO_ASSIGN_OR_RETURN(const Expr content, Content());
      whole.push_back(
          builder_.Sequence({Literal("<|channel|>final<|message|>"), content}));
      return builder_.Sequence({thought, builder_.Choice(whole)});
    }
    if (tools_.empty()) return calls_.Text({});
    const Expr text = calls_.Text({std::string(kRecipient)});
    return builder_.Sequence(
        {text, builder_.Optional(builder_.Sequence(
                   {Literal(kRecipient), builder_.Choice(behind_recipient)}))});
  }

  const AnswerRules& rules_;
  grammar::GrammarBuilder builder_;
  CallExpressions calls_;
  Tools tools_;
  bool several_ = false;
};

}  // namespace

bool NeedsGrammar(const AnswerRules& rules) {
  if (!rules.format) return false;
  if (MustCall(rules) || !rules.content_schema.is_null()) return true;
  if (rules.reasoning_limited && rules.format->has_reasoning()) return true;
  return HasTools(rules);
}

Result<grammar::Grammar> BuildAnswerGrammar(const AnswerRules& rules) {
  if (MustCall(rules) && !HasTools(rules)) {
    return InvalidArgument("there are no functions to call").WithField("tools");
  }
  return AnswerWriter(rules).Write();
}

std::string AnswerRulesKey(const AnswerRules& rules) {
  json::Value key;
  key.Set("format", rules.format->name());
  if (HasTools(rules)) {
    json::Value tools{json::Array()};
    for (const Tool& tool : *rules.tools) {
      tools.Append(json::Value(json::Array{tool.name, tool.parameters, tool.strict}));
    }
    key.Set("tools", std::move(tools));
  }
  key.Set("kind", static_cast<int>(rules.choice.kind));
  key.Set("name", rules.choice.name);
  key.Set("parallel", rules.choice.parallel);
  key.Set("reasoning", rules.reasoning_begun);
  key.Set("section", rules.section_begun);
  key.Set("content", rules.content_schema);
  return json::Dump(key);
}

}  // namespace pano::tools
