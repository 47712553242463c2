#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace pano::grammar::testing {

// A plain expression, to be read by a builder and by the reference.
struct Node {
  enum class Kind { kEmpty, kNothing, kText, kClass, kSequence, kChoice, kRepeat, kRule };
  Kind kind = Kind::kEmpty;
  std::string text;             // kText; kClass: the characters, all ASCII
  std::vector<Node> children;   // kRepeat has one
  unsigned min = 0;
  int max = 0;                  // -1: no limit
  size_t rule = 0;
};

// What a rule derives, cut at a length.
struct Language {
  std::set<std::string> words;
  std::set<std::string> prefixes;   // of words of any length
  bool any = false;                 // some word exists, however long
};

// The languages of `rules`, all words and prefixes of at most `length` bytes, by repeated
// application of the definitions until nothing is added. Slow and plain: the reference.
std::vector<Language> Derive(const std::vector<Node>& rules, size_t length);

}  // namespace pano::grammar::testing
