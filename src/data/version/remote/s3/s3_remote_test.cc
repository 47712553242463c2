#include "data/version/remote/s3/s3_remote.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/http/http_remote.h"
#include "data/version/remote/object_key.h"
#include "data/version/remote/open_remote.h"
#include "data/version/remote/testing/fake_s3.h"
#include "data/version/remote/transfer.h"

namespace pano::remote {
namespace {

std::string Bytes(size_t count, uint64_t seed) {
  Random random(seed);
  std::string text(count, '\0');
  for (size_t i = 0; i < count; i += 8) {
    const uint64_t bits = random.Next();
    for (size_t j = 0; j < 8 && i + j < count; ++j)
      text[i + j] = static_cast<char>(bits >> (8 * j));
  }
  return text;
}

class S3Test : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(::testing::TempDir(), "/s3_remote_test_", RandomHex(6));
    ASSERT_TRUE(Env::Real().MakeFolder(folder_).ok());
  }
  void TearDown() override { ASSERT_TRUE(Env::Real().RemoveTree(folder_).ok()); }

  S3Options Options() const {
    S3Options options;
    options.bucket = "bkt";
    options.prefix = "some dir";
    options.aws.credentials = {FakeS3::kAccessKey, FakeS3::kSecretKey, ""};
    options.aws.endpoint = server_.url();
    options.retry.delay_min = options.retry.delay_max = std::chrono::milliseconds(1);
    options.part_bytes = 100'000;
    options.jobs = 4;
    return options;
  }
  PutSource Source(const std::string& content) {
    const std::string path = StrCat(folder_, "/source", ++sources_);
    EXPECT_TRUE(WriteFile(path, content).ok());
    return {path, content.size(), Md5Hex(content)};
  }
  static Result<std::string> Contents(Remote& remote, const std::string& key, uint64_t offset = 0) {
    std::string text(offset, '?');
    const Status status =
        remote.Get(key, offset,
                   [&](uint64_t at, std::span<const std::byte> bytes) {
                     text.resize(at);
                     text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                     return OkStatus();
                   },
                   {});
    if (!status.ok()) return status;
    return text;
  }
  // The first `count` requests that `match` fail as `change` says.
  void Break(int count, const std::string& method, const std::function<void(S3Reply&)>& change) {
    auto left = std::make_shared<std::atomic<int>>(count);
    server_.SetFault([left, method, change](const S3Request& request, S3Reply& reply) {
      if (request.method == method && left->fetch_sub(1) > 0) change(reply);
    });
  }

  FakeS3 server_;
  std::string folder_;
  int sources_ = 0;
};

TEST_F(S3Test, PutsGetsListsRemoves) {
  S3Remote remote(Options());
  const std::string content = Bytes(50'000, 1);
  ASSERT_TRUE(remote.Put("files/md5/ab/c+d \xc3\xa9", Source(content), {}).ok());
  ASSERT_TRUE(remote.Put("files/md5/ab/empty", Source(""), {}).ok());
  EXPECT_EQ(*Contents(remote, "files/md5/ab/c+d \xc3\xa9"), content);
  EXPECT_EQ(Contents(remote, "files/md5/ab/c+d \xc3\xa9", 40'000)->substr(40'000),
            content.substr(40'000));
  EXPECT_EQ(*Contents(remote, "files/md5/ab/empty"), "");
  EXPECT_EQ(Contents(remote, "nothing").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(*remote.Exists({"files/md5/ab/empty", "nothing"}, {}),
            (std::vector<bool>{true, false}));
  server_.SetPageSize(1);
  std::vector<std::string> keys;
  ASSERT_TRUE(remote
                  .List("files/",
                        [&](const Remote::Entry& entry) {
                          keys.push_back(entry.key);
                          return OkStatus();
                        },
                        {})
                  .ok());
  EXPECT_EQ(keys, (std::vector<std::string>{"files/md5/ab/c+d \xc3\xa9", "files/md5/ab/empty"}));
  EXPECT_TRUE(server_.Objects().contains("/bkt/some dir/files/md5/ab/empty"));
  ASSERT_TRUE(remote.Remove("files/md5/ab/empty", {}).ok());
  EXPECT_EQ(server_.Objects().size(), 1u);
}

TEST_F(S3Test, AWrongSecretIsRefused) {
  S3Options options = Options();
  options.aws.credentials.secret_key = "wrong";
  S3Remote remote(options);
  const Status status = remote.Put("k", Source("x"), {});
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated) << status.message();
  EXPECT_EQ(status.message().find("wrong"), std::string::npos);
  EXPECT_EQ(Contents(remote, "k").error().code(), StatusCode::kUnauthenticated);
}

TEST_F(S3Test, LargeObjectsGoInPartsAndGoOnWhereTheyBroke) {
  S3Remote remote(Options());
  const std::string content = Bytes(1'050'000, 2);
  const PutSource source = Source(content);
  Break(1'000'000, "PUT", [&, n = std::make_shared<std::atomic<int>>(0)](S3Reply& reply) {
    if (n->fetch_add(1) >= 5) reply.status = 403;
  });
  EXPECT_FALSE(remote.Put("big", source, {}).ok());
  EXPECT_EQ(server_.uploads(), 1u);
  server_.SetFault(nullptr);
  server_.ForgetRequests();
  ASSERT_TRUE(remote.Put("big", source, {}).ok());
  EXPECT_EQ(server_.uploads(), 0u);
  EXPECT_EQ(server_.Objects().at("/bkt/some dir/big"), content);
  const auto requests = server_.Requests();
  const auto puts = std::count_if(requests.begin(), requests.end(),
                                  [](const S3Request& request) { return request.method == "PUT"; });
  EXPECT_LT(puts, 11);  // of 11 parts
}

TEST_F(S3Test, ServerErrorsAreTriedAgain) {
  S3Remote remote(Options());
  Break(3, "PUT", [](S3Reply& reply) {
    reply = {
        503, {{"Retry-After", "0"}}, "<Error><Code>SlowDown</Code><Message>m</Message></Error>"};
  });
  EXPECT_TRUE(remote.Put("k", Source("x"), {}).ok());
  Break(100, "GET", [](S3Reply& reply) { reply.status = 500; });
  EXPECT_EQ(Contents(remote, "k").error().code(), StatusCode::kUnavailable);
  Break(2, "GET", [](S3Reply& reply) { reply = {429, {}, ""}; });
  EXPECT_TRUE(Contents(remote, "k").ok());
}

TEST_F(S3Test, ACutConnectionGoesOnWhereItBroke) {
  S3Remote remote(Options());
  const std::string content = Bytes(90'000, 3);
  ASSERT_TRUE(remote.Put("k", Source(content), {}).ok());
  Break(8, "GET", [](S3Reply& reply) { reply.body_bytes_sent = 10'000; });
  EXPECT_EQ(*Contents(remote, "k"), content);
  const auto requests = server_.Requests();
  EXPECT_EQ(requests.back().headers.at("range"), "bytes=80000-");
  EXPECT_TRUE(requests.back().headers.contains("if-match"));
  // Another version meanwhile: from the beginning, never a mixture.
  Break(1, "GET", [this](S3Reply& reply) {
    reply.body_bytes_sent = 10'000;
    server_.Put("/bkt/some dir/k", std::string(20'000, 'n'));
  });
  EXPECT_EQ(*Contents(remote, "k"), std::string(20'000, 'n'));
}

TEST_F(S3Test, ManyKeysAreListed) {
  S3Remote remote(Options());
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) {
    const std::string oid = Md5Hex(StrCat(i));
    keys.push_back(ObjectKey(oid));
    if (i % 3 == 0) server_.Put("/bkt/some dir/" + keys.back(), "x");
  }
  const auto there = remote.Exists(keys, {});
  ASSERT_TRUE(there.ok()) << there.error().message();
  for (int i = 0; i < 600; ++i) EXPECT_EQ((*there)[static_cast<size_t>(i)], i % 3 == 0);
  EXPECT_LT(server_.Requests().size(), 300u);
}

TEST_F(S3Test, TheBucketsRegionAndTheServersClockAreLearned) {
  S3Remote remote(Options());
  Break(1, "PUT", [](S3Reply& reply) {
    reply = {301,
             {{"x-amz-bucket-region", "eu-west-3"}},
             "<Error><Code>PermanentRedirect</Code></Error>"};
  });
  ASSERT_TRUE(remote.Put("k", Source("x"), {}).ok());
  EXPECT_NE(server_.Requests().back().headers.at("authorization").find("/eu-west-3/s3/"),
            std::string::npos);
  Break(1, "PUT", [](S3Reply& reply) {
    reply = {403,
             {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}},
             "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>"};
  });
  ASSERT_TRUE(remote.Put("k", Source("x"), {}).ok());
  EXPECT_TRUE(server_.Requests().back().headers.at("x-amz-date").starts_with("20130524T"));
}

TEST_F(S3Test, AFetchOverABadConnectionLosesNothing) {
  S3Remote remote(Options());
  std::vector<Object> objects;
  std::map<std::string, std::string> contents;
  for (uint64_t i = 0; i < 30; ++i) {
    const std::string content = Bytes(i * 1500, 100 + i);
    const std::string oid = Md5Hex(content);
    contents[oid] = content;
    objects.push_back({oid, false, ""});
    server_.Put("/bkt/some dir/" + ObjectKey(oid), content);
  }
  std::atomic<int> count{0};
  server_.SetFault([&count](const S3Request&, S3Reply& reply) {
    const int n = count++;
    if (n % 4 == 1) reply.body_bytes_sent = reply.body.size() / 2;
    if (n % 4 == 3) reply = {503, {}, ""};
  });
  FetchTarget target;
  target.partial_folder = folder_ + "/partial";
  target.adopt = [this](const Object& object, const std::string& path) {
    return Env::Real().Rename(path, folder_ + "/" + object.oid);
  };
  const auto report = Fetch(remote, objects, target, {});
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->moved, 30u);
  for (const auto& [oid, content] : contents) EXPECT_EQ(*ReadFile(folder_ + "/" + oid), content);
  // A lie is found.
  server_.SetFault(nullptr);
  server_.Put("/bkt/some dir/" + ObjectKey(objects[5].oid), "lie");
  EXPECT_EQ(Fetch(remote, {objects[5]}, target, {}).error().code(), StatusCode::kCorruption);
}

TEST_F(S3Test, IsCancelled) {
  S3Remote remote(Options());
  server_.Put("/bkt/some dir/k", Bytes(80'000, 9));
  std::stop_source stop;
  server_.SetFault([](const S3Request&, S3Reply& reply) { reply.pause_us = 50'000; });
  const Status status = remote.Get(
      "k", 0,
      [&](uint64_t, std::span<const std::byte>) {
        stop.request_stop();
        return OkStatus();
      },
      stop.get_token());
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status.message();
}

TEST(S3Url, IsCheckedAndStylesDiffer) {
  EXPECT_EQ(S3Remote::ParseUrl("s3://bkt/a/b/")->second, "a/b");
  EXPECT_EQ(S3Remote::ParseUrl("s3://bkt")->second, "");
  for (const char* url : {"s3://", "s3:///x", "s3://a b/x", "s3://ab", "http://x"})
    EXPECT_FALSE(S3Remote::ParseUrl(url).ok()) << url;
}

TEST_F(S3Test, HttpReadsOnly) {
  // The same server, as one that needs no signature: what it refuses shows, what it hands out is
  // read.
  server_.SetFault([](const S3Request& request, S3Reply& reply) {
    if (request.path == "/data/files/md5/aa/x")
      reply = {200, {}, "content"};
    else
      reply = {404, {}, ""};
  });
  HttpRemote remote({.url = server_.url() + "/data/", .headers = {}, .http = {}, .retry = {}});
  EXPECT_EQ(*remote.Exists({"files/md5/aa/x", "files/md5/aa/y"}, {}),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(*Contents(remote, "files/md5/aa/x"), "content");
  EXPECT_EQ(remote.Put("k", Source("x"), {}).code(), StatusCode::kUnimplemented);
}

TEST(OpenRemote, GoesByTheUrl) {
  const auto open = [](std::map<std::string, std::string> options) {
    auto remote = OpenRemote({.name = "r",
                              .options = std::move(options),
                              .folder = "/repo/.dvc",
                              .jobs = 0,
                              .retry = {}});
    return remote.ok() ? (*remote)->Name() : "error: " + remote.error().message();
  };
  EXPECT_EQ(open({{"url", "../remote"}}), "/repo/.dvc/../remote");
  EXPECT_EQ(open({{"url", "file:///data/x"}}), "/data/x");
  EXPECT_EQ(open({{"url", "s3://bkt/p"}, {"access_key_id", "a"}, {"secret_access_key", "b"}}),
            "s3://bkt/p");
  EXPECT_EQ(open({{"url", "https://u:p@host/x?y"}}), "https://host/x");
  EXPECT_EQ(open({{"url", "gs://x"}}),
            "error: remote 'r': url begins with 'gs://': remotes are folders, s3://, http:// and "
            "https://");
  EXPECT_EQ(open({}), "error: remote 'r': url is missing");
  EXPECT_EQ(open({{"url", "x"}, {"jobs", "many"}}),
            "error: remote 'r': jobs is a number from 1 to 256");
}

}  // namespace
}  // namespace pano::remote
