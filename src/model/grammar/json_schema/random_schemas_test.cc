// Random schemas against a validator: texts drawn from a schema's grammar are valid under it, and the
// canonical texts of valid values are accepted.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/json_schema/testing/sampled_text.h"
#include "model/grammar/json_schema/testing/schema_validator.h"

namespace pano::grammar {
namespace {

using json::Value;

// Schemas over few names, words and numbers, so that their parts meet. Confined to its test.
class RandomSchema {
 public:
  explicit RandomSchema(uint64_t seed) : random_(seed) {}

  Value Draw() {
    Value schema = Schema(3);
    if (schema.is_bool()) return schema;
    Value defs;
    defs.Set("d0", Schema(2));
    defs.Set("d1", Schema(1));
    schema.Set("$defs", std::move(defs));
    return schema;
  }

  // A value that such schemas speak of.
  Value Instance(int depth) {
    switch (random_.Below(depth > 0 ? 9 : 6)) {
      case 0: return nullptr;
      case 1: return random_.Below(2) == 0;
      case 2:
      case 3: return Number();
      case 4:
      case 5: return Word();
      case 6: {
        Value out = json::Array();
        for (uint64_t i = random_.Below(4); i > 0; --i) out.Append(Instance(depth - 1));
        return out;
      }
      default: {
        Value out = json::Object();
        for (uint64_t i = random_.Below(4); i > 0; --i) out.Set(Name(), Instance(depth - 1));
        return out;
      }
    }
  }

 private:
  bool OneIn(uint64_t n) { return random_.Below(n) == 0; }
  std::string Name() { return std::string(1, "abcx"[random_.Below(4)]) + (OneIn(4) ? "1" : ""); }
  std::string Word() {
    static constexpr const char* kWords[] = {"", "a", "ab", "b", "ba1", "\u4f60", "a\"b", "aa\n", "1"};
    return kWords[random_.Below(9)];
  }
  Value Number() {
    const auto n = static_cast<int64_t>(random_.Below(25)) - 12;
    if (OneIn(3) && n % 4 != 0) return static_cast<double>(n) / 4;   // whole ones without a point
    return n;
  }
  Value Count(uint64_t most) { return static_cast<int64_t>(random_.Below(most + 1)); }
  Value Pattern() {
    static constexpr const char* kPatterns[] = {"^a", "b$", "a|1", "^[ab]*$", "^.{1,2}$", "[^a]"};
    return kPatterns[random_.Below(6)];
  }
  Value Schemas(int depth, uint64_t most) {
    Value out = json::Array();
    for (uint64_t i = 1 + random_.Below(most); i > 0; --i) out.Append(Schema(depth - 1));
    return out;
  }

  Value Schema(int depth) {
    if (OneIn(12)) return OneIn(4) ? Value(false) : Value(true);
    Value out = json::Object();
    if (!OneIn(4)) {
      static constexpr const char* kTypes[] = {"null",   "boolean", "integer", "number",
                                               "string", "array",   "object"};
      if (OneIn(4)) {
        Value types;
        types.Append(kTypes[random_.Below(7)]);
        types.Append(kTypes[random_.Below(7)]);
        out.Set("type", std::move(types));
      } else {
        out.Set("type", kTypes[random_.Below(depth > 0 ? 7 : 5)]);
      }
    }
    if (OneIn(3)) AddNumbers(out);
    if (OneIn(3)) AddStrings(out);
    if (depth > 0 && OneIn(2)) AddArrays(out, depth);
    if (depth > 0 && !OneIn(3)) AddObjects(out, depth);
    if (OneIn(8)) {
      Value values;
      for (uint64_t i = 1 + random_.Below(3); i > 0; --i) values.Append(Instance(1));
      out.Set("enum", std::move(values));
    }
    if (depth > 0) AddCombined(out, depth);
    return out;
  }

  void AddNumbers(Value& out) {
    if (OneIn(2)) out.Set(OneIn(2) ? "minimum" : "exclusiveMinimum", Number());
    if (OneIn(2)) out.Set(OneIn(2) ? "maximum" : "exclusiveMaximum", Number());
    if (OneIn(4)) out.Set("multipleOf", OneIn(2) ? Value(3) : Value(0.5));
  }
  void AddStrings(Value& out) {
    if (OneIn(2)) out.Set("minLength", Count(2));
    if (OneIn(2)) out.Set("maxLength", Count(3));
    if (OneIn(2)) out.Set("pattern", Pattern());
  }
  void AddArrays(Value& out, int depth) {
    if (OneIn(2)) out.Set("items", Schema(depth - 1));
    if (OneIn(3)) out.Set("prefixItems", Schemas(depth, 2));
    if (OneIn(3)) out.Set("minItems", Count(2));
    if (OneIn(3)) out.Set("maxItems", Count(3));
    if (OneIn(6)) out.Set("uniqueItems", true);
    if (!OneIn(4)) return;
    out.Set("contains", Schema(depth - 1));
    if (OneIn(2)) out.Set("minContains", Count(2));
    if (OneIn(2)) out.Set("maxContains", Count(2));
  }
  void AddObjects(Value& out, int depth) {
    Value properties = json::Object();
    for (uint64_t i = random_.Below(4); i > 0; --i) properties.Set(Name(), Schema(depth - 1));
    if (!OneIn(4)) out.Set("properties", std::move(properties));
    if (OneIn(2)) {
      Value required = json::Array();
      for (uint64_t i = random_.Below(3); i > 0; --i) required.Append(Name());
      out.Set("required", std::move(required));
    }
    if (OneIn(2)) out.Set("additionalProperties", OneIn(2) ? Value(false) : Schema(depth - 1));
    if (OneIn(5)) {
      Value patterns;
      patterns.Set(Pattern().as_string(), Schema(depth - 1));
      out.Set("patternProperties", std::move(patterns));
    }
    if (OneIn(8)) out.Set("minProperties", Count(2));
    if (OneIn(8)) out.Set("maxProperties", Count(3));
    if (OneIn(8)) {
      Value names;
      names.Set("pattern", Pattern());
      out.Set("propertyNames", std::move(names));
    }
    if (OneIn(8)) {
      Value needed, all;
      needed.Append(Name());
      all.Set(Name(), std::move(needed));
      out.Set("dependentRequired", std::move(all));
    }
    if (OneIn(10)) {
      Value all;
      all.Set(Name(), Schema(depth - 1));
      out.Set("dependentSchemas", std::move(all));
    }
  }
  void AddCombined(Value& out, int depth) {
    if (OneIn(5)) out.Set("allOf", Schemas(depth, 2));
    if (OneIn(5)) out.Set("anyOf", Schemas(depth, 3));
    if (OneIn(6)) out.Set("oneOf", Schemas(depth, 3));
    if (OneIn(8)) out.Set("not", Schema(depth - 1));
    if (OneIn(8)) {
      out.Set("if", Schema(depth - 1));
      out.Set("then", Schema(depth - 1));
      if (OneIn(2)) out.Set("else", Schema(depth - 1));
    }
    if (OneIn(6)) out.Set("$ref", depth < 3 && OneIn(3) ? "#" : OneIn(2) ? "#/$defs/d0" : "#/$defs/d1");
  }

  Random random_;
};

bool Accepts(ByteMatcher& matcher, const std::string& text) {
  matcher.Reset();
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

// The values with the members of each object in another order, up to a number of them.
std::vector<Value> Orders(const Value& value) {
  constexpr size_t kMost = 200;
  std::vector<Value> out;
  if (value.is_array()) {
    out.emplace_back(json::Array());
    for (const Value& element : value.as_array()) {
      std::vector<Value> longer;
      for (const Value& begin : out) {
        for (const Value& end : Orders(element)) {
          longer.push_back(begin);
          longer.back().Append(end);
          if (longer.size() > kMost) return {value};
        }
      }
      out = std::move(longer);
    }
    return out;
  }
  if (!value.is_object()) return {value};
  std::vector<size_t> order(value.as_object().size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    std::vector<Value> some = {Value(json::Object())};
    for (size_t i : order) {
      const auto& [name, member] = value.as_object()[i];
      std::vector<Value> longer;
      for (const Value& begin : some) {
        for (const Value& end : Orders(member)) {
          longer.push_back(begin);
          longer.back().Set(name, end);
          if (longer.size() > kMost) return {value};
        }
      }
      some = std::move(longer);
    }
    out.insert(out.end(), some.begin(), some.end());
  } while (out.size() <= kMost && std::next_permutation(order.begin(), order.end()));
  return out;
}

struct Tally {
  size_t read = 0, refused = 0, empty = 0, sampled = 0, valid = 0;
};

void CheckOne(uint64_t seed, Tally& tally, std::map<std::string, size_t>& refusals) {
  RandomSchema source(seed);
  const Value schema = source.Draw();
  const std::string shown = StrCat("seed ", seed, ": ", json::Dump(schema));
  const Result<Grammar> grammar = CompileJsonSchema(schema);
  std::vector<Value> instances;
  for (int i = 0; i < 60; ++i) instances.push_back(source.Instance(2));
  if (!grammar.ok()) {
    const Status& error = grammar.error();
    const bool unsatisfied = error.message().find("no value satisfies") != std::string::npos;
    const bool loop = error.message().find("leads back to itself") != std::string::npos;
    ASSERT_TRUE(unsatisfied || loop || error.reason() == "unsupported_keyword" || error.reason() == "too_complex")
        << shown << "\n" << error.ToString();
    tally.empty += unsatisfied ? 1 : 0;
    tally.refused += unsatisfied ? 0 : 1;
    if (error.reason() == "unsupported_keyword") ++refusals[error.field().substr(error.field().rfind('/') + 1)];
    for (const Value& instance : instances) {
      ASSERT_FALSE(unsatisfied && testing::IsValid(instance, schema, schema).value_or(false)) << shown << "\n" << json::Dump(instance);
    }
    return;
  }
  ++tally.read;
  Random random(seed);
  for (int i = 0; i < 8; ++i) {
    const std::optional<std::string> text = testing::SampleText(*grammar, random);
    if (!text) continue;
    ++tally.sampled;
    const Result<Value> value = json::Parse(*text);
    ASSERT_TRUE(value.ok()) << shown << "\n" << *text << "\n" << value.error().ToString();
    ASSERT_TRUE(testing::IsValid(*value, schema, schema).value_or(true)) << shown << "\n" << *text;
  }
  ByteMatcher matcher(*grammar);
  for (const Value& instance : instances) {
    const std::optional<bool> judged = testing::IsValid(instance, schema, schema);
    if (!judged) continue;
    const bool valid = *judged;
    bool accepted = false;
    for (const Value& order : Orders(instance)) {
      for (const json::DumpOptions& form : {json::DumpOptions{}, {.indent = -1, .spaces = true}, {.indent = 2}}) {
        const bool this_one = Accepts(matcher, json::Dump(order, form));
        ASSERT_TRUE(valid || !this_one) << shown << "\n" << json::Dump(order, form);
        accepted = accepted || this_one;
      }
    }
    ASSERT_EQ(accepted, valid) << shown << "\n" << json::Dump(instance);
    tally.valid += valid ? 1 : 0;
  }
}

TEST(RandomSchemas, GrammarsHoldWhatIsValid) {
  Tally tally;
  std::map<std::string, size_t> refusals;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    ASSERT_NO_FATAL_FAILURE(CheckOne(seed, tally, refusals));
  }
  std::printf("read %zu, refused %zu, unsatisfiable %zu; %zu texts drawn, %zu valid values\n", tally.read,
              tally.refused, tally.empty, tally.sampled, tally.valid);
  for (const auto& [keyword, count] : refusals) std::printf("  refused for %s: %zu\n", keyword.c_str(), count);
  EXPECT_GT(tally.read, 500u);
  EXPECT_GT(tally.sampled, 3000u);
  EXPECT_GT(tally.valid, 3000u);
}

}  // namespace
}  // namespace pano::grammar
