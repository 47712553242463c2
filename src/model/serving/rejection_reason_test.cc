#include "model/serving/rejection_reason.h"

#include <gtest/gtest.h>

namespace pano::serving {
namespace {

TEST(RejectionReason, NamesAreThoseOfTheMetrics) {
  EXPECT_STREQ(RejectionReasonName(RejectionReason::kQueueFull), "queue_full");
  EXPECT_STREQ(RejectionReasonName(RejectionReason::kDraining), "draining");
  EXPECT_STREQ(RejectionReasonName(RejectionReason::kContext), "context");
  EXPECT_STREQ(RejectionReasonName(RejectionReason::kDeadline), "deadline");
}

}  // namespace
}  // namespace pano::serving
