#include "model/template/parser.h"

#include <algorithm>

#include "base/strings.h"
#include "model/template/expression_parser.h"

namespace pano::jinja {
namespace {

using Kind = Stmt::Kind;
using StmtPtr = std::unique_ptr<const Stmt>;

// Parses statements. Confined to one parse.
class Parser {
 public:
  explicit Parser(ParseState& state) : state_(state), expressions_(state) {}

  // Up to one of the tags in `ends`, whose name is then the current token; to the end of the source
  // without any.
  Result<Block> Body(std::initializer_list<std::string_view> ends);

 private:
  using Parsed = Result<StmtPtr>;

  Parsed Statement();
  Parsed If();
  Parsed For();
  Parsed Set();
  Parsed Macro();
  Parsed CallBlock();
  Parsed FilterBlock();
  Parsed With();
  Parsed Generation();
  Parsed LoopControl(Kind kind);
  Parsed Print();
  Parsed Output();

  std::unique_ptr<Stmt> Make(Kind kind) const;
  Status Signature(MacroDefinition* macro);
  Status FunctionBody(MacroDefinition* macro, std::string_view end);
  Status EndOfTag() { return Expect(TokenKind::kBlockEnd); }
  Status Expect(TokenKind kind);
  Status Add(ExprPtr* out, Result<ExprPtr> parsed);
  Status Add(std::vector<ExprPtr>* out, Result<ExprPtr> parsed);

  ParseState& state_;
  ExpressionParser expressions_;
};

std::unique_ptr<Stmt> Parser::Make(Kind kind) const {
  auto node = std::make_unique<Stmt>();
  node->kind = kind;
  node->line = state_.current().line;
  return node;
}

Status Parser::Expect(TokenKind kind) {
  if (!state_.AtKind(kind)) return state_.Unexpected();
  state_.Next();
  return OkStatus();
}

Status Parser::Add(ExprPtr* out, Result<ExprPtr> parsed) {
  if (parsed.ok()) *out = std::move(parsed).value();
  return parsed.error();
}

Status Parser::Add(std::vector<ExprPtr>* out, Result<ExprPtr> parsed) {
  if (parsed.ok()) out->push_back(std::move(parsed).value());
  return parsed.error();
}

Result<Block> Parser::Body(std::initializer_list<std::string_view> ends) {
  const DepthScope depth(state_);
  PANO_RETURN_IF_ERROR(depth.Check());
  Block out;
  while (!state_.AtKind(TokenKind::kEnd)) {
    PANO_RETURN_IF_ERROR(state_.CountNode());
    if (state_.AtKind(TokenKind::kData)) {
      auto node = Make(Kind::kText);
      node->text = Value::Literal(state_.Next().text);
      out.push_back(std::move(node));
    } else if (state_.AtKind(TokenKind::kVariableBegin)) {
      PANO_ASSIGN_OR_RETURN(StmtPtr node, Output());
      out.push_back(std::move(node));
    } else {
      PANO_RETURN_IF_ERROR(Expect(TokenKind::kBlockBegin));
      if (std::ranges::any_of(ends, [&](auto end) { return state_.AtName(end); })) return out;
      PANO_ASSIGN_OR_RETURN(StmtPtr node, Statement());
      PANO_RETURN_IF_ERROR(EndOfTag());
      out.push_back(std::move(node));
    }
  }
  if (ends.size() > 0) {
    return state_.Error(StrCat("the template ends where '", *(ends.end() - 1), "' was due"));
  }
  return out;
}

Parser::Parsed Parser::Output() {
  auto node = Make(Kind::kOutput);
  state_.Next();
  PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.Tuple()));
  PANO_RETURN_IF_ERROR(Expect(TokenKind::kVariableEnd));
  return StmtPtr(std::move(node));
}

// From the tag's name on, up to but without the closing %}.
Parser::Parsed Parser::Statement() {
  if (state_.AtName("if")) return If();
  if (state_.AtName("for")) return For();
  if (state_.AtName("set")) return Set();
  if (state_.AtName("macro")) return Macro();
  if (state_.AtName("call")) return CallBlock();
  if (state_.AtName("filter")) return FilterBlock();
  if (state_.AtName("with")) return With();
  if (state_.AtName("generation")) return Generation();
  if (state_.AtName("break")) return LoopControl(Kind::kBreak);
  if (state_.AtName("continue")) return LoopControl(Kind::kContinue);
  if (state_.AtName("print")) return Print();
  if (!state_.AtKind(TokenKind::kName)) return state_.Unexpected();
  return state_.Error(StrCat("unknown tag '", Printable(state_.current().text), "'"));
}

Parser::Parsed Parser::Print() {
  auto node = Make(Kind::kOutput);
  state_.Next();
  PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.Tuple()));
  return StmtPtr(std::move(node));
}

Parser::Parsed Parser::If() {
  auto node = Make(Kind::kIf);
  while (true) {
    const bool conditional = !state_.AtName("else");
    state_.Next();
    Branch branch;
    if (conditional) PANO_RETURN_IF_ERROR(Add(&branch.condition, expressions_.Tuple(false)));
    PANO_RETURN_IF_ERROR(EndOfTag());
    PANO_ASSIGN_OR_RETURN(branch.body,
                          conditional ? Body({"elif", "else", "endif"}) : Body({"endif"}));
    node->branches.push_back(std::move(branch));
    if (state_.SkipName("endif")) return StmtPtr(std::move(node));
  }
}

Parser::Parsed Parser::For() {
  auto node = Make(Kind::kFor);
  state_.Next();
  node->loop_symbol = state_.Symbol("loop");
  PANO_RETURN_IF_ERROR(Add(&node->targets, expressions_.Target(false)));
  PANO_RETURN_IF_ERROR(state_.ExpectName("in"));
  PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.Tuple(false)));
  if (state_.SkipName("if")) PANO_RETURN_IF_ERROR(Add(&node->condition, expressions_.Expression()));
  node->recursive = state_.SkipName("recursive");
  PANO_RETURN_IF_ERROR(EndOfTag());
  ++state_.loops;
  auto body = Body({"else", "endfor"});
  --state_.loops;
  PANO_ASSIGN_OR_RETURN(node->body, std::move(body));
  if (state_.SkipName("else")) {
    PANO_RETURN_IF_ERROR(EndOfTag());
    PANO_ASSIGN_OR_RETURN(node->otherwise, Body({"endfor"}));
  }
  PANO_RETURN_IF_ERROR(state_.ExpectName("endfor"));
  return StmtPtr(std::move(node));
}

Parser::Parsed Parser::LoopControl(Kind kind) {
  auto node = Make(kind);
  if (state_.loops == 0)
    return state_.Error(StrCat("'", state_.current().text, "' outside of a loop"));
  state_.Next();
  return StmtPtr(std::move(node));
}

Parser::Parsed Parser::Set() {
  auto node = Make(Kind::kSet);
  state_.Next();
  PANO_RETURN_IF_ERROR(Add(&node->targets, expressions_.Target(true)));
  if (state_.SkipOperator("=")) {
    PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.Tuple()));
    return StmtPtr(std::move(node));
  }
  node->kind = Kind::kSetBlock;
  if (state_.SkipOperator("|")) {
    PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.BlockFilter()));
  }
  PANO_RETURN_IF_ERROR(EndOfTag());
  PANO_ASSIGN_OR_RETURN(node->body, Body({"endset"}));
  state_.Next();
  return StmtPtr(std::move(node));
}

Parser::Parsed Parser::FilterBlock() {
  auto node = Make(Kind::kFilterBlock);
  state_.Next();
  PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.BlockFilter()));
  PANO_RETURN_IF_ERROR(EndOfTag());
  PANO_ASSIGN_OR_RETURN(node->body, Body({"endfilter"}));
  state_.Next();
  return StmtPtr(std::move(node));
}

Status Parser::Signature(MacroDefinition* macro) {
  PANO_RETURN_IF_ERROR(state_.ExpectOperator("("));
  bool fallbacks = false;
  while (!state_.SkipOperator(")")) {
    if (!macro->parameters.empty()) PANO_RETURN_IF_ERROR(state_.ExpectOperator(","));
    if (!macro->parameters.empty() && state_.SkipOperator(")")) break;
    Parameter parameter;
    PANO_ASSIGN_OR_RETURN(parameter.name, state_.TakeName());
    parameter.symbol = state_.Symbol(parameter.name);
    if (state_.SkipOperator("=")) {
      PANO_RETURN_IF_ERROR(Add(&parameter.fallback, expressions_.Expression()));
      fallbacks = true;
    } else if (fallbacks) {
      return state_.Error("a parameter without a default follows one with a default");
    }
    macro->parameters.push_back(std::move(parameter));
  }
  return OkStatus();
}

// The rest of a macro from its opening tag's end on; `end` closes it.
Status Parser::FunctionBody(MacroDefinition* macro, std::string_view end) {
  PANO_RETURN_IF_ERROR(EndOfTag());
  macro->caller_symbol = state_.Symbol("caller");
  macro->kwargs_symbol = state_.Symbol("kwargs");
  macro->varargs_symbol = state_.Symbol("varargs");
  const size_t loops = std::exchange(state_.loops, 0);
  state_.macros.push_back(macro);
  auto body = Body({end});
  state_.macros.pop_back();
  state_.loops = loops;
  PANO_ASSIGN_OR_RETURN(macro->body, std::move(body));
  state_.Next();
  return OkStatus();
}

Parser::Parsed Parser::Macro() {
  auto node = Make(Kind::kMacro);
  state_.Next();
  auto macro = std::make_unique<MacroDefinition>();
  PANO_RETURN_IF_ERROR(Add(&node->targets, expressions_.Target(false)));
  if (node->targets[0]->kind != Expr::Kind::kName) return state_.Error("a macro needs a name");
  macro->name = node->targets[0]->name;
  PANO_RETURN_IF_ERROR(Signature(macro.get()));
  PANO_RETURN_IF_ERROR(FunctionBody(macro.get(), "endmacro"));
  node->macro = std::move(macro);
  return StmtPtr(std::move(node));
}

Parser::Parsed Parser::CallBlock() {
  auto node = Make(Kind::kCallBlock);
  state_.Next();
  auto macro = std::make_unique<MacroDefinition>();
  macro->name = "caller";
  if (state_.AtOperator("(")) PANO_RETURN_IF_ERROR(Signature(macro.get()));
  PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.Expression()));
  if (node->values[0]->kind != Expr::Kind::kCall) return state_.Error("a call block needs a call");
  PANO_RETURN_IF_ERROR(FunctionBody(macro.get(), "endcall"));
  node->macro = std::move(macro);
  return StmtPtr(std::move(node));
}

Parser::Parsed Parser::With() {
  auto node = Make(Kind::kWith);
  state_.Next();
  while (!state_.AtKind(TokenKind::kBlockEnd)) {
    if (!node->targets.empty()) PANO_RETURN_IF_ERROR(state_.ExpectOperator(","));
    PANO_RETURN_IF_ERROR(Add(&node->targets, expressions_.Target(false)));
    PANO_RETURN_IF_ERROR(state_.ExpectOperator("="));
    PANO_RETURN_IF_ERROR(Add(&node->values, expressions_.Expression()));
  }
  PANO_RETURN_IF_ERROR(EndOfTag());
  PANO_ASSIGN_OR_RETURN(node->body, Body({"endwith"}));
  state_.Next();
  return StmtPtr(std::move(node));
}

// Marks what the assistant generated when training; rendering only gives it its own variables.
Parser::Parsed Parser::Generation() {
  auto node = Make(Kind::kGeneration);
  state_.Next();
  PANO_RETURN_IF_ERROR(EndOfTag());
  const size_t loops = std::exchange(state_.loops, 0);
  auto body = Body({"endgeneration"});
  state_.loops = loops;
  PANO_ASSIGN_OR_RETURN(node->body, std::move(body));
  state_.Next();
  return StmtPtr(std::move(node));
}

}  // namespace

bool ParseState::SkipOperator(std::string_view text) {
  if (!AtOperator(text)) return false;
  Next();
  return true;
}

bool ParseState::SkipName(std::string_view text) {
  if (!AtName(text)) return false;
  Next();
  return true;
}

Status ParseState::ExpectOperator(std::string_view text) {
  if (SkipOperator(text)) return OkStatus();
  return Error(StrCat("expected '", text, "', got '", Printable(current().text), "'"));
}

Status ParseState::ExpectName(std::string_view text) {
  if (SkipName(text)) return OkStatus();
  return Error(StrCat("expected '", text, "', got '", Printable(current().text), "'"));
}

Result<std::string> ParseState::TakeName() {
  if (!AtKind(TokenKind::kName)) return Unexpected();
  return std::string(Next().text);
}

Status ParseState::Error(std::string_view message) const {
  return Corruption(StrCat("template line ", current().line, ": ", message));
}

Status ParseState::Unexpected() const {
  if (AtKind(TokenKind::kEnd)) return Error("unexpected end of template");
  return Error(StrCat("unexpected '", Printable(current().text), "'"));
}

uint32_t ParseState::Symbol(std::string_view name) {
  const auto found = symbols_.find(name);
  if (found != symbols_.end()) return found->second;
  return symbols_.emplace(std::string(name), static_cast<uint32_t>(symbols_.size())).first->second;
}

Status ParseState::CountNode() {
  constexpr size_t kNodesMax = 250'000;  // some 60 MB of tree
  if (++nodes_ <= kNodesMax) return OkStatus();
  return Status(StatusCode::kExhausted, "the template has too many parts");
}

Status DepthScope::Check() const {
  if (state_.depth <= state_.depth_max()) return OkStatus();
  return state_.Error(StrCat("blocks or expressions nest deeper than ", state_.depth_max()));
}

Result<Program> ParseProgram(std::string_view source, const Limits& limits) {
  if (source.size() > limits.source_bytes_max) {
    return Status(StatusCode::kExhausted,
                  StrCat("the template has more than ", limits.source_bytes_max, " bytes"));
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, NormalizeSource(source));
  PANO_ASSIGN_OR_RETURN(std::vector<Token> tokens, Lex(text));
  ParseState state(std::move(tokens), limits);
  Parser parser(state);
  Program program;
  PANO_ASSIGN_OR_RETURN(program.body, parser.Body({}));
  program.symbols = state.TakeSymbols();
  return program;
}

}  // namespace pano::jinja
