#include "model/grammar/testing/reference_language.h"

#include <algorithm>

namespace pano::grammar::testing {
namespace {

Language Words(std::set<std::string> words, size_t length) {
  Language out;
  out.any = !words.empty();
  for (const std::string& word : words) {
    if (word.size() <= length) out.words.insert(word);
    for (size_t n = 0; n <= std::min(word.size(), length); ++n) out.prefixes.insert(word.substr(0, n));
  }
  return out;
}

Language Union(const Language& a, const Language& b) {
  Language out = a;
  out.words.insert(b.words.begin(), b.words.end());
  out.prefixes.insert(b.prefixes.begin(), b.prefixes.end());
  out.any = a.any || b.any;
  return out;
}

Language Concatenate(const Language& a, const Language& b, size_t length) {
  Language out;
  if (!a.any || !b.any) return out;
  out.any = true;
  out.prefixes = a.prefixes;
  for (const std::string& first : a.words) {
    for (const std::string& second : b.words) {
      if (first.size() + second.size() <= length) out.words.insert(first + second);
    }
    for (const std::string& second : b.prefixes) {
      if (first.size() + second.size() <= length) out.prefixes.insert(first + second);
    }
  }
  return out;
}

Language Evaluate(const Node& node, const std::vector<Language>& rules, size_t length) {
  switch (node.kind) {
    case Node::Kind::kEmpty: return Words({""}, length);
    case Node::Kind::kNothing: return {};
    case Node::Kind::kText: return Words({node.text}, length);
    case Node::Kind::kRule: return rules[node.rule];
    case Node::Kind::kClass: {
      std::set<std::string> words;
      for (char c : node.text) words.insert(std::string(1, c));
      return Words(std::move(words), length);
    }
    case Node::Kind::kSequence: {
      Language out = Words({""}, length);
      for (const Node& child : node.children) {
        out = Concatenate(out, Evaluate(child, rules, length), length);
      }
      return out;
    }
    case Node::Kind::kChoice: {
      Language out;
      for (const Node& child : node.children) out = Union(out, Evaluate(child, rules, length));
      return out;
    }
    case Node::Kind::kRepeat: {
      const Language once = Evaluate(node.children[0], rules, length);
      Language power = Words({""}, length), out;
      // More copies than bytes add nothing but more empty words.
      const size_t most = node.max >= 0 ? static_cast<size_t>(node.max) : node.min + length + 1;
      for (size_t copies = 0; copies <= most; ++copies) {
        if (copies >= node.min) out = Union(out, power);
        power = Concatenate(power, once, length);
      }
      return out;
    }
  }
  return {};
}

}  // namespace

std::vector<Language> Derive(const std::vector<Node>& rules, size_t length) {
  std::vector<Language> out(rules.size());
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t i = 0; i < rules.size(); ++i) {
      Language next = Evaluate(rules[i], out, length);
      grew = grew || next.words.size() != out[i].words.size() ||
             next.prefixes.size() != out[i].prefixes.size() || next.any != out[i].any;
      out[i] = std::move(next);
    }
  }
  return out;
}

}  // namespace pano::grammar::testing
