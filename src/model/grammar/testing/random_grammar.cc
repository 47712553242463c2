#include "model/grammar/testing/random_grammar.h"

#include <optional>

#include "base/random.h"
#include "base/strings.h"
#include "model/grammar/grammar_builder.h"

namespace pano::grammar::testing {
namespace {

using Kind = Node::Kind;
using Below = std::function<uint64_t(uint64_t)>;

std::string RandomText(const Below& below, size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) text.push_back(static_cast<char>('a' + below(3)));
  return text;
}

Node RandomNode(const Below& below, size_t rules, int depth) {
  Node out;
  const uint64_t draw = below(depth > 0 ? 20 : 9);
  if (draw < 3) {
    out.kind = Kind::kText;
    out.text = RandomText(below, 1 + below(3));
  } else if (draw < 4) {
    out.kind = Kind::kClass;
    out.text = below(2) ? "ab" : "bc";
  } else if (draw < 8) {
    out.kind = Kind::kRule;
    out.rule = below(rules);
  } else if (draw < 9) {
    out.kind = below(4) ? Kind::kEmpty : Kind::kNothing;
  } else if (draw < 13) {
    out.kind = Kind::kSequence;
    for (uint64_t left = 2 + below(2); left > 0; --left) {
      out.children.push_back(RandomNode(below, rules, depth - 1));
    }
  } else if (draw < 17) {
    out.kind = Kind::kChoice;
    for (uint64_t left = 2 + below(4); left > 0; --left) {
      out.children.push_back(RandomNode(below, rules, depth - 1));
    }
  } else {
    out.kind = Kind::kRepeat;
    out.children.push_back(RandomNode(below, rules, depth - 1));
    out.min = static_cast<unsigned>(below(3));
    out.max = below(2) ? -1 : static_cast<int>(out.min + below(3));
  }
  return out;
}

GrammarBuilder::Expr Add(GrammarBuilder& builder, const std::vector<GrammarBuilder::Rule>& rules,
                         const Node& node) {
  std::vector<GrammarBuilder::Expr> children;
  for (const Node& child : node.children) children.push_back(Add(builder, rules, child));
  switch (node.kind) {
    case Kind::kEmpty: return builder.Empty();
    case Kind::kNothing: return builder.Nothing();
    case Kind::kText: return builder.Literal(node.text);
    case Kind::kRule: return builder.Reference(rules[node.rule]);
    case Kind::kSequence: return builder.Sequence(children);
    case Kind::kChoice: return builder.Choice(children);
    case Kind::kRepeat:
      return builder.Repeat(children[0], node.min,
                            node.max < 0 ? std::nullopt
                                         : std::optional<uint32_t>(static_cast<uint32_t>(node.max)));
    case Kind::kClass: {
      std::vector<CodePointRange> ranges;
      for (char c : node.text) ranges.push_back({static_cast<char32_t>(c), static_cast<char32_t>(c)});
      return builder.CharClass(ranges);
    }
  }
  return builder.Nothing();
}

std::string Write(const Node& node) {
  std::string parts;
  for (const Node& child : node.children) {
    if (!parts.empty()) parts += node.kind == Kind::kChoice ? " | " : " ";
    parts += Write(child);
  }
  switch (node.kind) {
    case Kind::kEmpty: return "\"\"";
    case Kind::kNothing: return "NOTHING";
    case Kind::kText: return StrCat("\"", node.text, "\"");
    case Kind::kClass: return StrCat("[", node.text, "]");
    case Kind::kRule: return StrCat("r", node.rule);
    case Kind::kRepeat:
      return StrCat("(", parts, "){", node.min, ",", node.max < 0 ? "" : StrCat(node.max), "}");
    default: return StrCat("(", parts, ")");
  }
}

}  // namespace

std::vector<Node> RandomRules(const Below& below) {
  const size_t count = 1 + below(4);
  std::vector<Node> out;
  for (size_t i = 0; i < count; ++i) out.push_back(RandomNode(below, count, 3));
  return out;
}

std::vector<Node> RandomRules(uint64_t seed) {
  Random random(seed);
  return RandomRules([&](uint64_t bound) { return random.Below(bound); });
}

Result<Grammar> Build(const std::vector<Node>& rules) {
  GrammarBuilder builder;
  std::vector<GrammarBuilder::Rule> declared;
  for (size_t i = 0; i < rules.size(); ++i) declared.push_back(builder.DeclareRule(StrCat("r", i)));
  for (size_t i = 0; i < rules.size(); ++i) {
    builder.DefineRule(declared[i], Add(builder, declared, rules[i]));
  }
  return std::move(builder).Build(declared[0]);
}

std::string ToGbnf(const std::vector<Node>& rules) {
  std::string out;
  for (size_t i = 0; i < rules.size(); ++i) out += StrCat("r", i, " ::= ", Write(rules[i]), "\n");
  return out;
}

}  // namespace pano::grammar::testing
