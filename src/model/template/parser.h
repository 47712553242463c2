#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/template/ast.h"
#include "model/template/lexer.h"

namespace pano::jinja {

// Corruption, with the line, for source that is no Jinja; Exhausted for source beyond the limits.
Result<Program> ParseProgram(std::string_view source, const Limits& limits);

// The parser's position: the tokens, the names seen and the nesting. Shared by the parsers of
// statements and of expressions. Confined to one parse.
class ParseState {
 public:
  ParseState(std::vector<Token> tokens, const Limits& limits)
      : tokens_(std::move(tokens)), limits_(limits) {}

  const Token& current() const { return tokens_[pos_]; }
  const Token& ahead() const { return tokens_[pos_ + 1 < tokens_.size() ? pos_ + 1 : pos_]; }
  Token Next() { return pos_ + 1 < tokens_.size() ? tokens_[pos_++] : tokens_[pos_]; }
  bool AtOperator(std::string_view text) const { return Is(current(), TokenKind::kOperator, text); }
  bool AtName(std::string_view text) const { return Is(current(), TokenKind::kName, text); }
  bool AtKind(TokenKind kind) const { return current().kind == kind; }
  bool SkipOperator(std::string_view text);
  bool SkipName(std::string_view text);
  Status ExpectOperator(std::string_view text);
  Status ExpectName(std::string_view text);
  // A name, which is copied.
  Result<std::string> TakeName();

  Status Error(std::string_view message) const;
  Status Unexpected() const;

  uint32_t Symbol(std::string_view name);
  std::map<std::string, uint32_t, std::less<>> TakeSymbols() { return std::move(symbols_); }

  // Exhausted when the source has more parts than a rendering could walk.
  Status CountNode();
  size_t depth_max() const { return limits_.depth_max; }

  // Macros being parsed learn which of their implicit names are used.
  std::vector<MacroDefinition*> macros;
  size_t depth = 0;
  size_t loops = 0;  // around this place, in this function

  static bool Is(const Token& token, TokenKind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }

 private:
  std::vector<Token> tokens_;
  Limits limits_;
  size_t pos_ = 0;
  size_t nodes_ = 0;
  std::map<std::string, uint32_t, std::less<>> symbols_;
};

// Counts one level of nesting for as long as it lives. Confined to one parse.
class DepthScope {
 public:
  explicit DepthScope(ParseState& state) : state_(state) { ++state_.depth; }
  ~DepthScope() { --state_.depth; }
  DepthScope(const DepthScope&) = delete;
  DepthScope& operator=(const DepthScope&) = delete;
  Status Check() const;

 private:
  ParseState& state_;
};

}  // namespace pano::jinja
