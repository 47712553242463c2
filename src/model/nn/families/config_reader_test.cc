#include "model/nn/families/config_reader.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/json.h"

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

// GGUF writes what may differ from layer to layer as one number or as a list.
TEST(ConfigReader, ANumberForEachLayerIsOneNumberWhereTheyAreEqual) {
  auto object =
      json::Parse(R"({"one":4,"list":[4,4,4],"other":[4,2,4],"none":[],"big":[4,4,99],"x":[4,"y",4]})");
  ConfigReader reader(*object, "m.gguf", "");
  EXPECT_EQ(reader.IntOfLayers("one", 3, 1, 9), 4);
  EXPECT_EQ(reader.IntOfLayers("list", 3, 1, 9), 4);
  EXPECT_EQ(reader.IntOfLayers("absent", 3, 1, 9), std::nullopt);
  EXPECT_EQ(reader.IntsOfLayers("one", 3, 1, 9), (std::vector<int64_t>{4, 4, 4}));
  EXPECT_EQ(reader.IntsOfLayers("other", 3, 1, 9), (std::vector<int64_t>{4, 2, 4}));
  EXPECT_TRUE(reader.IntsOfLayers("absent", 3, 1, 9).empty());
  EXPECT_TRUE(reader.status().ok());
  auto failure = [&](const char* key, int64_t layers = 3) {
    ConfigReader one(*object, "m.gguf");
    one.IntOfLayers(key, layers, 1, 9);
    return one.status();
  };
  EXPECT_EQ(failure("other").code(), StatusCode::kUnimplemented);
  EXPECT_EQ(failure("other").message(),
            "m.gguf: other: layers with different numbers of these are not supported");
  EXPECT_EQ(failure("list", 4).message(), "m.gguf: list has 3 numbers, the model has 4 layers");
  EXPECT_EQ(failure("none").code(), StatusCode::kCorruption);
  EXPECT_EQ(failure("big").message(), "m.gguf: big is 99, outside [1, 9]");
  EXPECT_EQ(failure("x").message(), "m.gguf: x is string, not an integer");
}

TEST(ConfigReader, AWholeNumberMayHaveAFraction) {
  auto object = json::Parse(R"({"a":4096.0,"b":0.5,"c":1e30})");
  ConfigReader reader(*object, "config.json");
  EXPECT_EQ(reader.Int("a", 1, 1 << 20), 4096);
  EXPECT_TRUE(reader.status().ok());
  reader.Int("b", 0, 9);
  EXPECT_EQ(reader.status().message(), "config.json: b is number, not an integer");
  ConfigReader large(*object, "config.json");
  large.Int("c", 0, 9);
  EXPECT_EQ(large.status().message(), "config.json: c is number, not an integer");
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
