// docs/api.md says what becomes of each field of OpenAI's routes and of each endpoint that is not there.
#include <gtest/gtest.h>

#include <string>

#include "app/api/openai/bodies.h"
#include "app/api/openai/undone_fields.h"
#include "app/service/dialects.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::service {
namespace {

using api::openai::FieldSet;

class ApiPage : public ::testing::Test {
 protected:
  void ExpectNamed(std::string_view name) {
    EXPECT_NE(page_.find(StrCat("`", name, "`")), std::string::npos) << name << " is not in docs/api.md";
  }
  const std::string page_ = ReadFile(std::string(PANO_SOURCE_DIR) + "/docs/api.md").value_or("");
};

TEST_F(ApiPage, NamesEveryFieldThatIsNotDone) {
  for (FieldSet set : {FieldSet::kGeneration, FieldSet::kEmbeddings, FieldSet::kRanking, FieldSet::kResponses}) {
    for (const api::openai::UndoneField& field : api::openai::UndoneFields(set)) ExpectNamed(field.name);
  }
}

TEST_F(ApiPage, NamesEveryEndpointThatIsNotThere) {
  for (const api::Dialect& dialect : AllDialects()) {
    for (const api::AbsentPath& absent : dialect.absent) ExpectNamed(absent.path);
  }
}

}  // namespace
}  // namespace pano::service
