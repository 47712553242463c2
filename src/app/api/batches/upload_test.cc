#include "app/api/batches/upload.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>

#include "base/strings.h"
#include "base/testing/fault_env.h"

namespace pano::api::batches {
namespace {

constexpr char kType[] = "multipart/form-data; boundary=X";

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() {
    std::string pattern = ::testing::TempDir() + "/uploads-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    Open();
  }
  ~UploadTest() override { std::filesystem::remove_all(folder_); }

  void Open(Env& env = Env::Real()) {
    server_.reset();
    server_ = std::make_unique<BatchServer>(BatchStore::Open(folder_, {.tenant_bytes_max = 3 << 20}, env).value(), BatchRunner::Options{});
  }
  std::shared_ptr<Upload> Begin(const std::string& tenant = "") {
    return std::make_shared<Upload>(*server_, kType, [tenant] { return tenant; });
  }
  // Whether more is wanted, once it was taken.
  static bool Take(Upload& upload, std::string piece) {
    std::promise<bool> taken;
    upload.Take(std::move(piece), [&taken](bool more) { taken.set_value(more); });
    return taken.get_future().get();
  }
  // What the server's thread was given before is over, and has let go of what it held.
  void Drain() {
    std::promise<void> done;
    server_->loop().Post([&done] { done.set_value(); });
    done.get_future().get();
  }
  size_t FilesOnDisk() {
    Drain();
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_ + "/files")) ++count;
    return count;
  }
  static std::string Part(std::string_view disposition, std::string_view content) {
    return StrCat("--X\r\nContent-Disposition: form-data; ", disposition, "\r\n\r\n", content, "\r\n");
  }
  static std::string FileHead() {
    return "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n";
  }

  std::string folder_;
  std::unique_ptr<BatchServer> server_;
};

TEST_F(UploadTest, AFileGoesToTheStoreAsItComes) {
  const auto upload = Begin();
  EXPECT_TRUE(Take(*upload, Part("name=purpose", "batch") + FileHead()));
  std::string content;
  for (int i = 0; i < 8; ++i) {
    const std::string piece(100'000, static_cast<char>('a' + i));
    EXPECT_TRUE(Take(*upload, piece));
    content += piece;
  }
  EXPECT_TRUE(Take(*upload, "\r\n--X--\r\n"));
  const auto file = upload->Keep("acme", 7);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->name, "in.jsonl");
  EXPECT_EQ(file->bytes, 800'000);
  EXPECT_EQ(ReadFile(server_->store().PathOf(file->id)).value(), content);
  EXPECT_EQ(server_->store().FindFile("acme", file->id)->created, 7);
}

TEST_F(UploadTest, WhatIsWrongEndsItAndLeavesNothing) {
  for (const auto& [form, what] : {std::pair(Part("name=purpose", "fine-tune") + FileHead(), "'purpose' must be \"batch\", not fine-tune"),
                                   std::pair(Part("name=other", "x"), "'other' is not supported here"),
                                   std::pair(Part("name=file; filename=a", "x") + FileHead(), "'file' stands twice"),
                                   std::pair(std::string("--X\r\nnonsense\r\n\r\n"), "the body is no multipart/form-data: a line in the head of a part has no colon")}) {
    const auto upload = Begin();
    EXPECT_FALSE(Take(*upload, form)) << form;
    EXPECT_EQ(upload->Keep("acme", 0).error().message(), what);
  }
  for (const auto& [form, what] : {std::pair(Part("name=purpose", "batch") + "--X--", "'file' is missing"),
                                   std::pair(Part("name=file; filename=a", "x") + "--X--", "'purpose' is missing"),
                                   std::pair(Part("name=purpose", "batch") + FileHead() + "x", "the body is no multipart/form-data: a part does not end with the boundary")}) {
    const auto upload = Begin();
    EXPECT_TRUE(Take(*upload, form)) << form;
    EXPECT_EQ(upload->Keep("acme", 0).error().message(), what);
  }
  {
    const auto upload = Begin();  // more than the tenant may have
    EXPECT_TRUE(Take(*upload, Part("name=purpose", "batch") + FileHead() + std::string(4 << 20, 'x') + "\r\n--X--"));
    EXPECT_EQ(upload->Keep("acme", 0).error().reason(), "too_many_files");
  }
  EXPECT_EQ(FilesOnDisk(), 0u);
  EXPECT_EQ(server_->uploads(), 0);
}

TEST_F(UploadTest, OnlySoManyAtATime) {
  std::vector<std::shared_ptr<Upload>> uploads;
  for (int i = 0; i < BatchServer::kUploadsMax; ++i) {
    EXPECT_TRUE(Take(*uploads.emplace_back(Begin()), "--X"));
    uploads.push_back(Begin());  // a head alone is no upload yet
  }
  {
    const auto more = Begin();
    EXPECT_FALSE(Take(*more, "--X"));
    EXPECT_EQ(more->Keep("acme", 0).error().code(), StatusCode::kUnavailable);
  }
  uploads.clear();
  Drain();
  EXPECT_TRUE(Take(*Begin(), "--X"));
}

TEST_F(UploadTest, OneTenantLeavesRoomForOthers) {
  std::vector<std::shared_ptr<Upload>> uploads;
  for (int i = 0; i < BatchServer::kTenantUploadsMax; ++i) {
    EXPECT_TRUE(Take(*uploads.emplace_back(Begin("acme")), "--X"));
  }
  {
    const auto more = Begin("acme");
    EXPECT_FALSE(Take(*more, "--X"));
    const Status status = more->Keep("acme", 0).error();
    EXPECT_EQ(status.code(), StatusCode::kExhausted);
    EXPECT_EQ(status.reason(), "too_many_uploads");
    EXPECT_NE(status.message().find("'acme'"), std::string::npos) << status.message();
  }
  EXPECT_TRUE(Take(*Begin("other"), "--X"));
  uploads.pop_back();
  Drain();
  EXPECT_TRUE(Take(*Begin("acme"), "--X"));
  Drain();
  EXPECT_EQ(server_->uploads(), BatchServer::kTenantUploadsMax - 1);
}

TEST_F(UploadTest, AFullDiskIsSaid) {
  // The first call is that of the upload's file.
  int64_t calls = 0;
  {
    FaultEnv counting(Env::Real(), {});
    Open(counting);
    calls = counting.calls();
    server_.reset();
  }
  FaultEnv full(Env::Real(), {.fail_at = calls + 1, .fail_errno = ENOSPC});
  Open(full);
  auto upload = Begin();
  EXPECT_FALSE(Take(*upload, Part("name=purpose", "batch") + FileHead() + std::string(2 << 20, 'x')));
  const Status status = upload->Keep("acme", 0).error();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.message();
  EXPECT_EQ(status.reason(), "disk_full");
  EXPECT_EQ(status.message(), "the server's disk has no room for this file; it was not kept");
  upload.reset();
  Drain();
  server_.reset();
}

TEST_F(UploadTest, ItsRouteAloneTakesSoMuch) {
  http::Request head;
  head.method = "POST";
  head.path = "/v1/files";
  const auto tenant_of = [](const http::Request&) { return std::string("acme"); };
  const auto rule = BodyRuleOf(*server_, head, tenant_of);
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->bytes_max, BatchServer::kUploadBytesMax);
  EXPECT_TRUE(rule->sink);
  head.path = "/v1/batches";
  EXPECT_FALSE(BodyRuleOf(*server_, head, tenant_of));
  head.path = "/v1/files";
  head.method = "GET";
  EXPECT_FALSE(BodyRuleOf(*server_, head, tenant_of));
}

}  // namespace
}  // namespace pano::api::batches
