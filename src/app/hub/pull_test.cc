// Pulls from a fake hub, with every fault that a network and a hub can have.
#include "app/hub/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "app/hub/resolve.h"
#include "app/hub/testing/fake_hub.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr size_t kSegment = 64u << 10;
const std::string kRepo = "org/name";
const std::string kCommit2(40, '2');

class PullTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    settings_.endpoint = hub_.url();
    settings_.cache_folder = folder_;
    options_.transfer.connections = 4;
    options_.transfer.segment_bytes = kSegment;
    options_.transfer.retry.delay_min = milliseconds(1);
    options_.transfer.retry.delay_max = milliseconds(4);
    hub_.Put(kRepo, "config.json", R"({"model_type":"llama"})");
    hub_.Put(kRepo, "README.md", "not read");
    hub_.Put(kRepo, "tokenizer.json", TestContent(100'000, 1), /*lfs=*/true);
    hub_.Put(kRepo, "model.safetensors", weights_, /*lfs=*/true);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<PullResult> Run(const std::string& text = "hf:org/name") {
    return Pull(*ParseModelName(text), settings_, options_, stop_.get_token());
  }
  std::string ReadAll(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  // Everything below the cache but folders and lock files.
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      const std::string path = entry.path().lexically_relative(folder_).string();
      if (!entry.is_directory() && !path.ends_with(".lock")) files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  void ExpectWhole() {
    const std::string repo = "models--org--name/", commit = hub_.Commit(kRepo);
    const std::string snapshot = repo + "snapshots/" + commit + "/";
    std::vector<std::string> expected = {
        repo + "blobs/" + hub_.Etag(kRepo, "config.json"), repo + "blobs/" + hub_.Etag(kRepo, "tokenizer.json"),
        repo + "blobs/" + hub_.Etag(kRepo, "model.safetensors"), repo + "refs/main",
        snapshot + "config.json", snapshot + "model.safetensors", snapshot + "tokenizer.json"};
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(Files(), expected);
    EXPECT_EQ(ReadAll(folder_ + "/" + repo + "refs/main"), commit);
    EXPECT_EQ(ReadAll(folder_ + "/" + snapshot + "config.json"), R"({"model_type":"llama"})");
    EXPECT_TRUE(ReadAll(folder_ + "/" + snapshot + "model.safetensors") == weights_);
    EXPECT_EQ(fs::read_symlink(folder_ + "/" + snapshot + "config.json"),
              "../../blobs/" + hub_.Etag(kRepo, "config.json"));
  }
  void ExpectFailure(StatusCode code, const std::string& text, const std::string& name = "hf:org/name") {
    Result<PullResult> result = Run(name);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), code) << result.error().message();
    EXPECT_THAT(result.error().message(), HasSubstr(text));
  }
  // Changes the first `count` answers about the weights.
  FakeHub::Fault OnWeights(int count, std::function<void(FakeReply&)> change) {
    auto left = std::make_shared<int>(count);
    const std::string target = "/blob/" + hub_.Etag(kRepo, "model.safetensors");
    return [=](const FakeRequest& request, FakeReply& reply) {
      if (request.target.starts_with(target) && *left > 0 && (*left)-- > 0) change(reply);
    };
  }

  const std::string folder_ = testing::TempDir() + "hub_pull";
  const std::string weights_ = TestContent(20 * kSegment + 12'345, 2);
  FakeHub hub_;
  HubSettings settings_;
  PullOptions options_;
  std::stop_source stop_;
};

TEST_F(PullTest, BringsWhatIsReadAndNothingElse) {
  Result<PullResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.error().message();
  ExpectWhole();
  EXPECT_EQ(result->model.path, folder_ + "/models--org--name/snapshots/" + hub_.Commit(kRepo));
  EXPECT_THAT(result->files, ElementsAre("config.json", "model.safetensors", "tokenizer.json"));
  EXPECT_EQ(result->bytes_fetched, result->bytes_total);
  std::set<std::string> ranges;
  for (const FakeRequest& request : hub_.Requests()) {
    if (request.headers.contains("range")) ranges.insert(request.headers.at("range"));
  }
  EXPECT_GE(ranges.size(), 21u);  // the weights came in parts
}

TEST_F(PullTest, CostsOneRequestWhenAllIsThere) {
  ASSERT_TRUE(Run().ok());
  hub_.ForgetRequests();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(hub_.Requests().size(), 1u);
  hub_.ForgetRequests();
  ASSERT_TRUE(Run("hf:org/name@" + hub_.Commit(kRepo)).ok());
  EXPECT_EQ(hub_.Requests().size(), 0u);
  ExpectWhole();
}

TEST_F(PullTest, FollowsARevisionAndSharesBlobs) {
  ASSERT_TRUE(Run().ok());
  hub_.SetCommit(kRepo, kCommit2);
  Result<PullResult> result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->bytes_fetched, 0u);
  EXPECT_EQ(result->model.commit, kCommit2);
  EXPECT_EQ(ReadAll(folder_ + "/models--org--name/refs/main"), kCommit2);
}

TEST_F(PullTest, BringsShardsThatTheIndexNames) {
  hub_.Put("org/big", "config.json", "{}");
  hub_.Put("org/big", "model-00001-of-00002.safetensors", TestContent(200'000, 3), true);
  hub_.Put("org/big", "model-00002-of-00002.safetensors", TestContent(300'000, 4), true);
  hub_.Put("org/big", "stray.safetensors", TestContent(1000, 5), true);
  hub_.Put("org/big", "model.safetensors.index.json",
           R"({"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}})");
  Result<PullResult> result = Run("hf:org/big");
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(result->files.size(), 4u);
  EXPECT_TRUE(ReadAll(result->model.path + "/model-00002-of-00002.safetensors") == TestContent(300'000, 4));
  EXPECT_FALSE(fs::exists(result->model.path + "/stray.safetensors"));
  hub_.Put("org/big", "model.safetensors.index.json", R"({"weight_map":{"a":"../../evil.safetensors"}})");
  ExpectFailure(StatusCode::kCorruption, "evil", "hf:org/big");
}

TEST_F(PullTest, BringsOneGgufOfMany) {
  hub_.Put("org/g", "x-Q4_K_M.gguf", TestContent(100'000, 6), true);
  hub_.Put("org/g", "big/x-Q8_0-00001-of-00002.gguf", TestContent(70'000, 7), true);
  hub_.Put("org/g", "big/x-Q8_0-00002-of-00002.gguf", TestContent(70'001, 8), true);
  Result<PullResult> result = Run("hf:org/g:q8_0");
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_TRUE(result->model.path.ends_with("/big/x-Q8_0-00001-of-00002.gguf"));
  EXPECT_TRUE(ReadAll(result->model.path) == TestContent(70'000, 7));
  EXPECT_EQ(fs::read_symlink(result->model.path),
            "../../../blobs/" + hub_.Etag("org/g", "big/x-Q8_0-00001-of-00002.gguf"));
  ExpectFailure(StatusCode::kNotFound, "Q4_K_M", "hf:org/g:Q2_K");
}

TEST_F(PullTest, EmptyFilesAndFilesOfOneContentAreFine) {
  hub_.Put("org/e", "config.json", "");
  hub_.Put("org/e", "generation_config.json", "");
  hub_.Put("org/e", "model.safetensors", std::string(kSegment, 'x'), true);
  hub_.Put("org/e", "tokenizer.model", std::string(kSegment, 'x'), true);
  Result<PullResult> result = Run("hf:org/e");
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(fs::file_size(result->model.path + "/config.json"), 0u);
  EXPECT_EQ(fs::file_size(result->model.path + "/tokenizer.model"), kSegment);
}

// --- who may see the token

TEST_F(PullTest, TokenGoesToTheHubAlone) {
  hub_.RequireToken("hf_secret");
  ExpectFailure(StatusCode::kUnauthenticated, "HF_TOKEN");
  settings_.token = "hf_wrong";
  ExpectFailure(StatusCode::kUnauthenticated, "the token is not accepted");
  settings_.token = "hf_secret";
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
  int asked = 0;
  for (const FakeRequest& request : hub_.Requests()) {
    if (!request.cdn) continue;
    ++asked;
    EXPECT_FALSE(request.headers.contains("authorization"));
  }
  EXPECT_GT(asked, 20);
}

TEST_F(PullTest, ChainOfRedirectsIsFollowedWithinBounds) {
  settings_.token = "hf_secret";
  // Each hop is relative or goes to the other host and back.
  hub_.SetFault([&](const FakeRequest& request, FakeReply& reply) {
    const size_t at = request.target.find("hop=");
    const int hop = at == std::string::npos ? 0 : request.target[at + 4] - '0';
    if (request.cdn || hop >= 4 || request.target.find("/api/") != std::string::npos) return;
    const std::string base = request.target.substr(0, request.target.find('?'));
    reply = FakeReply{};
    reply.status = hop % 2 ? 307 : 302;
    reply.SetHeader("Location", StrCat(hop % 2 ? hub_.url() : "", base, "?hop=", hop + 1));
  });
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
  for (const FakeRequest& request : hub_.Requests()) {
    EXPECT_EQ(request.headers.contains("authorization"), !request.cdn);
  }
}

TEST_F(PullTest, RedirectsWithoutEndOrPlaceAreRefused) {
  std::string location = "/loop";
  hub_.SetFault([&](const FakeRequest&, FakeReply& reply) {
    reply = FakeReply{};
    reply.status = 302;
    if (!location.empty()) reply.SetHeader("Location", location);
  });
  ExpectFailure(StatusCode::kCorruption, "redirects more than 10 times");
  location = "";
  ExpectFailure(StatusCode::kCorruption, "without saying where");
  location = "file:///etc/passwd";
  ExpectFailure(StatusCode::kCorruption, "redirects to");
}

// --- refusals

TEST_F(PullTest, RefusalsSayWhatToDo) {
  ExpectFailure(StatusCode::kNotFound, "org/absent", "hf:org/absent");
  ExpectFailure(StatusCode::kNotFound, "no such revision", "hf:org/name@v9");
  EXPECT_EQ(Run("hf:org/name@v9").error().reason(), "revision_not_found");
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.target.find("/resolve/") == std::string::npos) return;
    reply = FakeReply{};
    reply.status = 403;
    reply.SetHeader("X-Error-Code", "GatedRepo");
  });
  ExpectFailure(StatusCode::kPermissionDenied, "accept its terms");
  EXPECT_EQ(Run().error().reason(), "gated");
  EXPECT_FALSE(fs::exists(folder_ + "/models--org--name/refs/main"));
}

TEST_F(PullTest, WaitsAsTheHubAsks) {
  int failures = 0;
  std::vector<Duration> waits;
  options_.transfer.on_retry = [&](const Status&, Duration delay) { waits.push_back(delay); };
  hub_.SetFault([&](const FakeRequest&, FakeReply& reply) {
    if (failures++ != 0) return;
    reply = FakeReply{};
    reply.status = 429;
    reply.SetHeader("Retry-After", "1");
  });
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(waits, ElementsAre(std::chrono::seconds(1)));
  hub_.SetFault([&](const FakeRequest&, FakeReply& reply) {
    reply = FakeReply{};
    reply.status = 429;
    reply.SetHeader("Retry-After", "86400");
  });
  ExpectFailure(StatusCode::kExhausted, "too many requests");
  EXPECT_EQ(Run().error().reason(), "rate_limit");
}

TEST_F(PullTest, TriesAgainAfterServerErrorsButNotForever) {
  hub_.SetFault(OnWeights(5, [](FakeReply& reply) { reply = FakeReply{.status = 503, .headers = {}, .body = {}}; }));
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
  fs::remove_all(folder_);
  hub_.SetFault(OnWeights(1 << 30, [](FakeReply& reply) { reply = FakeReply{.status = 500, .headers = {}, .body = {}}; }));
  ExpectFailure(StatusCode::kUnavailable, "500");
}

// --- bodies that are wrong

TEST_F(PullTest, GoesOnAfterCutBodies) {
  hub_.SetFault(OnWeights(8, [](FakeReply& reply) { reply.body_bytes_sent = 30'000; }));
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
}

TEST_F(PullTest, GoesOnAfterBodiesThatEndWithTheConnection) {
  hub_.SetFault(OnWeights(8, [](FakeReply& reply) {
    reply.says_length = false;
    reply.body_bytes_sent = 50'000;
  }));
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
}

TEST_F(PullTest, TakesTheWholeFileWhereRangesAreIgnored) {
  const std::string whole = weights_;
  int cuts = 2;
  hub_.SetFault([&, target = "/blob/" + hub_.Etag(kRepo, "model.safetensors")](const FakeRequest& request,
                                                                              FakeReply& reply) {
    if (!request.target.starts_with(target)) return;
    reply = FakeReply{};
    reply.body = whole;
    if (cuts-- > 0) reply.body_bytes_sent = whole.size() / 2;
  });
  Result<PullResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.error().message();
  ExpectWhole();
  // Cut each time, it has to end: nothing is ever kept.
  fs::remove_all(folder_);
  cuts = 1 << 30;
  ExpectFailure(StatusCode::kUnavailable, "model.safetensors");
}

TEST_F(PullTest, WrongBytesNeverGetTheName) {
  hub_.SetFault(OnWeights(1, [](FakeReply& reply) { reply.body[7] ^= 1; }));
  ASSERT_TRUE(Run().ok());  // fetched anew, once
  ExpectWhole();
  fs::remove_all(folder_);
  hub_.SetFault(OnWeights(1 << 30, [](FakeReply& reply) { reply.body[7] ^= 1; }));
  ExpectFailure(StatusCode::kCorruption, "the hub says " + hub_.Etag(kRepo, "model.safetensors"));
  for (const std::string& file : Files()) {
    EXPECT_THAT(file, Not(HasSubstr(hub_.Etag(kRepo, "model.safetensors"))));
  }
}

TEST_F(PullTest, WrongSmallFilesAreSeenToo) {
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.target.ends_with("config.json")) reply.body = R"({"model_type":"evil!"})";
  });
  ExpectFailure(StatusCode::kCorruption, "config.json");
}

TEST_F(PullTest, WrongSizesAreRefused) {
  hub_.SetFault(OnWeights(1 << 30, [](FakeReply& reply) { reply.SetHeader("Content-Range", "bytes 0-9/10"); }));
  ExpectFailure(StatusCode::kCorruption, "range");
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.target.find("resolve") != std::string::npos) reply.SetHeader("X-Linked-Size", "5");
  });
  ExpectFailure(StatusCode::kCorruption, "has 5 bytes");
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.target.find("model.safetensors") != std::string::npos) {
      reply.SetHeader("X-Linked-ETag", '"' + std::string(64, '0') + '"');
    }
  });
  ExpectFailure(StatusCode::kCorruption, "the hub's listing says");
  fs::remove_all(folder_);
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.target.ends_with("config.json")) reply.body += "more";
  });
  ExpectFailure(StatusCode::kCorruption, "26 bytes");
}

TEST_F(PullTest, AskedAnewWhereASignedAddressExpires) {
  int served = 0, refused = 0;
  hub_.SetFault([&](const FakeRequest& request, FakeReply& reply) {
    if (request.cdn && ++served % 6 == 0) {
      ++refused;
      reply = FakeReply{.status = 403, .headers = {}, .body = "expired"};
    }
  });
  options_.transfer.connections = 1;
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(refused, 2);
  ExpectWhole();
}

TEST_F(PullTest, SlowBodiesAreGivenUpAndTakenUpAgain) {
  options_.transfer.client.stall_timeout = milliseconds(1000);
  int slow = 1;
  hub_.SetFault([&](const FakeRequest& request, FakeReply& reply) {
    if (request.cdn && slow-- > 0) {
      reply.bytes_per_second = 200;
    }
  });
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
}

// --- listings that are wrong

TEST_F(PullTest, ListingWithoutSizesAndHashesIsCompletedByHead) {
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.target.find("/api/") == std::string::npos) return;
    Result<json::Value> listing = json::Parse(reply.body);
    json::Array siblings;
    for (const json::Value& file : listing->Find("siblings")->as_array()) {
      siblings.push_back(json::Object{{"rfilename", *file.Find("rfilename")}});
    }
    listing->Set("siblings", std::move(siblings));
    reply.body = json::Dump(*listing);
  });
  Result<PullResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.error().message();
  ExpectWhole();
}

TEST_F(PullTest, NamesThatLeaveTheFolderAreLeftOut) {
  hub_.Put(kRepo, "../../../evil.json", "x");
  hub_.Put(kRepo, "additional_chat_templates/../../../../evil.jinja", "x");
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
}

TEST_F(PullTest, HugeOrBrokenListingsAreRefused) {
  std::string body;
  hub_.SetFault([&](const FakeRequest& request, FakeReply& reply) {
    if (request.target.find("/api/") != std::string::npos) reply.body = body;
  });
  body = std::string((64u << 20) + 1, ' ');
  ExpectFailure(StatusCode::kExhausted, "more than");
  body = "<html>sign in</html>";
  ExpectFailure(StatusCode::kCorruption, "/api/models/org/name/revision/main");
  body = StrCat(R"({"sha":")", std::string(40, '0'), R"(","siblings":[]})");
  ExpectFailure(StatusCode::kNotFound, "no model.safetensors");
  body.resize(body.size() / 2);
  ExpectFailure(StatusCode::kCorruption, "");
}

// --- the machine

TEST_F(PullTest, SpaceIsCheckedBeforeTheStart) {
  MemoryEnv disk;
  const std::string path = folder_ + "/models--org--name";
  std::string folder;
  for (std::string_view part : Split(path, '/')) {
    if (!part.empty()) folder += StrCat("/", part);
    (void)disk.MakeFolder(folder);
  }
  disk.SetCapacity(uint64_t{17} << 20);
  options_.env = &disk;
  ExpectFailure(StatusCode::kExhausted, "bytes are needed");
  EXPECT_EQ(Run().error().reason(), "disk_full");
  for (const FakeRequest& request : hub_.Requests()) EXPECT_FALSE(request.cdn);
}

TEST_F(PullTest, StopKeepsWhatIsThere) {
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.cdn) reply.bytes_per_second = 400'000;
  });
  hub_.OnBytesSent([stop = stop_](uint64_t bytes) mutable {
    if (bytes > 500'000) stop.request_stop();
  });
  Result<PullResult> result = Run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), StatusCode::kCancelled);
  stop_ = std::stop_source();
  hub_.SetFault({});
  hub_.OnBytesSent({});
  result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_LT(result->bytes_fetched, weights_.size() - 200'000);
  ExpectWhole();
}

TEST_F(PullTest, TwoPullsShareTheWork) {
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.cdn) reply.bytes_per_second = 2'000'000;
  });
  std::vector<uint64_t> fetched(2);
  {
    std::vector<std::jthread> pulls;
    for (uint64_t& bytes : fetched) {
      pulls.emplace_back([&] {
        PullOptions options = options_;
        Result<PullResult> result = Pull(*ParseModelName("hf:org/name"), settings_, options, {});
        EXPECT_TRUE(result.ok()) << result.error().message();
        if (result.ok()) bytes = result->bytes_fetched;
      });
    }
  }
  ExpectWhole();
  EXPECT_EQ(fetched[0] + fetched[1], weights_.size() + 100'000 + 22);
}

TEST_F(PullTest, DamagedBlobOfAnotherSizeIsReplaced) {
  ASSERT_TRUE(Run().ok());
  std::ofstream(folder_ + "/models--org--name/blobs/" + hub_.Etag(kRepo, "model.safetensors")) << "short";
  ASSERT_TRUE(Run().ok());
  ExpectWhole();
}

TEST_F(PullTest, CacheThatHasAllIsNotWrittenTo) {
  ASSERT_TRUE(Run().ok());
  fs::remove_all(folder_ + "/.locks/models--org--name");
  fs::create_directories(folder_ + "/.locks/models--org--name");
  ASSERT_TRUE(Run().ok());
  EXPECT_TRUE(fs::is_empty(folder_ + "/.locks/models--org--name"));
}

TEST_F(PullTest, OfflineTakesTheCacheOrSaysSo) {
  settings_.offline = true;
  ExpectFailure(StatusCode::kNotFound, "HF_HUB_OFFLINE");
  settings_.offline = false;
  ASSERT_TRUE(Run().ok());
  hub_.ForgetRequests();
  settings_.offline = true;
  EXPECT_TRUE(Run().ok());
  EXPECT_TRUE(hub_.Requests().empty());
}

// --- names in place of paths

TEST_F(PullTest, ModelInTheCacheIsUsedWhenTheHubIsDown) {
  ResolveOptions options;
  options.pull = options_;
  Status why;
  options.on_fallback = [&](const Status& failure) { why = failure; };
  Result<std::string> path = ResolveModel("hf:org/name", settings_, options);
  ASSERT_TRUE(path.ok()) << path.error().message();
  hub_.SetFault([](const FakeRequest&, FakeReply& reply) { reply = FakeReply{.status = 502, .headers = {}, .body = {}}; });
  EXPECT_EQ(*ResolveModel("hf:org/name", settings_, options), *path);
  EXPECT_EQ(why.code(), StatusCode::kUnavailable);
  settings_.endpoint = "http://127.0.0.1:1";
  EXPECT_EQ(*ResolveModel("hf:org/name", settings_, options), *path);
  EXPECT_FALSE(ResolveModel("hf:org/other", settings_, options).ok());
  EXPECT_EQ(*ResolveModel("models/x", settings_, options), "models/x");
}

}  // namespace
}  // namespace pano::hub
