// Adapters of the known answers, and of a small drawn base, whose files are then damaged one way
// after another.
#include "model/adapter/adapter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/adapter/linear_changes.h"
#include "model/format/weights.h"

namespace pano::adapter {
namespace {

Result<std::shared_ptr<const BaseModules>> ModulesAt(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(path));
  return BaseModules::Of(files);
}

// Every public case, over the base that it names.
TEST(GoldenAdapters, AllAreRead) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training");
  for (const char* set : {"lora", "lora_gguf"}) {
    const std::string folder = JoinPath(answers.path(), set);
    const std::vector<std::string> names = ListDirectory(folder).value();
    for (const std::string& name : names) {
      SCOPED_TRACE(name);
      const std::string path = JoinPath(folder, name);
      const json::Value expected =
          json::Parse(ReadFile(JoinPath(path, "expected.json")).value()).value();
      const std::string base = JoinPath(answers.path(), expected.Find("base")->as_string());
      auto modules = ModulesAt(base);
      ASSERT_TRUE(modules.ok()) << modules.error().ToString();
      auto adapter = LoadAdapter(path, *modules);
      ASSERT_TRUE(adapter.ok()) << adapter.error().ToString();
      const LinearChanges changes = ByEntry(**adapter);
      EXPECT_FALSE(changes.linear.empty() && changes.others.empty());
      answers.Compared((*adapter)->changes().size());
    }
  }
}

}  // namespace
}  // namespace pano::adapter
