// Random histories against a model of what should be: a map from path to text for the workspace, and one for each version.

#include <gtest/gtest.h>

#include "base/random.h"
#include "data/version/status.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

using Files = std::map<std::string, std::string>;

// Draws names so that files and folders collide, and contents so that some are equal.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed), scratch_(StrCat("data-history-", seed)) {}

  void Step() {
    switch (random_.Below(8)) {
      case 0: case 1: case 2: return Edit();
      case 3: return Remove();
      case 4: return Add();
      case 5: return CheckStatus();
      case 6: return CheckoutVersion();
      default: return Refused();
    }
  }

 private:
  std::string DrawPath() {
    static constexpr const char* kNames[] = {"a", "b", "a b", "a-b", "x.y", "\xc3\xa9", "z"};
    std::string path = kNames[random_.Below(7)];
    while (random_.Below(3) == 0 && path.size() < 40) path += StrCat("/", kNames[random_.Below(7)]);
    return path;
  }
  // What stands in the way of a file at `path` goes: files that are its folders, and what lies below it.
  void Clear(const std::string& path) {
    std::erase_if(now_, [&](const auto& file) {
      return file.first == path || file.first.starts_with(path + "/") || path.starts_with(file.first + "/");
    });
    Sync();
  }
  void Sync() {
    std::filesystem::remove_all(scratch_.Path("data"));
    for (const auto& [path, text] : now_) scratch_.Write("data/" + path, text);
    std::filesystem::create_directories(scratch_.Path("data"));
  }
  void Edit() {
    const std::string path = DrawPath();
    Clear(path);
    now_[path] = std::string(random_.Below(4), static_cast<char>('a' + random_.Below(3)));
    scratch_.Write("data/" + path, now_[path]);
  }
  void Remove() {
    if (now_.empty()) return;
    auto it = now_.begin();
    std::advance(it, random_.Below(now_.size()));
    std::filesystem::remove(scratch_.Path("data/" + it->first));
    now_.erase(it);
  }
  void Add() {
    if (now_.empty()) return;
    const Status status = scratch_.Add({"data"});
    ASSERT_TRUE(status.ok()) << status.message();
    committed_ = now_;
    const std::string file = scratch_.Read("data.dvc");
    // One content has one id, two have two.
    for (const auto& [other, files] : versions_) EXPECT_EQ(other == file, files == now_);
    versions_[file] = now_;
  }
  void CheckStatus() {
    if (versions_.empty()) return;
    std::set<std::string> changed;
    for (const auto& [path, text] : now_) {
      if (!committed_.contains(path) || committed_.at(path) != text) changed.insert("data/" + path);
    }
    for (const auto& [path, text] : committed_) {
      if (!now_.contains(path)) changed.insert("data/" + path);
    }
    std::set<std::string> reported;
    const Status status = scratch_.Run([&](const ScratchRepository::Tools& tools) -> Status {
      PANO_ASSIGN_OR_RETURN(const json::Value answer, DataStatus({tools.workspace, {}, {}}, {.granular = true, .unchanged = false, .targets = {}, .not_in_remote = {}}));
      const json::Value* lists = answer.Find("uncommitted");
      for (const auto& [kind, list] : lists != nullptr ? lists->as_object() : json::Object{}) {
        for (const json::Value& entry : list.as_array()) {
          if (entry.is_string()) {
            std::string path = entry.as_string();   // "a/": a folder, or a file in whose place one stands
            if (path.ends_with('/')) path.pop_back();
            reported.insert(std::move(path));
          } else {
            reported.insert(entry.Find("old")->as_string());
            reported.insert(entry.Find("new")->as_string());
          }
        }
      }
      return {};
    });
    ASSERT_TRUE(status.ok()) << status.message();
    reported.erase("data");
    EXPECT_EQ(reported, changed);
  }
  void CheckoutVersion() {
    if (versions_.empty()) return;
    auto it = versions_.begin();
    std::advance(it, random_.Below(versions_.size()));
    scratch_.Write("data.dvc", it->first);
    const Status status = scratch_.Checkout(/*force=*/true);
    ASSERT_TRUE(status.ok()) << status.message();
    now_ = committed_ = it->second;
    EXPECT_EQ(scratch_.Files("data"), now_);
  }
  // A content that no version has is not lost without force.
  void Refused() {
    if (versions_.empty()) return;
    const std::string path = DrawPath();
    Clear(path);
    now_[path] = StrCat("nobody has this: ", random_.Below(1'000'000'000));
    scratch_.Write("data/" + path, now_[path]);
    const Status status = scratch_.Checkout(/*force=*/false);
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.message();
    EXPECT_EQ(scratch_.Files("data"), now_);
  }

  Random random_;
  const ScratchRepository scratch_;
  Files now_, committed_;
  std::map<std::string, Files> versions_;   // by the text of data.dvc
};

TEST(History, TheWorkspaceIsWhatTheModelSays) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(StrCat("seed ", seed));
    History history(seed);
    for (int step = 0; step < 60 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(StrCat("step ", step));
      history.Step();
    }
  }
}

}  // namespace
}  // namespace pano::data
