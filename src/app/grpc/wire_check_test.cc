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

std::string Field(char tag, const std::string& bytes) {
  std::string out(1, tag);
  size_t size = bytes.size();
  for (; size > 127; size >>= 7) out.push_back(static_cast<char>(size | 0x80));
  out.push_back(static_cast<char>(size));
  return out + bytes;
}

// Two million empty groups in an unknown one took 100 MB and a third of a second, since only the outer one was counted.
TEST(WireCheck, GroupsAndWhatNobodyKnowsAreCountedAtAnyDepth) {
  const std::string group = "\x7b\x73\x74\x7c";  // 15 { 14 {} }
  std::string unknown;
  for (int i = 0; i <= (1 << 17); ++i) unknown += std::string("\x78\x01", 2);  // 15: 1
  for (const std::string& bad : {group, unknown}) {
    EXPECT_FALSE(CheckInferWire(bad).ok());
    EXPECT_FALSE(CheckInferWire(Field(0x2a, bad)).ok());                                // inputs
    EXPECT_FALSE(CheckInferWire(Field(0x32, bad)).ok());                                // outputs
    EXPECT_FALSE(CheckInferWire(Field(0x22, bad)).ok());                                // parameters
    EXPECT_FALSE(CheckInferWire(Field(0x22, Field(0x12, bad))).ok());                   // a parameter's value
    EXPECT_FALSE(CheckInferWire(Field(0x2a, Field(0x22, Field(0x12, bad)))).ok());      // an input's parameter's
    EXPECT_FALSE(CheckInferWire(Field(0x32, Field(0x12, Field(0x12, bad)))).ok());      // an output's
    EXPECT_FALSE(CheckInferWire(Field(0x2a, Field(0x2a, bad))).ok());                   // contents
  }
  EXPECT_TRUE(CheckInferWire(Field(0x2a, Field(0x22, Field(0x12, "\x78\x01")))).ok());
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
