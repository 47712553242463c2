#include "base/yaml/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <string>

#include "base/strings.h"

namespace pano::yaml {
namespace {

using ::testing::HasSubstr;

Status Look(std::string_view text, const DocumentLimits& limits = {}) {
  return ReadDocument(text, limits, [](const YAML::Node&) { return OkStatus(); });
}

TEST(YamlDocument, IsReadOnce) {
  std::string seen;
  EXPECT_TRUE(ReadDocument("---\na: {b: [1, two]}\n...\n", {}, [&](const YAML::Node& root) {
                seen = root["a"]["b"][1].Scalar();
                return OkStatus();
              }).ok());
  EXPECT_EQ(seen, "two");
  EXPECT_EQ(ReadDocument("a", {}, [](const YAML::Node&) { return NotFound("as read"); }).message(), "as read");
}

TEST(YamlDocument, NothingIsNull) {
  for (const char* text : {"", "# nothing\n", "---\n", "~"}) {
    EXPECT_TRUE(ReadDocument(text, {}, [](const YAML::Node& root) {
                  return root.IsNull() ? OkStatus() : Internal("not null");
                }).ok()) << text;
  }
}

TEST(YamlDocument, WhatIsWrongHasItsLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"a: [1", "line 1"},
      {"a: 1\nb: {", "line 2"},
      {"\"unended", "line 1"},
      {"a: 1\n---\nb: 2", "second document"},
      {"a: &x 1", "line 1: anchors and aliases"},
      {"a: 1\nb: *x", "line 2"},
      {"a: &x {b: 1}\nc: *x", "anchors and aliases"},
      {"base: &b {x: 1}\nd: {<<: *b}", "anchors and aliases"},
  };
  for (const auto& [text, words] : rows) {
    const Status status = Look(text);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(words)) << text;
  }
  // Signs that begin nothing.
  EXPECT_TRUE(Look("a: 'x & y'\nb: x * y\nc: \"*\"\nd: |\n  *text &text\n").ok());
}

TEST(YamlDocument, BoundsHoldBeforeAnythingIsBuilt) {
  EXPECT_THAT(Look(std::string(101, ' '), {.bytes_max = 100}).message(), HasSubstr("101 bytes of at most 100"));
  EXPECT_THAT(Look("[a, b, c]", {.nodes_max = 3}).message(), HasSubstr("more than 3 values"));
  EXPECT_TRUE(Look("[a, b, c]", {.nodes_max = 4}).ok());
  EXPECT_THAT(Look("[[[]]]", {.depth_max = 2}).message(), HasSubstr("deeper than 2"));
  EXPECT_TRUE(Look("[[], []]", {.depth_max = 2}).ok());
  for (const char* piece : {"[", "{", "- ", "? ", "[a,", "{a: "}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += piece;
    EXPECT_FALSE(Look(deep).ok()) << piece;
  }
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += StrCat(std::string(static_cast<size_t>(i), ' '), "a:\n");
  EXPECT_FALSE(Look(nested).ok());
}

// Accessors throw for nodes that are not there.
TEST(YamlDocument, WhatTheReaderThrowsIsAFailure) {
  const Status status = ReadDocument("a: 1", {}, [](const YAML::Node& root) {
    static_cast<void>(root["b"]["c"].as<std::string>());
    return OkStatus();
  });
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pano::yaml
