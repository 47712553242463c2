#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/engine/testing/fake_tokenizer.h"
#include "model/engine/testing/reference_generator.h"
#include "model/grammar/compiled_grammar.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/grammar_matcher.h"
#include "model/grammar/token_table.h"

namespace pano::engine {

using GrammarPtr = std::shared_ptr<const grammar::CompiledGrammar>;

inline GrammarPtr CompileFor(const std::vector<std::string>& tokens, std::string_view gbnf) {
  auto table = grammar::TokenTable::Create(tokens);
  PANO_CHECK(table.ok());
  auto parsed = grammar::ParseGbnf(gbnf);
  PANO_CHECK(parsed.ok());
  auto compiled = grammar::CompiledGrammar::Compile(*std::move(parsed), *std::move(table));
  PANO_CHECK(compiled.ok());
  return *std::move(compiled);
}

// For FakeTokenizer's vocabulary.
inline GrammarPtr CompileGbnf(std::string_view gbnf) {
  const FakeTokenizer tokenizer;
  std::vector<std::string> tokens;
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    tokens.push_back(tokenizer.IsSpecial(id) ? "" : tokenizer.Bytes(id));
  }
  return CompileFor(tokens, gbnf);
}

// Of all kinds: with long parts that are forced, characters of several tokens, recursion, an end that may
// come early, and one that must.
inline std::vector<GrammarPtr> SomeGrammars() {
  return {CompileGbnf("root ::= [a-z]*"),
          CompileGbnf("root ::= \"abcdef\" [a-f]{2,9} (\"xyz\" | \"gh\")"),
          CompileGbnf("root ::= (\"abcdefgh\" [ij])*"),
          CompileGbnf("root ::= (\"\xE2\x82\xAC\" [a-c]){3,40}"),
          CompileGbnf("root ::= \"a\" root \"b\" | [c-e] root? [x-z] | \"f\""),
          CompileGbnf("root ::= word (\" .\" word)*\nword ::= [a-m]+ [n-z]")};
}

// GenerateAlone with a grammar, by the definition: a token is allowed when the matcher takes it, tried one
// by one, and each comes from a row of logits. REQUIRES: request.grammar, seed and max_tokens are set.
inline ChoiceOutput GenerateConstrained(const FakeModel& model, const Request& request, int choice,
                                        const std::vector<TokenId>& end_tokens) {
  ChoiceOutput output;
  std::vector<TokenId> tokens = request.prompt;
  std::vector<TokenId> ending = request.stop_token_ids;
  if (!request.ignore_eos) ending.insert(ending.end(), end_tokens.begin(), end_tokens.end());
  auto in = [](const std::vector<TokenId>& ids, TokenId id) {
    return std::ranges::find(ids, id) != ids.end();
  };
  TokenHistory history(request.prompt);
  Sampler sampler;
  grammar::GrammarMatcher matcher(request.grammar);
  const auto vocab = static_cast<TokenId>(model.vocab_size());
  auto followers = [&] {
    std::vector<TokenId> ids;
    for (TokenId id = 0; id < vocab; ++id) {
      grammar::GrammarMatcher next = matcher;
      if (!in(end_tokens, id) && next.AcceptToken(id)) ids.push_back(id);
    }
    return ids;
  };
  for (int64_t i = 0; i < *request.max_tokens; ++i) {
    std::vector<TokenId> allowed = followers();
    if (allowed.empty()) {
      output.finish.reason = matcher.IsAccepting() ? FinishReason::kStop : FinishReason::kError;
      return output;
    }
    if (i < request.min_tokens) {
      std::vector<TokenId> others = allowed;
      std::erase_if(others, [&](TokenId id) { return in(ending, id); });
      if (!others.empty()) allowed = others;
    } else if (matcher.IsAccepting()) {
      allowed.insert(allowed.end(), ending.begin(), ending.end());
    }
    std::vector<uint32_t> mask((static_cast<size_t>(vocab) + 31) / 32);
    for (TokenId id : allowed) mask[static_cast<size_t>(id) / 32] |= 1u << (id % 32);
    DrawInput input;
    input.params = &request.sampling;
    input.history = &history;
    input.allowed = mask;
    input.seed = *request.sampling.seed;
    input.choice = static_cast<uint64_t>(choice);
    input.position = tokens.size();
    std::vector<float> logits = model.LogitsFor(tokens);
    auto drawn = sampler.Draw(input, logits);
    PANO_CHECK(drawn.ok());
    output.ids.push_back(drawn->id);
    output.logprobs.push_back(drawn->logprob);
    tokens.push_back(drawn->id);
    history.AddOutput(drawn->id);
    if (in(ending, drawn->id)) {
      output.finish.reason = FinishReason::kStop;
      return output;
    }
    PANO_CHECK(matcher.AcceptToken(drawn->id));
  }
  const bool whole = followers().empty() && matcher.IsAccepting();
  output.finish.reason = whole ? FinishReason::kStop : FinishReason::kLength;
  return output;
}

}  // namespace pano::engine
