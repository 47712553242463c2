#include "data/version/sync/import_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/strings.h"
#include "data/version/remote/testing/loopback_server.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

using remote::LoopbackServer;
using remote::ServedReply;
using remote::ServedRequest;
using remote::ServeObject;
using testing::HasSubstr;
using testing::Not;

// Imports into a repository of its own.
class ImportUrlTest : public ::testing::Test {
 protected:
  Result<Output> Import(const std::string& from, const std::string& out = "got.txt") {
    Result<Output> imported = Status(StatusCode::kInternal, "not run");
    const Status status = repository_.Run([&](const ScratchRepository::Tools& tools) -> Status {
      ImportOptions options;
      options.from = from;
      options.out = out;
      options.retry.attempts = 3;
      options.retry.delay_min = options.retry.delay_max = std::chrono::milliseconds(1);
      imported = ImportUrl(tools.workspace, options);
      return {};
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return imported;
  }
  // A failure leaves nothing: no data, no .dvc file, nothing unfinished.
  void ExpectNothing() {
    EXPECT_FALSE(std::filesystem::exists(repository_.Path("got.txt")));
    EXPECT_FALSE(std::filesystem::exists(repository_.Path("got.txt.dvc")));
    for (const auto& [path, text] : repository_.Files(".dvc/tmp/pano")) EXPECT_THAT(path, Not(HasSubstr("pano-tmp")));
  }

  ScratchRepository repository_{"import", FolderInMemory()};
};

TEST(NameOfSource, IsTheLastPartOfThePath) {
  EXPECT_EQ(NameOfSource("https://h/a/b.csv"), "b.csv");
  EXPECT_EQ(NameOfSource("https://h/a%20b.csv?v=1#f"), "a%20b.csv");
  EXPECT_EQ(NameOfSource("https://h/x?next=/etc/passwd"), "x");
  EXPECT_EQ(NameOfSource("https://h/folder/"), "folder");
  EXPECT_EQ(NameOfSource("https://h/"), "");
  EXPECT_EQ(NameOfSource("https://host.example"), "");
  EXPECT_EQ(NameOfSource("/data/a#1?.csv"), "a#1?.csv");
  EXPECT_EQ(NameOfSource("../up/d/"), "d");
}

// The file that dvc 3.67.1 wrote for the same answer; the URL's port is part of its digest.
TEST_F(ImportUrlTest, TheFileIsDvcs) {
  const auto deps = json::Parse(
      R"([{"checksum":"\"abc123\"","size":12,"hash":"md5","path":"http://127.0.0.1:39959/etag/x.csv"}])");
  const auto outs = json::Parse(
      R"([{"md5":"757228086dc1e621e37bed30e0b73e17","size":12,"hash":"md5","path":"x.csv"}])");
  EXPECT_EQ(ImportDigest(*deps, *outs), "f0fe3b3aa78bc797b848a41b1be07abb");

  LoopbackServer server([](const ServedRequest& request) { return ServeObject(request, "hello,world\n", "\"abc123\""); });
  const auto output = Import(server.url() + "/etag/x.csv", "got.txt");
  ASSERT_TRUE(output.ok()) << output.error().message();
  EXPECT_EQ(repository_.Read("got.txt"), "hello,world\n");
  const std::string text = repository_.Read("got.txt.dvc");
  EXPECT_THAT(text, HasSubstr(StrCat("frozen: true\ndeps:\n- checksum: '\"abc123\"'\n  size: 12\n  hash: md5\n  path: ",
                                     server.url(), "/etag/x.csv\nouts:\n- md5: 757228086dc1e621e37bed30e0b73e17\n"
                                     "  size: 12\n  hash: md5\n  path: got.txt\n")));
}

TEST_F(ImportUrlTest, AServerMayNameTheVersionOtherwiseOrNotAtAll) {
  std::string name = "Content-MD5";
  LoopbackServer server([&](const ServedRequest&) {
    ServedReply reply;
    reply.headers = {{name, "c2FkZmFzZGY="}};
    reply.body = "x";
    return reply;
  });
  ASSERT_TRUE(Import(server.url() + "/a").ok());
  EXPECT_THAT(repository_.Read("got.txt.dvc"), HasSubstr("- checksum: c2FkZmFzZGY=\n  size: 1\n"));
  name = "X-Other";
  ASSERT_TRUE(Import(server.url() + "/a", "b.txt").ok());
  EXPECT_THAT(repository_.Read("b.txt.dvc"), HasSubstr("deps:\n- size: 1\n  hash: md5\n  path: http"));
}

TEST_F(ImportUrlTest, RedirectsAreFollowedAndTheFirstUrlIsKept) {
  LoopbackServer mirror([](const ServedRequest& request) { return ServeObject(request, "content", "\"m\""); });
  LoopbackServer server([&](const ServedRequest&) {
    ServedReply reply;
    reply.status = 302;
    reply.headers = {{"Location", mirror.url() + "/deep/x?Signature=s"}};
    return reply;
  });
  ASSERT_TRUE(Import(server.url() + "/x").ok());
  EXPECT_EQ(repository_.Read("got.txt"), "content");
  const std::string text = repository_.Read("got.txt.dvc");
  EXPECT_THAT(text, HasSubstr(StrCat("path: ", server.url(), "/x\n")));
  EXPECT_THAT(text, Not(HasSubstr("Signature")));
}

TEST_F(ImportUrlTest, ACutConnectionIsResumedAndOneThatStaysCutLeavesNothing) {
  const std::string content(100'000, 'c');
  int answers = 0, cuts = 2;
  LoopbackServer server([&](const ServedRequest& request) {
    ServedReply reply = ServeObject(request, content, "\"1\"");
    if (answers++ < cuts) reply.body_bytes_sent = 20'480;
    return reply;
  });
  ASSERT_TRUE(Import(server.url() + "/x").ok());
  EXPECT_EQ(answers, 3);
  EXPECT_EQ(repository_.Read("got.txt"), content);

  std::filesystem::remove(repository_.Path("got.txt"));
  std::filesystem::remove(repository_.Path("got.txt.dvc"));
  LoopbackServer broken([&](const ServedRequest& request) {
    ServedReply reply = ServeObject(request, content, "\"1\"");
    reply.body_bytes_sent = request.Header("range").empty() ? 20'480 : 0;
    return reply;
  });
  const auto output = Import(broken.url() + "/x");
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(output.error().message(), HasSubstr(broken.url() + "/x"));
  ExpectNothing();
}

TEST_F(ImportUrlTest, AFileThatChangesMeanwhileIsOfOneVersion) {
  const std::string before(60'000, 'a'), after(60'000, 'b');
  int answers = 0;
  LoopbackServer server([&](const ServedRequest& request) {
    ServedRequest asked = request;
    asked.headers.erase("if-match");   // a server that does not look at it
    const bool first = answers++ == 0;
    ServedReply reply = ServeObject(asked, first ? before : after, first ? "\"1\"" : "\"2\"");
    if (first) reply.body_bytes_sent = 20'480;
    return reply;
  });
  ASSERT_TRUE(Import(server.url() + "/x").ok());
  EXPECT_EQ(repository_.Read("got.txt"), after);
  EXPECT_THAT(repository_.Read("got.txt.dvc"), HasSubstr("'\"2\"'"));
}

TEST_F(ImportUrlTest, WhatTheServerRefusesLeavesNothing) {
  int status = 404;
  LoopbackServer server([&](const ServedRequest&) {
    ServedReply reply;
    reply.status = status;
    reply.body = "<html>no</html>";
    return reply;
  });
  for (const auto& [answer, code] : {std::pair(404, StatusCode::kNotFound), {401, StatusCode::kUnauthenticated},
                                     {403, StatusCode::kPermissionDenied}, {503, StatusCode::kUnavailable}}) {
    status = answer;
    const auto output = Import(server.url() + "/x?token=secret");
    ASSERT_FALSE(output.ok()) << answer;
    EXPECT_EQ(output.error().code(), code) << answer;
    EXPECT_THAT(output.error().message(), HasSubstr(server.url() + "/x"));
    EXPECT_THAT(output.error().message(), Not(HasSubstr("secret")));
    ExpectNothing();
  }
  // Promised and never sent.
  LoopbackServer lying([](const ServedRequest&) {
    ServedReply reply;
    reply.body = "short";
    reply.length = 1u << 30;
    return reply;
  });
  EXPECT_FALSE(Import(lying.url() + "/x").ok());
  ExpectNothing();
}

TEST_F(ImportUrlTest, WhatIsNoFileOrUrlIsRefused) {
  const auto scheme = Import("gopher://host/x");
  ASSERT_FALSE(scheme.ok());
  EXPECT_EQ(scheme.error().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(Import(repository_.Path("none").string()).ok());
  EXPECT_FALSE(Import(repository_.root().string()).ok()) << "a folder";
  ExpectNothing();
}

TEST_F(ImportUrlTest, WhatAKilledImportLeftIsRemovedByTheNextCommand) {
  std::filesystem::create_directories(repository_.Path(".dvc/tmp/pano/.pano-tmp-dead-0/.git"));
  repository_.Write(".dvc/tmp/pano/.pano-tmp-dead-0/.git/config", "x");
  repository_.Write(".dvc/tmp/pano/.pano-tmp-dead-1", "half");
  ASSERT_TRUE(repository_.Run([](const ScratchRepository::Tools&) -> Status { return {}; }).ok());
  ExpectNothing();
}

}  // namespace
}  // namespace pano::data
