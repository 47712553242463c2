#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/grammar/byte_automaton.h"
#include "model/grammar/token_trie.h"

namespace pano::grammar {

// The bytes of a vocabulary's tokens, ordered for masks: a trie of all tokens in parts, so that
// most of a part can be allowed at once where a grammar is inside free text (the idea of
// llguidance's slices). Built once per vocabulary, shared; immutable, so thread-safe.
class TokenTable {
 public:
  // `tokens[id]` are the bytes that the id stands for inside a text; "" = the id is never allowed
  // (special tokens, holes of the vocabulary). kExhausted beyond 16 Mi tokens or 1 GiB of bytes.
  static Result<std::shared_ptr<const TokenTable>> Create(std::span<const std::string> tokens);

  int32_t vocab_size() const { return static_cast<int32_t>(begin_.size()) - 1; }
  // Words of a mask: bit id % 32 of word id / 32.
  size_t mask_words() const { return (begin_.size() - 1 + 31) / 32; }
  // "" for an id that is never allowed or outside of the vocabulary.
  std::string_view Bytes(int32_t id) const;
  size_t memory_bytes() const { return memory_bytes_; }

  // Tokens of at most so many bytes and longer ones have parts of their own.
  static constexpr size_t kShortBytes = 24;

  // A part of the vocabulary: the tokens all of whose characters are of one class and not of a
  // narrower part's.
  struct Part {
    ByteAutomaton character;   // one character of the class; no states: the part of all other tokens
    TokenTrie trie;
    uint16_t chars_max = 0;    // of the longest token
    // allowed_up_to[n - 1]: the mask of the tokens of at most n characters; the last one is of all
    // tokens, however long.
    std::vector<std::vector<uint32_t>> allowed_up_to;
  };
  // First those of short tokens, then as many of long ones; each half from the narrowest class to the
  // widest, and at its end the part of all other tokens.
  const std::vector<Part>& parts() const { return parts_; }
  size_t short_parts() const { return parts_.size() / 2; }

 private:
  TokenTable() = default;
  void AddPart(ByteAutomaton character, std::vector<TokenTrie::Token> tokens);

  std::string bytes_;
  std::vector<uint32_t> begin_;  // [vocab + 1], into bytes_
  std::vector<Part> parts_;
  size_t memory_bytes_ = 0;
};

}  // namespace pano::grammar
