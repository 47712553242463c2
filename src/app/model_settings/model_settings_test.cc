#include "app/model_settings/model_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::model_settings {
namespace {

using ::testing::HasSubstr;
using std::chrono::microseconds;

TEST(ModelSettings, AreReadByTheirNames) {
  const Result<ModelSettings> read = ParseModelSettings(R"(
labels:
  stable: 1
  canary: {version: 2, weight: 10}
version_policy: {specific: {versions: [1, 2]}}
dynamic_batching:
  max_batch_size: 16
  max_queue_delay_microseconds: 500
  preferred_batch_size: [8, 4]
  priority_levels: 3
  default_priority_level: 2
  default_queue_policy: {timeout_action: DELAY, default_timeout_microseconds: 50000, allow_timeout_override: true, max_queue_size: 64}
  priority_queue_policy: {1: {max_queue_size: 5}}
defaults: {temperature: 0.7, top_k: -1, max_tokens: 256, presence_penalty: -1}
)");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->labels, (std::vector<Label>{{"stable", "1"}, {"canary", "2", 10}}));
  EXPECT_EQ(read->FindLabel("canary")->version, "2");
  EXPECT_EQ(read->FindLabel("other"), nullptr);
  EXPECT_EQ(read->version_policy.kind, VersionPolicy::Kind::kSpecific);
  EXPECT_EQ(read->version_policy.versions, (std::vector<std::string>{"1", "2"}));
  const batch::Batching batching = read->batching.Over({.max_batch_size = 32, .tokens_max = 99});
  EXPECT_EQ(batching.max_batch_size, 16);
  EXPECT_EQ(batching.tokens_max, 99);
  EXPECT_EQ(batching.max_queue_delay, microseconds(500));
  EXPECT_EQ(batching.preferred_batch_size, (std::vector<int64_t>{4, 8}));
  EXPECT_EQ(batching.default_priority_level, 2);
  EXPECT_EQ(batching.PolicyOf(1).max_queue_size, 5);
  EXPECT_EQ(batching.PolicyOf(1).timeout_action, batch::QueuePolicy::TimeoutAction::kReject);
  EXPECT_EQ(batching.PolicyOf(3).default_timeout, microseconds(50000));
  EXPECT_EQ(batching.PolicyOf(3).timeout_action, batch::QueuePolicy::TimeoutAction::kDelay);
  EXPECT_TRUE(batching.PolicyOf(2).allow_timeout_override);
  EXPECT_EQ(read->defaults.temperature, 0.7);
  EXPECT_EQ(read->defaults.top_k, 0);
  EXPECT_EQ(read->defaults.max_tokens, 256);
  EXPECT_EQ(read->defaults.presence_penalty, -1);
  EXPECT_FALSE(read->defaults.top_p.has_value());
}

TEST(ModelSettings, WhatIsNotSaidIsTheServers) {
  for (const char* text : {"", "# nothing\n", "{}"}) {
    const Result<ModelSettings> read = ParseModelSettings(text);
    ASSERT_TRUE(read.ok());
    const batch::Batching server{.max_batch_size = 7, .max_queue_delay = microseconds(9)};
    EXPECT_EQ(read->batching.Over(server), server);
    EXPECT_EQ(read->version_policy, VersionPolicy());
  }
  // Dynamic batching without a delay waits for nothing, and neither does the synchronous mode.
  for (const char* text : {"batching: sync", "dynamic_batching: {}"}) {
    EXPECT_EQ(ParseModelSettings(text)->batching.Over({.max_queue_delay = microseconds(9)}).max_queue_delay,
              Duration::zero());
  }
  EXPECT_EQ(ParseModelSettings("batching: async")->batching.Over({.max_queue_delay = microseconds(9)})
                .max_queue_delay, microseconds(9));
}

TEST(ModelSettings, AdaptersAreIdsAndFolders) {
  const ModelSettings settings = ParseModelSettings("adapters: {a: lora/a, org/b: /srv/b}").value();
  EXPECT_EQ(settings.adapters,
            (std::vector<models::AdapterSource>{{"a", "lora/a"}, {"org/b", "/srv/b"}}));
  EXPECT_TRUE(ParseModelSettings("adapters: {}").ok());
}

TEST(ModelSettings, WhatIsWrongIsNamed) {
  const struct {
    const char* text;
    const char* field;
    const char* says;
  } rows[] = {
      {"label: {stable: 1}", "label", "did you mean"},
      {"labels: {stable: 1, stable: 2}", "labels.stable", "twice"},
      {"labels: {1: 1}", "labels.1", "no number"},
      {"labels: {a/b: 1}", "labels.a/b", "a label is"},
      {"labels: {a: one}", "labels.a", "whole number"},
      {"labels: {a: 01}", "labels.a", "as its folder has it"},
      {"labels: {a: {weight: 3}}", "labels.a.version", "missing"},
      {"labels: {a: {version: 1, wait: 3}}", "labels.a.wait", "no such setting"},
      {"labels: {a: {version: 1, weight: 60}, b: {version: 2, weight: 50}}", "labels", "110 percent"},
      {"labels: {a: {version: 1, weight: 101}}", "labels.a.weight", "0 to 100"},
      {"version_policy: {latest: {num_versions: 0}}", "version_policy.latest.num_versions", "1 to 256"},
      {"version_policy: {all: {}, latest: {}}", "version_policy", "one of"},
      {"version_policy: {specific: {versions: []}}", "version_policy.specific.versions", "1 to 256"},
      {"batching: maybe", "batching", "sync or async"},
      {"batching: sync\ndynamic_batching: {}", "dynamic_batching", "waits for no batch"},
      {"dynamic_batching: {max_batch_size: 0}", "dynamic_batching.max_batch_size", "1 to 1024"},
      {"dynamic_batching: {max_batch_size: 4, preferred_batch_size: [8]}",
       "dynamic_batching.preferred_batch_size[0]", "1 to 4"},
      {"dynamic_batching: {preserve_ordering: true}", "dynamic_batching.preserve_ordering", "no such setting"},
      {"dynamic_batching: {priority_levels: 2}", "dynamic_batching.default_priority_level", "missing"},
      {"dynamic_batching: {priority_levels: 2, default_priority_level: 3}",
       "dynamic_batching.default_priority_level", "1 to 2"},
      {"dynamic_batching: {priority_levels: 1, default_priority_level: 1, priority_queue_policy: {2: {}}}",
       "dynamic_batching.priority_queue_policy.2", "from 1 to 1"},
      {"dynamic_batching: {default_queue_policy: {timeout_action: DROP}}",
       "dynamic_batching.default_queue_policy.timeout_action", "REJECT or DELAY"},
      {"defaults: {temperature: 3}", "defaults.temperature", "0 to 2"},
      {"defaults: {temperature: nan}", "defaults.temperature", "0 to 2"},
      {"defaults: {seed: 3}", "defaults.seed", "no such setting"},
      {"adapters: [lora]", "adapters", "expected a mapping"},
      {"adapters: {a b: lora}", "adapters.a b", "an id is"},
      {"adapters: {a: ''}", "adapters.a", "a text that is not empty"},
      {"adapters: {a: [x]}", "adapters.a", ""},
      {"[1, 2]", "", "expected a mapping"},
  };
  for (const auto& row : rows) {
    const Result<ModelSettings> read = ParseModelSettings(row.text);
    ASSERT_FALSE(read.ok()) << row.text;
    EXPECT_EQ(read.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(read.error().field(), row.field) << row.text;
    EXPECT_THAT(read.error().message(), HasSubstr(row.says)) << row.text;
  }
  EXPECT_FALSE(ParseModelSettings("a: [").ok());
  EXPECT_FALSE(ParseModelSettings("labels: &x {a: *x}").ok());
}

}  // namespace
}  // namespace pano::model_settings
