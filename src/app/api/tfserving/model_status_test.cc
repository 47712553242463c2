#include "app/api/tfserving/model_status.h"

#include <gtest/gtest.h>

#include "app/api/testing/api_harness.h"
#include "app/api/tfserving/dialect.h"

namespace pano::api::tfserving {
namespace {

TEST(ModelStatus, ListsVersionsTheNewestFirst) {
  testing::ApiHarness api({MakeDialect()});
  api.AddModel("m", "2");
  http::Request request = testing::ApiHarness::MakeRequest("GET", "/v1/models/m");
  EXPECT_EQ(api.Send(request)->status(), 404);  // that path without the query is no route of ours
  request.query = {{"format", "tfs"}};
  EXPECT_EQ(json::Dump(api.Send(request)->json()),
            R"({"model_version_status":[{"version":"2","state":"AVAILABLE","status":)"
            R"({"error_code":"OK","error_message":""}},{"version":"1","state":"AVAILABLE",)"
            R"("status":{"error_code":"OK","error_message":""}}]})");
  request.path = "/v1/models/nobody";
  EXPECT_EQ(api.Send(request)->status(), 404);
}

}  // namespace
}  // namespace pano::api::tfserving
