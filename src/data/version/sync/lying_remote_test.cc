// Remotes that hand out something else than what an object's name says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/digest/digest.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "data/version/remote/testing/fake_s3.h"
#include "data/version/remote/testing/loopback_server.h"
#include "data/version/sync/sync.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

using remote::FakeS3;
using remote::LoopbackServer;
using remote::ServedReply;
using remote::ServedRequest;
using testing::HasSubstr;

// The object of a request's path, "/files/md5/ab/cdef" -> "abcdef".
std::string ObjectOf(const ServedRequest& request) {
  const std::string prefix = "/files/md5/";
  if (!request.path.starts_with(prefix)) return "";
  std::string id = request.path.substr(prefix.size());
  std::erase(id, '/');
  return id;
}

struct Fixture {
  ScratchRepository repository{"lying", FolderInMemory()};
  std::string manifest =
      StrCat("[{\"md5\": \"", HexDigest(Digest::kMd5, "one"), "\", \"relpath\": \"a\"}, {\"md5\": \"",
             HexDigest(Digest::kMd5, "two"), "\", \"relpath\": \"s/b\"}]");
  std::map<std::string, std::string> objects = {{HexDigest(Digest::kMd5, "one"), "one"}, {HexDigest(Digest::kMd5, "two"), "two"},
                                                {HexDigest(Digest::kMd5, manifest) + ".dir", manifest}};
  std::string folder_id = HexDigest(Digest::kMd5, manifest) + ".dir";

  // `settings`: lines of the remote's section besides.
  void Track(const std::string& url, const std::string& md5, const std::string& settings = "") const {
    repository.Write(".dvc/config", StrCat("[core]\n    no_scm = True\n    remote = far\n['remote \"far\"']\n    url = ", url, "\n", settings));
    repository.Write("d.dvc", StrCat("outs:\n- md5: ", md5, "\n  hash: md5\n  path: d\n"));
  }
  // Fetches all that is tracked, then checks it out.
  Status Pull() const {
    return repository.Run([](const ScratchRepository::Tools& tools) -> Status {
      std::vector<Target> targets;
      for (const Output& output : tools.index.outputs) targets.push_back({&output, ""});
      PANO_ASSIGN_OR_RETURN(const SyncReport report, Fetch(tools.workspace, targets, {}));
      if (!report.missing.empty()) return NotFound(report.missing.front());
      for (const Output& output : tools.index.outputs) PANO_RETURN_IF_ERROR(tools.workspace.Checkout(output, {}).status());
      return {};
    });
  }
  // Every object of the cache is what its name says.
  void ExpectSoundCache() const {
    for (const auto& [path, bytes] : repository.Files(".dvc/cache/files/md5")) {
      std::string id = path;
      std::erase(id, '/');
      EXPECT_EQ(HexDigest(Digest::kMd5, bytes), id.substr(0, 32)) << path;
    }
    for (const auto& [path, bytes] : repository.Files(".dvc/cache"))
      EXPECT_EQ(path.find(".pano-tmp"), std::string::npos) << path;
  }
};

TEST(LyingRemote, TheTruthArrives) {
  Fixture fixture;
  LoopbackServer server([&](const ServedRequest& request) {
    const auto found = fixture.objects.find(ObjectOf(request));
    return found == fixture.objects.end() ? ServedReply{.status = 404, .headers = {}, .body = {}}
                                          : remote::ServeObject(request, found->second, "");
  });
  fixture.Track(server.url(), fixture.folder_id);
  const Status status = fixture.Pull();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(fixture.repository.Read("d/s/b"), "two");
}

struct Lie {
  const char* name;
  std::function<void(std::string* body)> tell;
};

std::vector<Lie> Lies() {
  return {
      {"other bytes of the same length", [](std::string* body) { for (char& c : *body) c ^= 1; }},
      {"one bit", [](std::string* body) { body->back() ^= 4; }},
      {"short", [](std::string* body) { body->pop_back(); }},
      {"nothing", [](std::string* body) { body->clear(); }},
      {"long", [](std::string* body) { *body += '\n'; }},
      {"a page of HTML", [](std::string* body) { *body = "<!DOCTYPE html><html><body>Please log in</body></html>"; }},
      {"an error of S3", [](std::string* body) { *body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"; }},
      {"another object", [](std::string* body) { *body = *body == "one" ? "two" : "one"; }},
  };
}

TEST(LyingRemote, NothingOfALieIsHandedOut) {
  Fixture whole;
  for (const Lie& lie : Lies()) {
    for (const auto& [victim, content] : whole.objects) {   // a file, another, the manifest
      SCOPED_TRACE(StrCat(lie.name, " for ", victim));
      Fixture fixture;
      LoopbackServer server([&, &id = victim](const ServedRequest& request) {
        const auto found = fixture.objects.find(ObjectOf(request));
        if (found == fixture.objects.end()) return ServedReply{.status = 404, .headers = {}, .body = {}};
        std::string body = found->second;
        if (found->first == id) lie.tell(&body);
        return remote::ServeObject(request, body, "");
      });
      fixture.Track(server.url(), fixture.folder_id);
      const Status status = fixture.Pull();
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.message();
      EXPECT_THAT(status.message(), HasSubstr(victim)) << "the object";
      EXPECT_THAT(status.message(), HasSubstr(server.url())) << "the remote";
      fixture.ExpectSoundCache();
      EXPECT_TRUE(fixture.repository.Files("d").empty()) << "nothing of a folder that is not whole";
    }
  }
}

// The same through an S3 whose signatures, lengths and headers are all in order.
TEST(LyingRemote, NothingOfALieOfS3IsHandedOut) {
  Fixture whole;
  for (const Lie& lie : Lies()) {
    for (const auto& [victim, content] : whole.objects) {
      SCOPED_TRACE(StrCat(lie.name, " for ", victim));
      Fixture fixture;
      FakeS3 server;
      std::string victims_path;
      for (const auto& [id, bytes] : fixture.objects) {
        const std::string path = StrCat("/bkt/pre/files/md5/", id.substr(0, 2), "/", id.substr(2));
        server.Put(path, bytes);
        if (id == victim) victims_path = path;
      }
      server.SetFault([&](const remote::S3Request& request, remote::S3Reply& reply) {
        if (request.method == "GET" && request.path == victims_path) lie.tell(&reply.body);
      });
      fixture.Track("s3://bkt/pre", fixture.folder_id,
                    StrCat("    endpointurl = ", server.url(), "\n    access_key_id = ", FakeS3::kAccessKey,
                           "\n    secret_access_key = ", FakeS3::kSecretKey, "\n    region = us-east-1\n"));
      const Status status = fixture.Pull();
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.message();
      EXPECT_THAT(status.message(), HasSubstr(victim)) << "the object";
      EXPECT_THAT(status.message(), HasSubstr("s3://bkt/pre")) << "the remote";
      EXPECT_EQ(status.message().find(FakeS3::kSecretKey), std::string::npos);
      fixture.ExpectSoundCache();
      EXPECT_TRUE(fixture.repository.Files("d").empty()) << "nothing of a folder that is not whole";
      // Once it says the truth all is there.
      server.SetFault(nullptr);
      const Status mended = fixture.Pull();
      ASSERT_TRUE(mended.ok()) << mended.message();
      EXPECT_EQ(fixture.repository.Files("d"), (std::map<std::string, std::string>{{"a", "one"}, {"s/b", "two"}}));
    }
  }
}

// A remote that says it has what it has not, and the reverse.
TEST(LyingRemote, WhatAnS3SaysOfItsObjectsIsNotTakenForTheObjects) {
  Fixture fixture;
  FakeS3 server;
  for (const auto& [id, bytes] : fixture.objects) {
    if (bytes != "two") server.Put(StrCat("/bkt/files/md5/", id.substr(0, 2), "/", id.substr(2)), bytes);
  }
  const std::string settings = StrCat("    endpointurl = ", server.url(), "\n    access_key_id = ", FakeS3::kAccessKey,
                                      "\n    secret_access_key = ", FakeS3::kSecretKey, "\n    region = us-east-1\n");
  fixture.Track("s3://bkt", fixture.folder_id, settings);
  // It is asked for what it lacks, and says it is there.
  server.SetFault([](const remote::S3Request& request, remote::S3Reply& reply) {
    if (request.method == "HEAD") reply.status = 200;
  });
  const Status absent = fixture.Pull();
  ASSERT_FALSE(absent.ok());
  EXPECT_TRUE(fixture.repository.Files("d").empty());
  fixture.ExpectSoundCache();
  // It has all, and says to a HEAD that it has nothing: what it has arrives, or is said to be missing.
  const std::string two = HexDigest(Digest::kMd5, "two");
  server.Put(StrCat("/bkt/files/md5/", two.substr(0, 2), "/", two.substr(2)), "two");
  server.SetFault([](const remote::S3Request& request, remote::S3Reply& reply) {
    if (request.method == "HEAD") reply.status = 404;
  });
  const Status denied = fixture.Pull();
  if (denied.ok()) {
    EXPECT_EQ(fixture.repository.Read("d/s/b"), "two");
  } else {
    EXPECT_EQ(denied.code(), StatusCode::kNotFound) << denied.message();
    EXPECT_TRUE(fixture.repository.Files("d").empty());
  }
  fixture.ExpectSoundCache();
}

// Its name is the hash of what it says: a manifest that was made to do harm.
TEST(LyingRemote, AManifestThatIsWhatItsNameSaysIsReadWithCare) {
  const std::string one = HexDigest(Digest::kMd5, "one");
  const std::vector<std::string> manifests = {
      "no JSON", "", "{}", "[1, 2]", "<html></html>", "[{\"md5\": \"x\", \"relpath\": \"a\"}]",
      StrCat("[{\"md5\": \"", one, "\", \"relpath\": \"../escaped\"}]"),
      StrCat("[{\"md5\": \"", one, "\", \"relpath\": \"/tmp/escaped\"}]"),
      StrCat("[{\"md5\": \"", one, "\", \"relpath\": \"s/../../escaped\"}]"),
      StrCat("[{\"md5\": \"", one, "\", \"relpath\": \"a\"}, {\"md5\": \"", one, "\", \"relpath\": \"a/b\"}]"),
      StrCat("[{\"md5\": \"../../", one, "\", \"relpath\": \"a\"}]"),
      std::string(200'000, '[')};
  for (const std::string& manifest : manifests) {
    SCOPED_TRACE(manifest.substr(0, 80));
    Fixture fixture;
    const std::string id = HexDigest(Digest::kMd5, manifest) + ".dir";
    Mutex mu;
    std::vector<std::string> asked;
    LoopbackServer server([&](const ServedRequest& request) {
      MutexLock lock(mu);
      asked.push_back(request.path);
      return remote::ServeObject(request, ObjectOf(request) == id ? manifest : "one", "");
    });
    fixture.Track(server.url(), id);
    const Status status = fixture.Pull();
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.message(), HasSubstr(id));
    EXPECT_TRUE(fixture.repository.Files("d").empty());
    EXPECT_FALSE(std::filesystem::exists(fixture.repository.root().parent_path() / "escaped"));
    fixture.ExpectSoundCache();
    MutexLock lock(mu);
    for (const std::string& path : asked) EXPECT_EQ(path.find(".."), std::string::npos) << path;
  }
}

// The right bytes in the end count, whatever the remote said before.
TEST(LyingRemote, OneThatMendsItselfIsBelieved) {
  Fixture fixture;
  bool lies = true;
  LoopbackServer server([&](const ServedRequest& request) {
    const auto found = fixture.objects.find(ObjectOf(request));
    if (found == fixture.objects.end()) return ServedReply{.status = 404, .headers = {}, .body = {}};
    return remote::ServeObject(request, lies && found->second == "two" ? "owt" : found->second, "");
  });
  fixture.Track(server.url(), fixture.folder_id);
  ASSERT_FALSE(fixture.Pull().ok());
  lies = false;
  const Status status = fixture.Pull();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(fixture.repository.Read("d/a"), "one");
}

}  // namespace
}  // namespace pano::data
