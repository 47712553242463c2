#include "app/api/ollama/keep_alive.h"

#include <gtest/gtest.h>

namespace pano::api::ollama {
namespace {

// "unload", "keep", or what is wrong.
std::string Read(json::Value keep_alive) {
  json::Value body{json::Object()};
  body.Set("keep_alive", std::move(keep_alive));
  const Result<bool> unload = AsksToUnload(body);
  if (!unload.ok()) return unload.error().field();
  return *unload ? "unload" : "keep";
}

TEST(KeepAlive, ZeroUnloads) {
  for (const json::Value& zero : {json::Value(0), json::Value(0.0), json::Value("0"), json::Value("0s"),
                                  json::Value("0h0m"), json::Value("-0s")}) {
    EXPECT_EQ(Read(zero), "unload") << json::Dump(zero);
  }
  for (const json::Value& more : {json::Value(), json::Value(300), json::Value(-1), json::Value("5m"), json::Value("-1"),
                                  json::Value("1h30m"), json::Value("1.5h"), json::Value("100ms"), json::Value("")}) {
    EXPECT_EQ(Read(more), "keep") << json::Dump(more);
  }
  for (const json::Value& wrong : {json::Value("soon"), json::Value("5"  "x"), json::Value("m"), json::Value("1.2.3s"),
                                   json::Value(true), json::Value("-"), json::Value("1.5"), json::Value("5m3"), json::Value(std::string(100, '1') + "s")}) {
    EXPECT_EQ(Read(wrong), "keep_alive") << json::Dump(wrong);
  }
}

}  // namespace
}  // namespace pano::api::ollama
