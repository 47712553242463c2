#include "model/nn/config_reader.h"

#include <gtest/gtest.h>

namespace pano::nn {
namespace {

TEST(ConfigReader, ReadsChecksAndRemembers) {
  auto object = json::Parse(R"({"a":3,"b":0.5,"c":true,"d":"x","e":null,"f":1,"odd":9})");
  ConfigReader reader(*object, "config.json");
  EXPECT_EQ(reader.Int("a", 1, 10), 3);
  EXPECT_EQ(reader.Double("b", 0, 1), 0.5);
  EXPECT_TRUE(reader.BoolOr("c", false));
  EXPECT_EQ(reader.StringOr("d", "y"), "x");
  EXPECT_EQ(reader.IntOr("e", 0, 1, 1), 1);
  reader.MustEqual("f", 1.0);
  reader.MustEqual("absent", "anything");
  EXPECT_TRUE(reader.status().ok());
  ASSERT_EQ(reader.Unknown().size(), 1u);
  EXPECT_EQ(reader.Unknown()[0], "config.json: unknown key odd");
}

TEST(ConfigReader, NamesTheFieldThatIsWrong) {
  auto object = json::Parse(R"({"a":0,"b":"x","act":"gelu"})");
  auto failure = [&](auto read) {
    ConfigReader reader(*object, "config.json");
    read(reader);
    return reader.status().message();
  };
  EXPECT_EQ(failure([](ConfigReader& r) { r.Int("a", 1, 9); }),
            "config.json: a is 0, outside [1, 9]");
  EXPECT_EQ(failure([](ConfigReader& r) { r.Int("b", 1, 9); }),
            "config.json: b is string, not an integer");
  EXPECT_EQ(failure([](ConfigReader& r) { r.Int("z", 1, 9); }), "config.json: z is missing");
  EXPECT_EQ(failure([](ConfigReader& r) { r.MustEqual("act", "silu"); }),
            "config.json: act = \"gelu\" is not supported, only \"silu\"");
}

}  // namespace
}  // namespace pano::nn
