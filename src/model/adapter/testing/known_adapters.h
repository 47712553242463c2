#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"

namespace pano::adapter::testing {

// One adapter with known answers. A value.
struct KnownAdapter {
  std::string name;
  std::string path;       // a PEFT folder, with expected.safetensors beside the adapter
  std::string base_name;  // as the answers have it
  std::string base_path;
  json::Value expected;  // of expected.json
  // The original implementation does it, and we may refuse it by name.
  bool rare() const {
    const json::Value* const rare = expected.Find("rare");
    return rare && rare->as_bool();
  }
};

// Calls `visit` with each adapter below `sets` of the training answers, by name; ends at a fatal failure.
template <typename Visit>
void ForEachKnownAdapter(const KnownAnswers& answers, std::initializer_list<const char*> sets,
                         const Visit& visit) {
  for (const char* set : sets) {
    const std::string folder = JoinPath(answers.path(), set);
    const auto names = ListDirectory(folder);
    ASSERT_TRUE(names.ok()) << names.error().ToString();
    for (const std::string& name : *names) {
      SCOPED_TRACE(StrCat(set, "/", name));
      KnownAdapter one{.name = name, .path = JoinPath(folder, name), .base_name = {}, .base_path = {}, .expected = {}};
      one.expected = json::Parse(ReadFile(JoinPath(one.path, "expected.json")).value()).value();
      one.base_name = one.expected.Find("base")->as_string();
      one.base_path = JoinPath(answers.path(), one.base_name);
      visit(one);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace pano::adapter::testing
