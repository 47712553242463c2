#include "model/serving/reasons.h"

#include <gtest/gtest.h>

namespace pano::serving {
namespace {

// LiteLLM tells an overflow from other refusals by these words, with this capital.
TEST(Reasons, ContextLengthIsSaidInTheWordsThatClientsLookFor) {
  Status status = ContextLengthExceeded(512, "the prompt has 600");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.reason(), "context_length_exceeded");
  EXPECT_EQ(status.message(),
            "This model's maximum context length is 512 tokens, and the prompt has 600");
}

}  // namespace
}  // namespace pano::serving
