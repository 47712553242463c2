#include "app/grpc/wire_check.h"

#include <gtest/gtest.h>

#include <inference.pb.h>

namespace pano::grpc {
namespace {

TEST(WireCheck, TakesWhatClientsSend) {
  ::inference::ModelInferRequest request;
  request.set_model_name("m");
  (*request.mutable_parameters())["max_tokens"].set_int64_param(8);
  auto* input = request.add_inputs();
  input->set_name("input_ids");
  input->add_shape(2);
  for (int64_t i = 0; i < 1000; ++i) input->mutable_contents()->add_int64_contents(i);
  request.add_outputs()->set_name("x");
  request.add_raw_input_contents(std::string(1 << 20, 'x'));
  EXPECT_TRUE(CheckInferWire(request.SerializeAsString()).ok());
  EXPECT_TRUE(CheckInferWire("").ok());
}

TEST(WireCheck, CutAnywhereIsNoMessage) {
  ::inference::ModelInferRequest request;
  request.set_model_name("model");
  request.add_inputs()->set_name("input");
  const std::string whole = request.SerializeAsString();
  for (size_t size = 1; size < whole.size(); ++size) {
    if (size == 7) continue;  // behind the first field: well-formed
    EXPECT_FALSE(CheckInferWire(whole.substr(0, size)).ok()) << size;
  }
}

TEST(WireCheck, ManyEmptyMessagesAreRefusedBeforeTheyAreMade) {
  std::string inputs, texts, parameters;
  for (int i = 0; i < 1000; ++i) inputs += std::string("\x2a\x00", 2);
  EXPECT_FALSE(CheckInferWire(inputs).ok());
  ::inference::ModelInferRequest request;
  auto* contents = request.add_inputs()->mutable_contents();
  for (int i = 0; i < (1 << 17); ++i) contents->add_bytes_contents("");
  EXPECT_FALSE(CheckInferWire(request.SerializeAsString()).ok());
}

TEST(WireCheck, ManySmallNumbersGoAsRawContents) {
  ::inference::ModelInferRequest request;
  auto* numbers = request.add_inputs()->mutable_contents()->mutable_int64_contents();
  numbers->Resize((8 << 20) + 1, 1);
  const Status status = CheckInferWire(request.SerializeAsString());
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("raw_input_contents"), std::string::npos);
}

}  // namespace
}  // namespace pano::grpc
