#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/grammar/grammar_builder.h"
#include "model/tools/call_format.h"
#include "model/tools/grammar/tag_value.h"
#include "model/tools/tool.h"

namespace pano::tools {

// Writes calls as expressions of a grammar, by the steps that the parser reads them with. Confined to one
// thread.
class CallExpressions {
 public:
  using Expr = grammar::GrammarBuilder::Expr;

  // `lenient`: schemas that cannot be enforced become "any object".
  CallExpressions(grammar::GrammarBuilder& builder, bool lenient)
      : builder_(builder), lenient_(lenient) {}

  // A value that the schema accepts, as JSON. `place` names the schema in messages.
  Result<Expr> JsonValue(const json::Value& schema, std::string_view place);
  // The arguments of one call, as JSON.
  Result<Expr> Arguments(const Tool& tool);

  // One call, or, of the kinds of steps that hold whole calls, `several` of them in one list.
  Result<Expr> Call(const std::vector<CallStep>& steps, const Tools& tools, bool several);

  Expr Blanks();                      // a few, or none
  Expr Text(std::vector<std::string> without);  // any text without those marks
  // The same, where it does not begin as a call without a mark does.
  Expr TextThatIsNoCall(const std::vector<CallStep>& steps, const Tools& tools,
                        std::vector<std::string> without);

 private:
  Result<Expr> OneCall(const std::vector<CallStep>& steps, const Tool& tool);
  Result<Expr> Step(const std::vector<CallStep>& steps, size_t at, const Tool& tool);
  Result<Expr> Object(const CallStep& step, const Tool& tool);
  Result<Expr> Tags(const TagForm& tags, const Tool& tool);
  Result<Expr> Marked(const Tool& tool);
  Result<Expr> Python(const Tool& tool);
  Result<Expr> TagsOfAnyName(const TagForm& tags, const Tool& tool);
  Result<Expr> TagValue(const TagForm& tags, const Tool& tool, const json::Value& schema,
                        TagValueForm form, const std::string& place);
  Result<Expr> LooseTagValue(const json::Value& schema, const TagValueForm& form);
  Expr PythonValue();    // any literal
  Expr PythonString();
  Expr MarkedValue();    // any value of marked arguments
  // A separator between members that are there or not: `members[i]` is (expression, required).
  Expr Members(const std::vector<std::pair<Expr, bool>>& members, Expr separator);

  grammar::GrammarBuilder& builder_;
  const bool lenient_;
  std::optional<grammar::GrammarBuilder::Rule> blanks_, python_, marked_;
};

}  // namespace pano::tools
