#include "model/template/evaluator.h"

#include <algorithm>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/operators.h"
#include "model/template/printing.h"

namespace pano::jinja {
namespace {

// Levels of the evaluator's recursion for each level of nesting that the limits allow.
constexpr size_t kFramesPerLevel = 8;
// Only templates made to waste time have more in one scope.
constexpr size_t kVariablesPerStep = 64;

}  // namespace

const Value* Scope::Find(uint32_t symbol, Runtime& rt) const {
  for (const Scope* at = this; at; at = at->parent.get()) {
    if (!rt.Step(at->variables.size() / kVariablesPerStep)) return nullptr;
    for (const auto& [own, value] : at->variables) {
      if (own == symbol) return &value;
    }
  }
  return nullptr;
}

void Scope::Set(uint32_t symbol, Value value, Runtime& rt) {
  if (!rt.Step(variables.size() / kVariablesPerStep)) return;
  for (auto& [own, old] : variables) {
    if (own == symbol) {
      old = std::move(value);
      return;
    }
  }
  variables.emplace_back(symbol, std::move(value));
}

Evaluator::Nesting::Nesting(Evaluator& evaluator) : evaluator_(evaluator) {
  const size_t levels = evaluator_.rt_.limits().depth_max;
  if (++evaluator_.depth_ > levels * kFramesPerLevel) {
    evaluator_.rt_.Exhausted(
        StrCat("blocks, expressions and macros nest deeper than ", levels, " levels"));
  }
}

Evaluator::ScopeGuard::ScopeGuard(Evaluator& evaluator, std::shared_ptr<Scope> parent)
    : evaluator_(evaluator), previous_(evaluator.scope_) {
  auto scope = std::make_shared<Scope>();
  scope->parent = std::move(parent);
  evaluator_.scope_ = std::move(scope);
}

Evaluator::Evaluator(const Program& program, Runtime& rt)
    : program_(program),
      rt_(rt),
      root_(rt),
      out_(&root_),
      scope_(std::make_shared<Scope>()),
      functions_(program.symbols.size()) {}

bool Evaluator::Mentions(std::string_view name) const { return program_.symbols.contains(name); }

void Evaluator::SetVariable(std::string_view name, Value value) {
  const auto found = program_.symbols.find(name);
  if (found != program_.symbols.end()) scope_->Set(found->second, std::move(value), rt_);
}

Rendered Evaluator::Run() {
  RunBlock(program_.body);
  auto [text, from_inputs] = root_.Release();
  return Rendered{std::move(text), std::move(from_inputs), std::move(generated_)};
}

Evaluator::Flow Evaluator::RunBlock(const Block& block) {
  const Nesting nesting(*this);
  for (const auto& stmt : block) {
    if (!nesting.ok() || !rt_.Step()) return Flow::kNormal;
    rt_.set_line(stmt->line);
    if (const Flow flow = RunStatement(*stmt); flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::RunStatement(const Stmt& stmt) {
  switch (stmt.kind) {
    case Stmt::Kind::kText:
      out_->Append(stmt.text.text());
      CheckOutput();
      return Flow::kNormal;
    case Stmt::Kind::kOutput:
      Output(Eval(*stmt.values[0]));
      return Flow::kNormal;
    case Stmt::Kind::kIf:
      return RunIf(stmt);
    case Stmt::Kind::kFor:
      return RunFor(stmt);
    case Stmt::Kind::kSet:
      Assign(*stmt.targets[0], Eval(*stmt.values[0]));
      return Flow::kNormal;
    case Stmt::Kind::kSetBlock:
    case Stmt::Kind::kFilterBlock:
      return RunCaptured(stmt);
    case Stmt::Kind::kMacro:
      Assign(*stmt.targets[0], MakeMacro(*stmt.macro));
      return Flow::kNormal;
    case Stmt::Kind::kCallBlock:
      RunCallBlock(stmt);
      return Flow::kNormal;
    case Stmt::Kind::kWith:
      return RunWith(stmt);
    case Stmt::Kind::kScope:
      return RunScoped(stmt.body);
    case Stmt::Kind::kGeneration:
      return RunGeneration(stmt.body);
    case Stmt::Kind::kBreak:
      return Flow::kBreak;
    case Stmt::Kind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNormal;
}

void Evaluator::CheckOutput() {
  if (root_.size() > rt_.limits().output_bytes_max) {
    rt_.Exhausted(StrCat("more than ", rt_.limits().output_bytes_max, " bytes of output"));
  }
}

void Evaluator::Output(const Value& v) {
  if (rt_.failed()) return;
  AppendStr(*out_, v);
  CheckOutput();
}

Evaluator::Flow Evaluator::RunScoped(const Block& block) {
  const ScopeGuard scope(*this, scope_);
  return RunBlock(block);
}

Evaluator::Flow Evaluator::RunGeneration(const Block& block) {
  const bool seen = out_ == &root_;
  const size_t begin = root_.size();
  const Flow flow = RunScoped(block);
  if (seen && !rt_.failed() && rt_.ChargeForGood(sizeof(Rendered::Range))) {
    generated_.push_back({begin, root_.size()});
  }
  return flow;
}

Evaluator::Flow Evaluator::RunIf(const Stmt& stmt) {
  for (const Branch& branch : stmt.branches) {
    if (branch.condition && !Truthy(Eval(*branch.condition))) continue;
    return rt_.failed() ? Flow::kNormal : RunBlock(branch.body);
  }
  return Flow::kNormal;
}

Value Evaluator::FilteredItems(const Stmt& stmt, const Value& items) {
  std::vector<Value> out;
  for (const Value& item : items.items()) {
    const ScopeGuard scope(*this, scope_);
    Assign(*stmt.targets[0], item);
    if (rt_.failed()) return {};
    const bool keep = Truthy(Eval(*stmt.condition));
    if (!rt_.Step()) return {};
    if (keep) out.push_back(item);
  }
  return rt_.List(std::move(out));
}

Evaluator::Flow Evaluator::RunFor(const Stmt& stmt) {
  const Value iterable = Eval(*stmt.values[0]);
  return rt_.failed() ? Flow::kNormal : RunLoop(stmt, iterable, 0);
}

Evaluator::Flow Evaluator::RunLoop(const Stmt& stmt, const Value& iterable, size_t depth0) {
  Value items = rt_.failed() ? Value() : ToSequence(rt_, iterable);
  if (!rt_.failed() && stmt.condition) items = FilteredItems(stmt, items);
  if (rt_.failed()) return Flow::kNormal;
  if (items.items().empty()) return RunScoped(stmt.otherwise);
  const auto loop = std::make_shared<LoopObject>(stmt, items, depth0, rt_.Hold(sizeof(LoopObject)));
  const Value loop_value = Value::Of(std::shared_ptr<Object>(loop));
  const std::shared_ptr<Scope> outer = scope_;
  const ScopeGuard scope(*this, outer);
  for (const Value& item : items.items()) {
    if (!rt_.Step()) break;
    if (scope_->captured) {
      scope_ = std::make_shared<Scope>();
      scope_->parent = outer;
    } else {
      scope_->variables.clear();
    }
    scope_->Set(stmt.loop_symbol, loop_value, rt_);
    Assign(*stmt.targets[0], item);
    if (rt_.failed() || RunBlock(stmt.body) == Flow::kBreak) break;
    ++loop->index0;
  }
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::RunWith(const Stmt& stmt) {
  std::vector<Value> values;
  for (const ExprPtr& value : stmt.values) values.push_back(Eval(*value));
  const ScopeGuard scope(*this, scope_);
  for (size_t i = 0; i < values.size() && !rt_.failed(); ++i) Assign(*stmt.targets[i], values[i]);
  return rt_.failed() ? Flow::kNormal : RunBlock(stmt.body);
}

Value Evaluator::Capture(const Block& block, Flow* flow) {
  TextBuilder text(rt_);
  TextBuilder* const outer = std::exchange(out_, &text);
  *flow = RunScoped(block);
  out_ = outer;
  return rt_.failed() ? Value() : text.Take();
}

// Set blocks and filter blocks: what the body writes, through the filters.
Evaluator::Flow Evaluator::RunCaptured(const Stmt& stmt) {
  Flow flow = Flow::kNormal;
  Value text = Capture(stmt.body, &flow);
  if (rt_.failed() || flow != Flow::kNormal) return flow;
  if (!stmt.values.empty()) {
    Value outer = std::exchange(block_body_, text);
    text = Eval(*stmt.values[0]);
    block_body_ = std::move(outer);
  }
  if (rt_.failed()) return Flow::kNormal;
  if (stmt.kind == Stmt::Kind::kFilterBlock) {
    Output(text);
  } else {
    Assign(*stmt.targets[0], text);
  }
  return Flow::kNormal;
}

Value Evaluator::MakeMacro(const MacroDefinition& definition) {
  // The scope may come to hold the macro itself, so the rendering's end unties the two.
  scope_->captured = true;
  return rt_.Keep(std::make_shared<MacroObject>(definition, scope_));
}

void Evaluator::RunCallBlock(const Stmt& stmt) {
  const Value caller = MakeMacro(*stmt.macro);
  if (!rt_.failed()) Output(EvalCall(*stmt.values[0], &caller));
}

void Evaluator::AssignTuple(const Expr& target, const Value& value) {
  const size_t wanted = target.operands.size();
  if (value.is_undefined()) {
    rt_.UseOfUndefined(value);
    return;
  }
  if (!value.is_string() && !value.is_sequence() && !value.is_dict()) {
    rt_.TypeError(StrCat("cannot unpack non-iterable ", value.type_name(), " object"));
    return;
  }
  const Value parts = ToSequence(rt_, value);
  if (rt_.failed()) return;
  const size_t given = parts.items().size();
  if (given < wanted) {
    rt_.Error(
        StrCat("ValueError: not enough values to unpack (expected ", wanted, ", got ", given, ")"));
  } else if (given > wanted) {
    rt_.Error(StrCat("ValueError: too many values to unpack (expected ", wanted, ")"));
  }
  for (size_t i = 0; i < wanted && !rt_.failed(); ++i)
    Assign(*target.operands[i], parts.items()[i]);
}

void Evaluator::Assign(const Expr& target, const Value& value) {
  if (rt_.failed()) return;
  if (target.kind == Expr::Kind::kTuple) return AssignTuple(target, value);
  if (target.kind == Expr::Kind::kName) {
    scope_->Set(target.symbol, value, rt_);
    return;
  }
  const Value* owner = scope_->Find(target.operands[0]->symbol, rt_);
  if (rt_.failed()) return;
  if (!owner || !owner->is_object() || owner->object().kind() != Object::Kind::kNamespace) {
    rt_.Raise("cannot assign attribute on non-namespace object");
    return;
  }
  auto& members = static_cast<NamespaceObject&>(owner->object());
  if (rt_.Step(members.attributes.size() / kVariablesPerStep)) members.Set(target.name, value);
}

}  // namespace pano::jinja
