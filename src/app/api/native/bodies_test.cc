#include "app/api/native/bodies.h"

#include <gtest/gtest.h>

#include "app/api/testing/body_checks.h"

namespace pano::api::native {
namespace {

TEST(NativeBodies, AreSound) {
  for (const BodySchema* body : {&PredictBody(), &PredictParameters(), &InstancesBody(),
                                 &InstancesParameters(), &TokenizeBody(), &DetokenizeBody()}) {
    testing::ExpectSound(*body);
  }
}

TEST(NativeBodies, ParametersAreClosedBodiesAreNot) {
  Parameters p;
  json::Value odd = json::Parse(R"({"inputs":"a","instances":["a"],"odd":1})").value();
  EXPECT_TRUE(ReadFields(odd, PredictBody(), p).ok());
  EXPECT_TRUE(ReadFields(odd, InstancesBody(), p).ok());
  EXPECT_FALSE(ReadFields(odd, PredictParameters(), p).ok());
  EXPECT_FALSE(ReadFields(odd, InstancesParameters(), p).ok());
  EXPECT_EQ(ReadFields(json::Value(json::Object()), PredictBody(), p).message(),
            "'inputs' is missing");
}

}  // namespace
}  // namespace pano::api::native
