#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/tools/tool.h"
#include "model/tools/tool_format.h"

namespace pano::tools {

// What an answer may be. A value.
struct AnswerRules {
  ToolFormatPtr format = nullptr;
  ToolsPtr tools = nullptr;  // that may be called; null: none
  ToolChoice choice = {};    // kRequired, kNamed: calls only, behind reasoning
  bool reasoning_begun = false;  // at the end of the prompt
  bool section_begun = false;    // the same of calls: ToolFormat::OpensSection
  bool reasoning_limited = false;  // reasoning will be ended, so that a grammar is needed in any case
  // The JSON Schema of a content that is no call; null: any text.
  json::Value content_schema = {};
};

// Whether there is anything to hold the answer to.
bool NeedsGrammar(const AnswerRules& rules);

// The texts that are such answers, in the format that the parser reads: reasoning as the format has it,
// then content and calls, each call with arguments that its function's schema accepts. Formats with tags
// hold each argument to its own schema; those with Python's or marked literals hold texts, numbers and booleans
// of the first level, texts to their enum only.
//
// kAuto: where a schema has a keyword that cannot be enforced, that function's arguments are held to be
// a JSON object, unless it is strict; otherwise InvalidArgument or Unimplemented names the function and
// the keyword. Exhausted for schemas beyond a limit.
Result<grammar::Grammar> BuildAnswerGrammar(const AnswerRules& rules);

// What tells grammars of different rules apart, for caches.
std::string AnswerRulesKey(const AnswerRules& rules);

}  // namespace pano::tools
