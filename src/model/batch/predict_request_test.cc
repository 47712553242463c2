#include "model/batch/predict_request.h"

#include <gtest/gtest.h>

#include <limits>

#include "model/batch/testing/fake_encoder.h"

namespace pano::batch {
namespace {

using encoder::Task;
using testing::FakeEncoder;

PredictRequest Texts(std::vector<encoder::TextRow> rows) {
  PredictRequest request;
  request.inputs.texts = std::move(rows);
  return request;
}

std::string Refused(const FakeEncoder& encoder, const PredictRequest& request,
                    RequestLimits limits = {}) {
  Status status = CheckRequest(encoder.info(), limits, request);
  EXPECT_TRUE(status.ok() || status.code() == StatusCode::kInvalidArgument);
  return status.message();
}

TEST(PredictRequest, TakesWhatTheModelTakes) {
  FakeEncoder encoder;
  EXPECT_EQ(Refused(encoder, Texts({{{1, 2}, {}, {}}, {{3}, {1}, {1}}})), "");
  FakeEncoder both(Task::kImageText);
  PredictRequest request = Texts({{{1}, {}, {}}});
  request.inputs.images = {{0, 1, 2, 3}, {4, 5, 6, 7}};
  EXPECT_EQ(Refused(both, request), "");
  EXPECT_TRUE(GoTogether(request));
}

TEST(PredictRequest, NamesWhatIsWrong) {
  FakeEncoder encoder;
  const std::pair<PredictRequest, const char*> cases[] = {
      {PredictRequest(), "there is no input"},
      {Texts({{{}, {}, {}}}), "texts[0]: there is no token in it"},
      {Texts({{{1}, {}, {}}, {{1000}, {}, {}}}),
       "texts[1]: token 1000 is outside the vocabulary of 1000"},
      {Texts({{{-1}, {}, {}}}), "texts[0]: token -1 is outside the vocabulary of 1000"},
      {Texts({{{1, 2}, {1}, {}}}), "texts[0]: the attention mask has 1 entries for 2 tokens"},
      {Texts({{{1, 2}, {0, 0}, {}}}), "texts[0]: the attention mask leaves every token out"},
      {Texts({{{1, 2}, {}, {0}}}), "texts[0]: there are 1 token types for 2 tokens"},
      {Texts({{{1, 2}, {}, {0, 2}}}), "texts[0]: token type 2 is not below 2"},
  };
  for (const auto& [request, message] : cases) EXPECT_EQ(Refused(encoder, request), message);

  PredictRequest request = Texts({{{1}, {}, {}}});
  request.inputs.images = {{0, 0, 0, 0}};
  EXPECT_EQ(Refused(encoder, request), "the model takes no images");
  request.inputs.images.clear();
  request.inputs.decoder_ids = {{1}};
  EXPECT_EQ(Refused(encoder, request), "the model has no decoder");
  request.inputs.decoder_ids.clear();
  request.inputs.outputs = {"logits"};
  EXPECT_EQ(Refused(encoder, request),
            "outputs: the model has no 'logits', it has last_hidden_state, sentence_embedding");
  request.inputs.outputs.clear();
  request.positions = {{1}};
  EXPECT_EQ(Refused(encoder, request), "positions[0]: 1 has no place");
}

TEST(PredictRequest, LengthHasItsOwnWord) {
  FakeEncoder encoder;
  PredictRequest request = Texts({{std::vector<nn::TokenId>(65, 1), {}, {}}});
  EXPECT_EQ(Refused(encoder, request), "texts[0]: This model's maximum context length is 64 tokens, and this input has 65");
  EXPECT_EQ(CheckRequest(encoder.info(), {}, request).reason(), "context_length_exceeded");
  request = Texts({{std::vector<nn::TokenId>(9, 1), {}, {}}});
  EXPECT_EQ(Refused(encoder, request, {.length_max = 8}),
            "texts[0]: This model's maximum context length is 8 tokens, and this input has 9");
}

TEST(PredictRequest, ImagesAreComplete) {
  FakeEncoder encoder(Task::kImageClassification, {"a", "b"});
  PredictRequest request;
  request.inputs.images = {{1, 2, 3}};
  EXPECT_EQ(Refused(encoder, request), "images[0]: an image has 1 x 2 x 2 = 4 values, not 3");
  request.inputs.images = {{1, 2, 3, std::numeric_limits<float>::quiet_NaN()}};
  EXPECT_EQ(Refused(encoder, request), "images[0]: a pixel value is not finite");
}

TEST(PredictRequest, AnswersAreBounded) {
  FakeEncoder encoder(Task::kMaskedLm);
  PredictRequest request = Texts({{std::vector<nn::TokenId>(10, 1), {}, {}}});
  EXPECT_EQ(FloatsPerToken(encoder.info(), {}), 1000);
  EXPECT_NE(Refused(encoder, request, {.row_floats_max = 9999}), "");
  EXPECT_NE(Refused(encoder, request, {.answer_floats_max = 9999}), "");
  request.positions = {{3}};  // only these are kept
  EXPECT_EQ(Refused(encoder, request, {.answer_floats_max = 1000}), "");
}

}  // namespace
}  // namespace pano::batch
