#include "app/audit/audit_event.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::audit {
namespace {

TEST(AuditEvent, IsALineOfJson) {
  const Event event{.action = "client.create", .outcome = "ok", .actor = "ann", .tenant = "acme", .target = "svc",
                    .peer = "", .request_id = "r1", .details = {{"scope", "admin"}}};
  EXPECT_EQ(FormatEvent(event, 1767225599),
            "{\"time\":\"2025-12-31T23:59:59Z\",\"action\":\"client.create\",\"outcome\":\"ok\",\"actor\":\"ann\","
            "\"tenant\":\"acme\",\"target\":\"svc\",\"request_id\":\"r1\",\"scope\":\"admin\"}\n");
}

TEST(AuditEvent, StaysOneLineOfBoundedLength) {
  Event event{.action = "x", .outcome = "ok", .actor = std::string(1 << 20, 'a'), .target = "a\nb\"\xff"};
  event.details.assign(1000, {"n", std::string(1 << 16, 'b')});
  const std::string line = FormatEvent(event, 0);
  EXPECT_LT(line.size(), 12'000u);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

}  // namespace
}  // namespace pano::audit
