#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/template/value.h"

namespace pano::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<const Expr>;

enum class Operator : uint8_t {
  kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower,
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn
};

// One argument of a call, a filter or a test.
struct Argument {
  enum class Kind : uint8_t { kPositional, kKeyword, kStar, kStarStar };
  Kind kind = Kind::kPositional;
  std::string keyword;
  ExprPtr value;
};

struct Expr {
  enum class Kind : uint8_t {
    kConstant,                           // value
    kName,                               // symbol, name
    kList, kTuple, kDict,                // operands; a dict's are key, value, key, value
    kAttribute,                          // operands[0] . name
    kItem,                               // operands[0] [ operands[1] ]
    kSlice,                              // operands[0] [ [1] : [2] : [3] ], null where left out
    kCall,                               // operands[0] ( arguments )
    kFilter, kTest,                      // operands[0] | name ( arguments )
    kBlockBody,                          // what a filter block or a set block filters
    kNot, kNegate, kPlus,                // operands[0]
    kAnd, kOr, kConcat,                  // operands, two or more
    kArithmetic, kCompare,               // operands; operators[i] stands before operands[i + 1]
    kConditional                         // operands[0] if [1] else [2], which may be null
  };
  Kind kind = Kind::kConstant;
  bool negated = false;                  // kTest: `is not`
  uint32_t line = 0;
  uint32_t depth = 1;                    // 1 + that of the deepest operand or argument
  uint32_t symbol = 0;
  std::string name;
  Value value;
  std::vector<ExprPtr> operands;
  std::vector<Operator> operators;
  std::vector<Argument> arguments;
};

struct Stmt;
using Block = std::vector<std::unique_ptr<const Stmt>>;

struct Parameter {
  uint32_t symbol = 0;
  std::string name;
  ExprPtr fallback;                      // null: none
};

// A macro, or the body that a call block hands over.
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  uint32_t caller_symbol = 0, kwargs_symbol = 0, varargs_symbol = 0;
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};

struct Branch {
  ExprPtr condition;                     // null: else
  Block body;
};

struct Stmt {
  enum class Kind : uint8_t {
    kText,                               // text
    kOutput,                             // values[0]
    kIf,                                 // branches
    kFor,                                // targets[0] in values[0] if condition; body, else
    kSet,                                // targets[0] = values[0]
    kSetBlock,                           // targets[0] = values[0], which may filter the body
    kFilterBlock,                        // values[0], which filters the body
    kMacro,                              // targets[0], macro
    kCallBlock,                          // values[0], a call; macro
    kWith,                               // targets = values, body
    kScope,                              // body with its own variables
    kGeneration,                         // the same; what it writes is an assistant's
    kBreak, kContinue
  };
  Kind kind = Kind::kText;
  uint32_t line = 0;
  uint32_t loop_symbol = 0;              // kFor: the symbol of `loop`
  bool recursive = false;                // kFor: `loop(items)` runs it again
  Value text;
  // Targets are kName, kTuple of targets, or kAttribute of a kName (a namespace's).
  std::vector<ExprPtr> targets;
  std::vector<ExprPtr> values;
  ExprPtr condition;
  std::vector<Branch> branches;
  Block body;
  Block otherwise;
  std::unique_ptr<const MacroDefinition> macro;
};

// A parsed template. Immutable, so thread-safe.
struct Program {
  Block body;
  std::map<std::string, uint32_t, std::less<>> symbols;   // by name
};

}  // namespace pano::jinja
