#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "model/template/ast.h"
#include "model/template/loop.h"
#include "model/template/native.h"

namespace pano::jinja {

// The variables of one block; a name that is not here is looked up in the parent.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<uint32_t, Value>> variables;
  bool captured = false;  // by a macro, so it stays until the rendering ends

  // Each counts the variables looked at.
  const Value* Find(uint32_t symbol, Runtime& rt) const;
  void Set(uint32_t symbol, Value value, Runtime& rt);
};

struct MacroObject final : Object {
  MacroObject(const MacroDefinition& macro, std::shared_ptr<Scope> defined_in)
      : Object(Kind::kMacro), definition(macro), closure(std::move(defined_in)) {}
  void Clear() override {
    if (closure) closure->variables.clear();
  }
  const MacroDefinition& definition;
  std::shared_ptr<Scope> closure;
};

// Runs a program once. Confined to one rendering; the runtime must outlive it.
class Evaluator {
 public:
  Evaluator(const Program& program, Runtime& rt);

  // Whether the program mentions the name at all; others need not be set.
  bool Mentions(std::string_view name) const;
  void SetVariable(std::string_view name, Value value);
  // Look at the runtime for a failure.
  Rendered Run();

 private:
  enum class Flow : uint8_t { kNormal, kBreak, kContinue };

  // One level of the evaluator's own recursion, for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(Evaluator& evaluator);
    ~Nesting() { --evaluator_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    bool ok() const { return !evaluator_.rt_.failed(); }

   private:
    Evaluator& evaluator_;
  };

  // A new scope inside `parent`, current for as long as it lives.
  class ScopeGuard {
   public:
    ScopeGuard(Evaluator& evaluator, std::shared_ptr<Scope> parent);
    ~ScopeGuard() { evaluator_.scope_ = std::move(previous_); }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

   private:
    Evaluator& evaluator_;
    std::shared_ptr<Scope> previous_;
  };

  // Statements.
  Flow RunBlock(const Block& block);
  Flow RunStatement(const Stmt& stmt);
  Flow RunScoped(const Block& block);
  Flow RunGeneration(const Block& block);
  Flow RunIf(const Stmt& stmt);
  Flow RunFor(const Stmt& stmt);
  Flow RunLoop(const Stmt& stmt, const Value& iterable, size_t depth0);
  Flow RunWith(const Stmt& stmt);
  Flow RunCaptured(const Stmt& stmt);
  void RunCallBlock(const Stmt& stmt);
  void Output(const Value& v);
  void CheckOutput();
  Value FilteredItems(const Stmt& stmt, const Value& items);
  // What a block writes, as a string.
  Value Capture(const Block& block, Flow* flow);
  void Assign(const Expr& target, const Value& value);
  void AssignTuple(const Expr& target, const Value& value);
  Value MakeMacro(const MacroDefinition& definition);

  // Expressions.
  Value Eval(const Expr& expr);
  Value EvalOptional(const ExprPtr& expr) { return expr ? Eval(*expr) : Value(); }
  Value EvalNode(const Expr& expr);
  Value EvalName(const Expr& expr);
  Value EvalSequence(const Expr& expr);
  Value EvalDict(const Expr& expr);
  Value EvalSlice(const Expr& expr);
  Value EvalLogic(const Expr& expr);
  Value EvalArithmetic(const Expr& expr);
  Value EvalCompare(const Expr& expr);
  Value EvalConditional(const Expr& expr);
  Value EvalConcat(const Expr& expr);
  Value EvalFilter(const Expr& expr);
  Value EvalTest(const Expr& expr);
  Value EvalCall(const Expr& expr, const Value* caller = nullptr);
  bool EvalArguments(const std::vector<Argument>& arguments, CallArguments* out);
  void AddKeywords(const Value& from, CallArguments* out);
  Value Call(const Value& callee, const CallArguments& arguments);
  Value CallMacro(const MacroObject& macro, const CallArguments& arguments);
  // Runs a recursive loop again over other items; what it writes.
  Value CallLoop(const LoopObject& loop, const CallArguments& arguments);
  // Sets the parameters in the current scope, which is the macro's.
  void BindParameters(const MacroDefinition& macro, const CallArguments& arguments);
  void BindRest(const MacroDefinition& macro, const CallArguments& arguments,
                std::vector<bool> used);

  const Program& program_;
  Runtime& rt_;
  TextBuilder root_;
  std::vector<Rendered::Range> generated_;   // of root_
  TextBuilder* out_;
  std::shared_ptr<Scope> scope_;
  std::vector<Value> functions_;  // by symbol, made when first used
  Value block_body_;              // what the filters of the current block work on
  size_t depth_ = 0;
};

}  // namespace pano::jinja
