#include "app/api/openai/undone_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "app/api/openai/bodies.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

Status Refuse(std::string_view text, FieldSet set = FieldSet::kGeneration) {
  return RefuseUndone(json::Parse(text).value(), set, BodySchema());
}

TEST(UndoneFields, WhatChangesTheAnswerIsRefusedByName) {
  for (FieldSet set : {FieldSet::kGeneration, FieldSet::kEmbeddings, FieldSet::kRanking, FieldSet::kResponses}) {
    for (const UndoneField& field : UndoneFields(set)) {
      const Status status = Refuse(StrCat("{\"", field.name, "\":{\"some\":\"wish\"}}"), set);
      EXPECT_EQ(status.ok(), field.fate == UndoneField::Fate::kPassedOver) << field.name;
      if (status.ok()) continue;
      EXPECT_EQ(status.field(), field.name);
      EXPECT_NE(status.message().find(field.name), std::string::npos);
      EXPECT_NE(status.message().find(field.why), std::string::npos);
    }
  }
}

TEST(UndoneFields, ValuesThatAskForNothingAreTaken) {
  for (const UndoneField& field : UndoneFields(FieldSet::kGeneration)) {
    for (const char* nothing : {"null", "\"\"", "[]", "{}"}) {
      EXPECT_TRUE(Refuse(StrCat("{\"", field.name, "\":", nothing, "}")).ok()) << field.name << nothing;
    }
    for (const char* zero : {"0", "false"}) {
      EXPECT_EQ(Refuse(StrCat("{\"", field.name, "\":", zero, "}")).ok(), !field.zero_asks) << field.name << zero;
    }
    for (std::string_view neutral : Split(field.neutral, ' ')) {
      if (neutral.empty()) continue;
      ASSERT_TRUE(json::Parse(neutral).ok()) << field.name << " " << neutral;
      EXPECT_TRUE(Refuse(StrCat("{\"", field.name, "\":", neutral, "}")).ok()) << field.name << neutral;
    }
  }
  EXPECT_TRUE(Refuse(R"({"modalities":["text"],"length_penalty":1.0,"verbosity":"medium"})").ok());
  EXPECT_FALSE(Refuse(R"({"modalities":["text","audio"]})").ok());
  EXPECT_FALSE(Refuse(R"({"verbosity":"low"})").ok());
  EXPECT_FALSE(Refuse(R"({"store":true})").ok());
  EXPECT_FALSE(Refuse(R"({"do_sample":false})").ok());  // the likeliest token, each time
  EXPECT_TRUE(Refuse(R"({"do_sample":true,"num_beams":1,"tool_choice":"none"})").ok());
  EXPECT_TRUE(Refuse(R"({"nobody":{"knows":"this"}})").ok());
}

// A field of a route is done there, whatever other routes make of it.
TEST(UndoneFields, WhatIsDoneIsNotRefused) {
  const BodySchema done{{{"store", FieldType::kBool, 0, 0, 0, false, "", nullptr}}};
  EXPECT_TRUE(RefuseUndone(json::Parse(R"({"store":true})").value(), FieldSet::kGeneration, done).ok());
}

// A field that every route of its set does is no undone one.
TEST(UndoneFields, NoneIsDoneEverywhere) {
  const std::pair<FieldSet, std::vector<const BodySchema*>> sets[] = {
      {FieldSet::kGeneration, {&ChatBody(), &CompletionBody()}},
      {FieldSet::kEmbeddings, {&EmbeddingsBody()}},
      {FieldSet::kRanking, {&RerankBody(), &ScoreBody()}},
      {FieldSet::kResponses, {&ResponseBody()}}};
  for (const auto& [set, bodies] : sets) {
    std::set<std::string_view> names;
    for (const UndoneField& field : UndoneFields(set)) {
      EXPECT_TRUE(names.insert(field.name).second) << field.name << " stands twice";
      const bool everywhere = std::all_of(bodies.begin(), bodies.end(), [&](const BodySchema* body) {
        return std::any_of(body->fields.begin(), body->fields.end(),
                           [&](const Field& done) { return done.name == field.name; });
      });
      EXPECT_FALSE(everywhere && field.fate == UndoneField::Fate::kRefused) << field.name;
    }
  }
}

}  // namespace
}  // namespace pano::api::openai
