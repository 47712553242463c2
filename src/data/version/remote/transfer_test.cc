#include "data/version/remote/transfer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "base/testing/memory_env.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/object_key.h"

namespace pano::remote {
namespace {

// A remote in memory that does wrong what a test tells it to, and keeps the order of what it is
// sent.
class FakeRemote final : public Remote {
 public:
  explicit FakeRemote(Env& env) : env_(env) {}

  Result<std::vector<bool>> Exists(const std::vector<std::string>& keys,
                                   const std::stop_token&) override {
    MutexLock lock(mu_);
    std::vector<bool> there;
    for (const std::string& key : keys) there.push_back(objects.contains(key));
    return there;
  }
  Status List(const std::string&, const OnEntry&, const std::stop_token&) override {
    return Unimplemented("list");
  }
  Status Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
             const std::stop_token&) override {
    std::string content;
    size_t cut = 0;
    {
      MutexLock lock(mu_);
      const auto found = objects.find(key);
      if (found == objects.end()) return NotFound(key);
      content = found->second;
      cut = cut_after;
      cut_after = SIZE_MAX;
      offsets.push_back(offset);
      if (ignores_offsets) offset = 0;
    }
    for (size_t at = std::min(offset, content.size()); at < content.size(); at += 1000) {
      if (at - std::min(offset, content.size()) >= cut)
        return Status(StatusCode::kUnavailable, "cut");
      PANO_RETURN_IF_ERROR(
          on_bytes(at, std::as_bytes(std::span(content))
                           .subspan(at, std::min<size_t>(1000, content.size() - at))));
    }
    return {};
  }
  Status Put(const std::string& key, const PutSource& source, const std::stop_token&) override {
    PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(source.path, 1 << 20, env_));
    MutexLock lock(mu_);
    if (key == refused) return Status(StatusCode::kPermissionDenied, "refused " + key);
    order.push_back(key);
    objects[key] = std::move(text);
    return {};
  }
  Status Remove(const std::string&, const std::stop_token&) override { return {}; }
  std::string Name() const override { return "fake"; }
  int jobs_hint() const override { return 4; }

  std::map<std::string, std::string> objects;
  std::vector<std::string> order;
  std::vector<uint64_t> offsets;
  std::string refused;
  size_t cut_after = SIZE_MAX;
  bool ignores_offsets = false;

 private:
  Env& env_;
  Mutex mu_;
};

struct World {
  MemoryEnv env;
  FakeRemote remote{env};
  std::map<std::string, std::string> adopted;
  Mutex mu;

  Object Add(const std::string& content, bool manifest = false) {
    const std::string oid = Md5Hex(content) + (manifest ? ".dir" : "");
    EXPECT_TRUE(WriteFile("/" + oid, content, env).ok());
    return {oid, false, "data/x"};
  }
  Object OnRemote(const std::string& content) {
    const std::string oid = Md5Hex(content);
    remote.objects[ObjectKey(oid)] = content;
    return {oid, false, "data/x"};
  }
  Result<TransferReport> DoPush(const std::vector<Object>& objects) {
    return Push(
        remote, objects,
        [](const Object& object) -> Result<std::string> { return "/" + object.oid; }, {}, env);
  }
  Result<TransferReport> DoFetch(const std::vector<Object>& objects) {
    FetchTarget target;
    target.partial_folder = "/partial/here";
    target.adopt = [this](const Object& object, const std::string& path) -> Status {
      PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, 1 << 20, env));
      MutexLock lock(mu);
      adopted[object.oid] = std::move(text);
      return env.Remove(path);
    };
    return Fetch(remote, objects, target, {.jobs = 1}, env);
  }
};

TEST(Push, SendsFilesBeforeManifestsAndOnlyWhatIsMissing) {
  World world;
  std::vector<Object> objects = {world.Add("manifest", true)};
  for (int i = 0; i < 20; ++i) objects.push_back(world.Add("file" + std::to_string(i)));
  objects.push_back(objects.back());
  const auto report = world.DoPush(objects);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->moved, 21u);
  EXPECT_EQ(world.remote.order.back(), ObjectKey(objects[0].oid));
  const auto again = world.DoPush(objects);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->moved, 0u);
  EXPECT_EQ(again->present, 21u);
}

TEST(Push, SendsNoManifestWhereAFileFails) {
  World world;
  const std::vector<Object> objects = {world.Add("manifest", true), world.Add("file"),
                                       world.Add("other")};
  world.remote.refused = ObjectKey(objects[1].oid);
  const auto report = world.DoPush(objects);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), StatusCode::kPermissionDenied);
  EXPECT_FALSE(world.remote.objects.contains(ObjectKey(objects[0].oid)));
  EXPECT_FALSE(world.DoPush({{"../../etc/passwd", false, ""}}).ok());
}

TEST(Fetch, TakesWhatIsThereAndReportsTheRest) {
  World world;
  const std::vector<Object> objects = {
      world.OnRemote("one"), world.OnRemote(""), {Md5Hex("none"), false, "data/none"}};
  const auto report = world.DoFetch(objects);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->moved, 2u);
  EXPECT_EQ(report->missing, std::vector<std::string>{Md5Hex("none")});
  EXPECT_EQ(world.adopted[objects[0].oid], "one");
  EXPECT_TRUE(world.adopted.contains(objects[1].oid));
}

TEST(Fetch, RefusesARemoteThatLies) {
  World world;
  const Object object = world.OnRemote("true");
  world.remote.objects[ObjectKey(object.oid)] = "lies";
  const auto report = world.DoFetch({object});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), StatusCode::kCorruption);
  EXPECT_NE(report.error().message().find("data/x"), std::string::npos);
  EXPECT_TRUE(world.adopted.empty());
  EXPECT_TRUE(world.env.List("/partial/here")->empty());
}

TEST(Fetch, GoesOnAfterACut) {
  World world;
  const Object object = world.OnRemote(std::string(9'000, 'a') + std::string(9'000, 'b'));
  world.remote.cut_after = 7'000;
  EXPECT_EQ(world.DoFetch({object}).error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(world.env.Stat("/partial/here/" + object.oid)->bytes, 7'000u);
  ASSERT_TRUE(world.DoFetch({object}).ok());
  EXPECT_EQ(world.remote.offsets, (std::vector<uint64_t>{0, 7'000}));
  EXPECT_EQ(Md5Hex(world.adopted[object.oid]), object.oid);
}

TEST(Fetch, BeginsAnewWhereThePartIsWrongOrRangesAreIgnored) {
  for (const bool ignores : {false, true}) {
    World world;
    const Object object = world.OnRemote(std::string(5'000, 'a'));
    world.remote.ignores_offsets = ignores;
    ASSERT_TRUE(world.env.MakeFolder("/partial").ok());
    ASSERT_TRUE(world.env.MakeFolder("/partial/here").ok());
    ASSERT_TRUE(
        WriteFile("/partial/here/" + object.oid, std::string(3'000, ignores ? 'a' : 'z'), world.env)
            .ok());
    const auto report = world.DoFetch({object});
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(Md5Hex(world.adopted[object.oid]), object.oid);
  }
}

}  // namespace
}  // namespace pano::remote
