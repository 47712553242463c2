#include <algorithm>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/evaluator.h"
#include "model/template/filters.h"
#include "model/template/functions.h"
#include "model/template/operators.h"

namespace pano::jinja {

using Kind = Expr::Kind;

Value Evaluator::Eval(const Expr& expr) {
  const Nesting nesting(*this);
  if (!nesting.ok() || !rt_.Step()) return {};
  rt_.set_line(expr.line);
  Value out = EvalNode(expr);
  return rt_.failed() ? Value() : out;
}

Value Evaluator::EvalNode(const Expr& expr) {
  switch (expr.kind) {
    case Kind::kConstant:
      return expr.value;
    case Kind::kName:
      return EvalName(expr);
    case Kind::kList:
    case Kind::kTuple:
      return EvalSequence(expr);
    case Kind::kDict:
      return EvalDict(expr);
    case Kind::kSlice:
      return EvalSlice(expr);
    case Kind::kCall:
      return EvalCall(expr);
    case Kind::kFilter:
      return EvalFilter(expr);
    case Kind::kTest:
      return EvalTest(expr);
    case Kind::kBlockBody:
      return block_body_;
    case Kind::kAnd:
    case Kind::kOr:
      return EvalLogic(expr);
    case Kind::kConcat:
      return EvalConcat(expr);
    case Kind::kArithmetic:
      return EvalArithmetic(expr);
    case Kind::kCompare:
      return EvalCompare(expr);
    case Kind::kConditional:
      return EvalConditional(expr);
    default:
      break;
  }
  const Value operand = Eval(*expr.operands[0]);
  if (rt_.failed()) return {};
  switch (expr.kind) {
    case Kind::kAttribute:
      return GetAttribute(rt_, operand, expr.name);
    case Kind::kNot:
      return Value::Bool(!Truthy(operand));
    case Kind::kNegate:
      return Negate(rt_, operand);
    case Kind::kPlus:
      return Negate(rt_, Negate(rt_, operand));
    default:
      break;
  }
  const Value key = Eval(*expr.operands[1]);
  return rt_.failed() ? Value() : GetItem(rt_, operand, key);
}

Value Evaluator::EvalName(const Expr& expr) {
  if (const Value* found = scope_->Find(expr.symbol, rt_)) return *found;
  if (rt_.failed()) return {};
  Value& function = functions_[expr.symbol];
  if (function.is_nothing()) {
    const Native native = FindFunction(expr.name);
    if (!native) return rt_.Undefined(StrCat("'", expr.name, "' is undefined"));
    function = Value::Of(std::shared_ptr<Object>(
        std::make_shared<NativeObject>(Object::Kind::kFunction, Value(), native)));
  }
  return function;
}

Value Evaluator::EvalSequence(const Expr& expr) {
  std::vector<Value> items;
  items.reserve(expr.operands.size());
  for (const ExprPtr& operand : expr.operands) {
    items.push_back(Eval(*operand));
    if (rt_.failed()) return {};
  }
  return expr.kind == Kind::kList ? rt_.List(std::move(items)) : rt_.Tuple(std::move(items));
}

Value Evaluator::EvalDict(const Expr& expr) {
  auto dict = std::make_shared<Dict>();
  for (size_t i = 0; i + 1 < expr.operands.size(); i += 2) {
    const Value key = Eval(*expr.operands[i]);
    Value value = Eval(*expr.operands[i + 1]);
    if (rt_.failed()) return {};
    if (!Hashable(key)) return rt_.TypeError(StrCat("unhashable type: '", key.type_name(), "'"));
    if (!rt_.Key(key)) return {};
    dict->Set(key, std::move(value));
  }
  return rt_.Of(std::move(dict));
}

Value Evaluator::EvalSlice(const Expr& expr) {
  const Value object = Eval(*expr.operands[0]);
  const Value start = EvalOptional(expr.operands[1]);
  const Value stop = EvalOptional(expr.operands[2]);
  const Value step = EvalOptional(expr.operands[3]);
  return rt_.failed() ? Value() : GetSlice(rt_, object, start, stop, step);
}

Value Evaluator::EvalLogic(const Expr& expr) {
  Value out;
  for (const ExprPtr& operand : expr.operands) {
    out = Eval(*operand);
    if (rt_.failed() || Truthy(out) == (expr.kind == Kind::kOr)) break;
  }
  return out;
}

Value Evaluator::EvalConcat(const Expr& expr) {
  std::vector<Value> parts;
  parts.reserve(expr.operands.size());
  for (const ExprPtr& operand : expr.operands) {
    parts.push_back(Eval(*operand));
    if (rt_.failed()) return {};
  }
  return Concat(rt_, parts);
}

Value Evaluator::EvalArithmetic(const Expr& expr) {
  Value out = Eval(*expr.operands[0]);
  for (size_t i = 0; i < expr.operators.size() && !rt_.failed(); ++i) {
    const Value right = Eval(*expr.operands[i + 1]);
    out = Arithmetic(rt_, expr.operators[i], out, right);
  }
  return out;
}

Value Evaluator::EvalCompare(const Expr& expr) {
  Value left = Eval(*expr.operands[0]);
  for (size_t i = 0; i < expr.operators.size() && !rt_.failed(); ++i) {
    Value right = Eval(*expr.operands[i + 1]);
    if (rt_.failed()) return {};
    if (!Compare(rt_, expr.operators[i], left, right)) return Value::Bool(false);
    left = std::move(right);
  }
  return Value::Bool(true);
}

Value Evaluator::EvalConditional(const Expr& expr) {
  const bool holds = Truthy(Eval(*expr.operands[1]));
  if (rt_.failed()) return {};
  if (holds) return Eval(*expr.operands[0]);
  if (expr.operands[2]) return Eval(*expr.operands[2]);
  return rt_.Undefined(
      "the inline if-expression evaluated to false and no else section was defined.");
}

Value Evaluator::EvalFilter(const Expr& expr) {
  const Value operand = Eval(*expr.operands[0]);
  CallArguments arguments;
  if (rt_.failed() || !EvalArguments(expr.arguments, &arguments)) return {};
  return ApplyFilter(rt_, expr.name, operand, arguments);
}

Value Evaluator::EvalTest(const Expr& expr) {
  const Value operand = Eval(*expr.operands[0]);
  CallArguments arguments;
  if (rt_.failed() || !EvalArguments(expr.arguments, &arguments)) return {};
  return Value::Bool(ApplyTest(rt_, expr.name, operand, arguments) != expr.negated);
}

void Evaluator::AddKeywords(const Value& from, CallArguments* out) {
  if (!from.is_dict()) {
    rt_.TypeError(StrCat("argument after ** must be a mapping, not ", from.type_name()));
    return;
  }
  for (const auto& [key, value] : from.dict().entries()) {
    if (!rt_.Step() || !rt_.Key(key)) return;
    if (!key.is_string()) {
      rt_.TypeError("keywords must be strings");
      return;
    }
    out->keywords.emplace_back(key.bytes(), value);
  }
}

bool Evaluator::EvalArguments(const std::vector<Argument>& arguments, CallArguments* out) {
  for (const Argument& argument : arguments) {
    const Value value = Eval(*argument.value);
    if (rt_.failed()) return false;
    switch (argument.kind) {
      case Argument::Kind::kPositional:
        out->positional.push_back(value);
        break;
      case Argument::Kind::kKeyword:
        out->keywords.emplace_back(argument.keyword, value);
        break;
      case Argument::Kind::kStarStar:
        AddKeywords(value, out);
        break;
      case Argument::Kind::kStar: {
        const Value items = ToSequence(rt_, value);
        if (rt_.failed() || !rt_.Affordable(items.items().size() * sizeof(Value))) return false;
        // They are copied once more on most ways.
        if (!rt_.Step(items.items().size() / 4)) return false;
        out->positional.insert(out->positional.end(), items.items().begin(), items.items().end());
        break;
      }
    }
    if (!rt_.Affordable((out->positional.size() + out->keywords.size()) * sizeof(Value)))
      return false;
  }
  return true;
}

Value Evaluator::EvalCall(const Expr& expr, const Value* caller) {
  const Value callee = Eval(*expr.operands[0]);
  CallArguments arguments;
  if (rt_.failed() || !EvalArguments(expr.arguments, &arguments)) return {};
  if (caller) arguments.keywords.emplace_back("caller", *caller);
  rt_.set_line(expr.line);
  return Call(callee, arguments);
}

Value Evaluator::Call(const Value& callee, const CallArguments& arguments) {
  if (callee.is_undefined()) return rt_.UseOfUndefined(callee);
  if (callee.is_object()) {
    Object& object = callee.object();
    switch (object.kind()) {
      case Object::Kind::kFunction:
      case Object::Kind::kMethod:
        return CallNative(rt_, static_cast<NativeObject&>(object), arguments);
      case Object::Kind::kMacro:
        return CallMacro(static_cast<MacroObject&>(object), arguments);
      case Object::Kind::kLoop:
        return CallLoop(static_cast<LoopObject&>(object), arguments);
      case Object::Kind::kJoiner: {
        auto& joiner = static_cast<JoinerObject&>(object);
        return std::exchange(joiner.used, true) ? joiner.separator : rt_.String("");
      }
      default:
        break;
    }
  }
  return rt_.TypeError(StrCat("'", callee.type_name(), "' object is not callable"));
}

// What the parameters left over: varargs, kwargs and caller, or a refusal.
void Evaluator::BindRest(const MacroDefinition& macro, const CallArguments& arguments,
                         std::vector<bool> used) {
  const size_t parameters = macro.parameters.size();
  if (macro.uses_varargs) {
    std::vector<Value> rest;
    for (size_t i = parameters; i < arguments.positional.size(); ++i)
      rest.push_back(arguments.positional[i]);
    scope_->Set(macro.varargs_symbol, rt_.Tuple(std::move(rest)), rt_);
  } else if (arguments.positional.size() > parameters) {
    rt_.TypeError(
        StrCat("macro '", macro.name, "' takes not more than ", parameters, " argument(s)"));
    return;
  }
  auto kwargs = std::make_shared<Dict>();
  Value caller = macro.uses_caller ? rt_.Undefined("No caller defined") : Value();
  for (size_t i = 0; i < arguments.keywords.size() && !rt_.failed(); ++i) {
    const auto& [name, value] = arguments.keywords[i];
    if (used[i]) continue;
    if (macro.uses_caller && name == "caller") {
      caller = value;
    } else if (macro.uses_kwargs) {
      const Value key = rt_.String(name);
      if (!rt_.failed()) kwargs->Set(key, value);
    } else if (name == "caller") {
      rt_.TypeError(StrCat("macro '", macro.name, "' does not take a call block"));
    } else {
      rt_.TypeError(StrCat("macro '", macro.name, "' takes no keyword argument '", name, "'"));
    }
  }
  if (rt_.failed()) return;
  if (macro.uses_caller) scope_->Set(macro.caller_symbol, caller, rt_);
  if (macro.uses_kwargs) scope_->Set(macro.kwargs_symbol, rt_.Of(std::move(kwargs)), rt_);
}

void Evaluator::BindParameters(const MacroDefinition& macro, const CallArguments& arguments) {
  if (!rt_.Step(macro.parameters.size() * (1 + arguments.keywords.size()) / 16)) return;
  std::vector<bool> used(arguments.keywords.size(), false);
  std::vector<Value> values(macro.parameters.size());
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    if (i < arguments.positional.size()) {
      values[i] = arguments.positional[i];
      continue;
    }
    for (size_t k = 0; k < used.size(); ++k) {
      if (used[k] || arguments.keywords[k].first != macro.parameters[i].name) continue;
      values[i] = arguments.keywords[k].second;
      used[k] = true;
    }
  }
  BindRest(macro, arguments, std::move(used));
  for (size_t i = 0; i < macro.parameters.size() && !rt_.failed(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    if (values[i].is_nothing()) {
      values[i] = parameter.fallback
                      ? Eval(*parameter.fallback)
                      : rt_.Undefined(StrCat("parameter '", parameter.name, "' was not provided"));
    }
    scope_->Set(parameter.symbol, values[i], rt_);
  }
}

Value Evaluator::CallMacro(const MacroObject& macro, const CallArguments& arguments) {
  const Nesting nesting(*this);
  if (!nesting.ok() || !rt_.Step(1 + arguments.keywords.size())) return {};
  const ScopeGuard scope(*this, macro.closure);
  BindParameters(macro.definition, arguments);
  if (rt_.failed()) return {};
  TextBuilder text(rt_);
  TextBuilder* const outer = std::exchange(out_, &text);
  Value body = std::exchange(block_body_, Value());
  RunBlock(macro.definition.body);
  block_body_ = std::move(body);
  out_ = outer;
  return rt_.failed() ? Value() : text.Take();
}

Value Evaluator::CallLoop(const LoopObject& loop, const CallArguments& arguments) {
  const Nesting nesting(*this);
  const Bound bound(rt_, "loop", arguments, {"iterable"}, 1);
  if (!nesting.ok()) return {};
  if (!loop.stmt.recursive) {
    return rt_.TypeError("The loop must have the 'recursive' marker to be called recursively.");
  }
  TextBuilder text(rt_);
  TextBuilder* const outer = std::exchange(out_, &text);
  RunLoop(loop.stmt, bound[0], loop.depth0 + 1);
  out_ = outer;
  return rt_.failed() ? Value() : text.Take();
}

}  // namespace pano::jinja
