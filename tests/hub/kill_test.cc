// `pano pull` is killed at random bytes: what has its name is right at every moment, and the pull that
// is let through ends with the right files and no stray ones. PANO_KILLS sets how many kills, PANO_SEED
// which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "app/hub/etag.h"
#include "app/hub/testing/fake_hub.h"
#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;

const std::string kRepo = "org/name";

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class KillTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    Put("config.json", R"({"model_type":"llama"})", false);
    Put("tokenizer.json", TestContent(90'000, 1), true);
    Put("model.safetensors.index.json",
        R"({"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}})", false);
    Put("model-00001-of-00002.safetensors", TestContent(1'500'000, 2), true);
    Put("model-00002-of-00002.safetensors", TestContent(700'001, 3), true);
    hub_.Put(kRepo, "README.md", "not read");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Put(const std::string& path, const std::string& content, bool lfs) {
    files_[path] = content;
    bytes_ += content.size();
    hub_.Put(kRepo, path, content, lfs);
  }

  pid_t Start() {
    const std::string cache = "HF_HUB_CACHE=" + folder_, endpoint = "HF_ENDPOINT=" + hub_.url();
    const pid_t pid = ::fork();
    if (pid == 0) {
      const char* args[] = {PANO_BINARY, "pull", "hf:org/name", "--part-bytes", "65536", "--connections", "4",
                            "--json", nullptr};
      const char* environment[] = {cache.c_str(), endpoint.c_str(), "HOME=/nonexistent", nullptr};
      (void)!std::freopen("/dev/null", "w", stdout);
      ::execve(PANO_BINARY, const_cast<char**>(args), const_cast<char**>(environment));
      ::_exit(127);
    }
    return pid;
  }

  int Wait(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  // Everything below the cache but folders and lock files.
  std::vector<std::string> Found() {
    std::vector<std::string> found;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
      const std::string path = it->path().lexically_relative(folder_).string();
      if (!it->is_directory() && !path.ends_with(".lock")) found.push_back(path);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  // Whatever has its final name is whole, and a ref leads to all files.
  void ExpectNothingWrong() {
    const fs::path repo = fs::path(folder_) / "models--org--name";
    std::error_code error;
    for (const auto& blob : fs::directory_iterator(repo / "blobs", error)) {
      const std::string name = blob.path().filename().string();
      if (KindOfEtag(name) == EtagKind::kUnknown) continue;  // on its way
      const std::string content = ReadAll(blob.path());
      Digest digest = EtagDigest(KindOfEtag(name), content.size());
      digest.Update(std::as_bytes(std::span(content)));
      EXPECT_EQ(digest.Hex(), name);
    }
    if (!fs::exists(repo / "refs/main")) return;
    ASSERT_EQ(ReadAll(repo / "refs/main"), hub_.Commit(kRepo));
    for (const auto& [path, content] : files_) {
      EXPECT_TRUE(ReadAll(repo / "snapshots" / hub_.Commit(kRepo) / path) == content) << path;
    }
  }

  void ExpectWholeAndNothingElse() {
    std::vector<std::string> expected = {"models--org--name/refs/main"};
    for (const auto& [path, content] : files_) {
      expected.push_back("models--org--name/blobs/" + hub_.Etag(kRepo, path));
      expected.push_back(StrCat("models--org--name/snapshots/", hub_.Commit(kRepo), "/", path));
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(Found(), expected);
    ExpectNothingWrong();
  }

  const std::string folder_ = testing::TempDir() + StrCat("hub_kill_", ::getpid());
  FakeHub hub_;
  std::map<std::string, std::string> files_;
  uint64_t bytes_ = 0;
};

TEST_F(KillTest, EveryPullEndsWithTheRightFilesAndNoStrayOnes) {
  const std::string kills_text = EnvironmentVariable("PANO_KILLS"), seed_text = EnvironmentVariable("PANO_SEED");
  const int64_t kills = ParseInt(kills_text).value_or(50);
  const auto seed = static_cast<uint64_t>(ParseInt(seed_text).value_or(static_cast<int64_t>(SystemEntropy() >> 1)));
  SCOPED_TRACE(StrCat("PANO_SEED=", seed, " PANO_KILLS=", kills));
  Random random(seed);
  int64_t killed = 0, resumed = 0, late = 0;
  while (killed < kills && !HasFailure()) {
    fs::remove_all(folder_);
    // Up to three kills in one cache, and then a pull that is let through.
    for (uint64_t in_a_row = 1 + random.Below(3); in_a_row > 0; --in_a_row) {
      std::atomic<pid_t> child{0};
      // Bytes may end before this one: then the kill comes some time after the last, at the renames,
      // links and the ref.
      const uint64_t at = hub_.bytes_sent() + random.Below(bytes_ + bytes_ / 8);
      hub_.OnBytesSent([&](uint64_t sent) {
        if (sent >= at && child > 0) ::kill(child, SIGKILL);
      });
      child = Start();
      if (random.Below(4) == 0) {
        ::usleep(static_cast<useconds_t>(random.Below(200'000)));
        ::kill(child, SIGKILL);
        ++late;
      }
      const int result = Wait(child);
      hub_.OnBytesSent({});
      ASSERT_TRUE(result == -SIGKILL || result == 0) << result;
      if (result == -SIGKILL) ++killed;
      ExpectNothingWrong();
    }
    const uint64_t before = hub_.bytes_sent();
    ASSERT_EQ(Wait(Start()), 0);
    if (hub_.bytes_sent() - before < bytes_) ++resumed;
    ExpectWholeAndNothingElse();
  }
  std::printf("%lld kills, %lld by the clock, %lld pulls went on with what was there\n",
              static_cast<long long>(killed), static_cast<long long>(late), static_cast<long long>(resumed));
  EXPECT_GT(resumed, 0);
}

// Two processes at once, one of them killed: the other takes the rest over.
TEST_F(KillTest, AnotherPullTakesOver) {
  hub_.SetFault([](const FakeRequest& request, FakeReply& reply) {
    if (request.cdn) reply.bytes_per_second = 2'000'000;
  });
  std::atomic<pid_t> first{0};
  const uint64_t at = hub_.bytes_sent() + bytes_ / 2;
  hub_.OnBytesSent([&](uint64_t sent) {
    if (sent >= at && first > 0) ::kill(first, SIGKILL);
  });
  first = Start();
  const pid_t second = Start();
  EXPECT_EQ(Wait(first), -SIGKILL);
  EXPECT_EQ(Wait(second), 0);
  ExpectWholeAndNothingElse();
}

}  // namespace
}  // namespace pano::hub
