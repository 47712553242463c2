#include "app/service/audited_request.h"

#include <gtest/gtest.h>

namespace pano::service {
namespace {

TEST(AuditedRequest, IsOneThatWasRefusedOrOneOfAKnownCaller) {
  auth::Principal ann{.tenant = "acme", .subject = "ann"};
  const auth::Principal nobody;
  EXPECT_TRUE(IsAudited({.status = 401}, false));
  EXPECT_TRUE(IsAudited({.status = 403, .principal = &ann}, false));
  EXPECT_FALSE(IsAudited({.status = 200, .principal = &ann}, false));
  EXPECT_TRUE(IsAudited({.status = 200, .principal = &ann}, true));
  EXPECT_FALSE(IsAudited({.status = 200, .principal = &nobody}, true));
  EXPECT_FALSE(IsAudited({.status = 404}, true));
}

TEST(AuditedRequest, SaysWhoAndHowItEndedAndNoText) {
  const auth::Principal key{.tenant = "acme", .key_id = "k1"};
  const audit::Event event = RequestEvent({.model = "m", .route = "/v1/completions", .status = 403, .method = "POST",
                                           .target = "/v1/completions?secret=word", .id = "r1", .peer = "1.2.3.4:5",
                                           .principal = &key});
  EXPECT_EQ(audit::FormatEvent(event, 0),
            "{\"time\":\"1970-01-01T00:00:00Z\",\"action\":\"request\",\"outcome\":\"denied\",\"actor\":\"k1\",\"tenant\":\"acme\","
            "\"target\":\"m\",\"peer\":\"1.2.3.4:5\",\"request_id\":\"r1\",\"key_id\":\"k1\",\"method\":\"POST\","
            "\"route\":\"/v1/completions\",\"status\":\"403\"}\n");
  EXPECT_EQ(RequestEvent({.status = 401}).actor, "");
}

TEST(AuditedRequest, AdministrationIsSaidBeforeAndAfter) {
  const auth::Principal ann{.tenant = "acme", .subject = "ann"};
  const api::RequestRecord before{.model = "m", .route = "/v1/models/{id}/load", .method = "POST", .principal = &ann, .administers = true};
  EXPECT_EQ(AdministrationEvent(before).action, "administration");
  EXPECT_EQ(AdministrationEvent(before).outcome, "started");
  api::RequestRecord after = before;
  after.status = 200;
  EXPECT_TRUE(IsAudited(after, false));
  EXPECT_EQ(RequestEvent(after).outcome, "ok");
}

}  // namespace
}  // namespace pano::service
