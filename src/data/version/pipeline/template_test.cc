#include "data/version/pipeline/template.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::pipeline {
namespace {

json::Value Json(const std::string& text) { return *json::Parse(text); }

Scope ScopeOf(const std::string& text) {
  Scope scope;
  EXPECT_TRUE(scope.Merge(Json(text), "test").ok());
  return scope;
}

std::string Resolved(const json::Value& value, const Scope& scope, std::string_view field = "cmd") {
  const auto resolved = Resolve(value, scope, field);
  return resolved.ok() ? json::Dump(*resolved) : "error: " + resolved.error().message();
}

TEST(Template, ReplacesTextsAndWholeValues) {
  const Scope scope = ScopeOf(
      R"({"n":3,"f":0.25,"b":true,"z":null,"s":"x y","l":[1,{"k":"v"}],"m":{"a.b":1,"c":{"d":2}}})");
  EXPECT_EQ(Resolved("${n}", scope), "3");
  EXPECT_EQ(Resolved("a ${n} ${f} ${b} ${z} ${s}", scope), R"("a 3 0.25 true None x y")");
  EXPECT_EQ(Resolved("${l[1].k}${l[0]}", scope), R"("v1")");
  EXPECT_EQ(Resolved("${ m.c.d }", scope), "2");
  EXPECT_EQ(Resolved(R"('\${HOME}' ${n})", scope), R"("'${HOME}' 3")");
  EXPECT_EQ(Resolved("$n ${ $", scope), R"("$n ${ $")");
  EXPECT_EQ(Resolved(Json(R"({"${s}":["${n}"]})"), scope), R"({"x y":[3]})");
  EXPECT_EQ(Resolved("${l[-1].k}", scope), "\"v\"");
}

TEST(Template, MappingsBecomeOptionsOfCommands) {
  const Scope scope = ScopeOf(
      R"({"o":{"lr":0.1,"name":"a b","on":true,"off":false,"list":[1,"x y"],"in":{"deep":2}}})");
  EXPECT_EQ(Resolved("run ${o}", scope),
            R"("run --lr 0.1 --name 'a b' --on --list 1 'x y' --in.deep 2")");
  EXPECT_TRUE(Resolved("${o}", scope, "outs").starts_with("error: "));
}

TEST(Template, RefusesWhatIsNotThere) {
  const Scope scope = ScopeOf(R"({"a":{"b":1},"l":[1]})");
  EXPECT_EQ(Resolved("${nope}", scope), "error: could not find 'nope'");
  EXPECT_EQ(Resolved("${a.c}", scope), "error: could not find 'a.c'");
  EXPECT_EQ(Resolved("${a.b.c}", scope), "error: could not find 'a.b.c'");
  EXPECT_EQ(Resolved("${l[1]}", scope), "error: could not find 'l[1]'");
  for (const char* text : {"${}", "${a.}", "${l[}", "${l]}", "${l[0]x}", "${.a}"}) {
    EXPECT_NE(Resolved(text, scope).find("is no expression"), std::string::npos) << text;
  }
}

TEST(Template, VariablesAreNotRedefined) {
  Scope scope = ScopeOf(R"({"a":{"b":1}})");
  EXPECT_TRUE(scope.Merge(Json(R"({"a":{"c":2}})"), "more").ok());
  const Status again = scope.Merge(Json(R"({"a":{"b":1}})"), "again.yaml");
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.message().find("cannot redefine 'a.b' from 'again.yaml'"), std::string::npos)
      << again.message();
  scope.SetLoop("item", "x");
  EXPECT_FALSE(scope.Merge(Json(R"({"item":2})"), "vars").ok());
  EXPECT_EQ(Resolved("${item}", scope), "\"x\"");
  scope.ClearLoop();
  EXPECT_EQ(Resolved("${item}", scope), "error: could not find 'item'");
}

TEST(Template, WhatItMakesIsBounded) {
  Scope scope;
  EXPECT_TRUE(scope.Merge(Json("{\"big\":\"" + std::string(100'000, 'x') + "\"}"), "test").ok());
  std::string text;
  for (int i = 0; i < 100; ++i) text += "${big} ";
  EXPECT_NE(Resolved(text, scope).find("more than 1048576 bytes"), std::string::npos);
}

}  // namespace
}  // namespace pano::pipeline
