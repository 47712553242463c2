#include "app/api/tfserving/metadata.h"

#include <gtest/gtest.h>

#include "app/api/testing/api_harness.h"
#include "app/api/tfserving/dialect.h"

namespace pano::api::tfserving {
namespace {

using testing::At;

TEST(TfsMetadata, NamesTheTensorsOfEachSignature) {
  testing::ApiHarness api({MakeDialect()});
  api.AddPredictor("e", encoder::Task::kEmbedding);
  const json::Value body = api.Get("/v1/models/e/metadata")->json();
  EXPECT_EQ(json::Dump(*body.Find("model_spec")), R"({"name":"e","signature_name":"","version":"1"})");
  const json::Value serving = At(body, "metadata/signature_def/signature_def/serving_default");
  EXPECT_EQ(json::Dump(At(serving, "inputs/input_ids")),
            R"({"dtype":"DT_INT64","tensor_shape":{"dim":[{"size":"-1","name":""},{"size":"-1","name":""}],)"
            R"("unknown_rank":false},"name":"input_ids"})");
  EXPECT_EQ(At(serving, "inputs/text/dtype"), json::Value("DT_STRING"));
  EXPECT_EQ(At(serving, "outputs").as_object().size(), 1u);
  EXPECT_EQ(At(serving, "outputs/last_hidden_state/tensor_shape/dim/2/size"), json::Value("2"));
  EXPECT_EQ(At(serving, "method_name"), json::Value("tensorflow/serving/predict"));
  EXPECT_TRUE(At(body, "metadata/signature_def/signature_def/sentence_embedding").is_object());
}

TEST(TfsMetadata, OfVersionsAndOfWhatIsNotThere) {
  testing::ApiHarness api({MakeDialect()});
  EXPECT_EQ(At(api.Get("/v1/models/m/versions/1/metadata")->json(), "model_spec/version"), json::Value("1"));
  EXPECT_EQ(api.Get("/v1/models/m/versions/9/metadata")->status(), 404);
  EXPECT_EQ(api.Get("/v1/models/nosuch/metadata")->status(), 404);
}

}  // namespace
}  // namespace pano::api::tfserving
