#include "app/auth/issuer/auth_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "app/auth/issuer/testing/issuer_rig.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::issuer {
namespace {

using testing::TemporaryFolder;

std::unique_ptr<AuthStore> Made(const TemporaryFolder& folder) {
  EXPECT_TRUE(AuthStore::Init(folder.state(), jose::Algorithm::kEs256, 100).value());
  return std::move(AuthStore::Open(folder.state())).value();
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST(AuthStore, IsItsOwnersAlone) {
  TemporaryFolder folder;
  auto store = Made(folder);
  ASSERT_TRUE(store->AddClient({.id = "c", .tenant = "t", .scope = "admin", .secret_hash = "h"}).ok());
  EXPECT_EQ(ModeOf(folder.state()), 0700u);
  const std::vector<std::string> names = Env::Real().List(folder.state()).value();
  for (const std::string& name : names) {
    EXPECT_EQ(ModeOf(JoinPath(folder.state(), name)), 0600u) << name;
  }
  // What somebody opened up is closed again.
  store.reset();
  ::chmod((folder.state() + "/auth.db").c_str(), 0644);
  ASSERT_TRUE(AuthStore::Open(folder.state()).ok());
  EXPECT_EQ(ModeOf(folder.state() + "/auth.db"), 0600u);
}

TEST(AuthStore, InitKeepsWhatIsThere) {
  TemporaryFolder folder;
  const std::string key = Made(folder)->server_key();
  EXPECT_EQ(key.size(), 43u);
  EXPECT_FALSE(AuthStore::Init(folder.state(), jose::Algorithm::kRs256, 200).value());
  EXPECT_EQ(AuthStore::Open(folder.state()).value()->server_key(), key);
}

TEST(AuthStore, SaysWhatIsWrongWithTheFolder) {
  TemporaryFolder folder;
  Status absent = AuthStore::Open(folder.state()).status();
  EXPECT_EQ(absent.code(), StatusCode::kNotFound);
  EXPECT_NE(absent.message().find("pano auth init --state"), std::string::npos);
  ASSERT_TRUE(WriteFile(folder.path() + "/file", "x").ok());
  EXPECT_FALSE(AuthStore::Init(folder.path() + "/file", jose::Algorithm::kEs256, 1).ok());
  EXPECT_FALSE(AuthStore::Init(folder.path() + "/no/state", jose::Algorithm::kEs256, 1).ok());
  // An init that was killed at its start left an empty file.
  ASSERT_TRUE(Env::Real().MakeFolder(folder.state()).ok());
  ASSERT_TRUE(WriteFile(folder.state() + "/auth.db", "").ok());
  EXPECT_EQ(AuthStore::Open(folder.state()).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(AuthStore::Init(folder.state(), jose::Algorithm::kEs256, 1).value());
}

TEST(AuthStore, RefusesDamagedForeignAndNewerFilesByName) {
  TemporaryFolder folder;
  Made(folder);
  const std::string path = folder.state() + "/auth.db";
  const std::string good = ReadFile(path).value();
  const auto open_with = [&](const std::string& bytes) {
    EXPECT_TRUE(WriteFile(path, bytes).ok());
    return AuthStore::Open(folder.state()).status();
  };
  Status text = open_with("this is no database, but long enough to be read as one " + std::string(2000, 'x'));
  EXPECT_EQ(text.code(), StatusCode::kCorruption) << text.message();
  EXPECT_NE(text.message().find(path), std::string::npos);
  EXPECT_FALSE(open_with(good.substr(0, good.size() / 2)).ok());
  EXPECT_TRUE(open_with(good).ok());
  std::string newer = good;
  newer[63] = 9;  // the last byte of the user version
  EXPECT_EQ(open_with(newer).code(), StatusCode::kUnimplemented);
  std::string foreign = good;
  foreign[68] = 'x';  // of the application id
  EXPECT_EQ(open_with(foreign).code(), StatusCode::kCorruption);
  // Any page filled with noise ends in a Status.
  for (size_t page = 0; page < good.size() / 4096; ++page) {
    std::string noise = good;
    for (size_t i = 0; i < 4096; ++i) noise[page * 4096 + i] = static_cast<char>(i * 37 + page * 11);
    ASSERT_TRUE(WriteFile(path, noise).ok());
    auto store = AuthStore::Open(folder.state());
    if (store.ok()) (void)(*store)->Clients();
  }
}

TEST(AuthStore, KeepsClientsUsersAndKeys) {
  TemporaryFolder folder;
  auto store = Made(folder);
  const int64_t before = store->Revision().value();
  ASSERT_TRUE(store->AddClient({.id = "c", .tenant = "t", .scope = "admin", .secret_hash = "", .redirect_uris = {"https://a/", "https://b/"}, .created = 5}).ok());
  EXPECT_GT(store->Revision().value(), before);
  EXPECT_EQ(store->AddClient({.id = "c"}).code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(store->AddUser({.id = "u", .tenant = "t", .scope = "s", .password_hash = "h", .created = 6}).ok());
  ASSERT_TRUE(store->AddApiKey({.id = "k", .tenant = "t", .scope = "s", .mac = std::string("a\0b", 3), .created = 7, .expires = 9}).ok());
  store = std::move(AuthStore::Open(folder.state())).value();
  EXPECT_EQ(store->Clients().value()[0].redirect_uris, (std::vector<std::string>{"https://a/", "https://b/"}));
  EXPECT_EQ(store->Users().value()[0].password_hash, "h");
  EXPECT_EQ(store->ApiKeys().value()[0].mac, std::string("a\0b", 3));
  EXPECT_TRUE(store->RevokeClient("c", 50).ok());
  EXPECT_EQ(store->Clients().value()[0].revoked, 50);
  EXPECT_EQ(store->AddClient({.id = "c"}).code(), StatusCode::kAlreadyExists) << "must not come alive";
  EXPECT_EQ(store->RevokeClient("nobody", 50).code(), StatusCode::kNotFound);
  EXPECT_EQ(store->RevokeUser("nobody", 50).code(), StatusCode::kNotFound);
  EXPECT_EQ(store->RevokeApiKey("nobody", 50).code(), StatusCode::kNotFound);
}

TEST(AuthStore, SigningKeysOverlap) {
  TemporaryFolder folder;
  auto store = Made(folder);
  const std::string first = store->SigningKeys(100).value().at(0).kid;
  const jose::SigningKey next = jose::SigningKey::Generate(jose::Algorithm::kRs256).value();
  ASSERT_TRUE(store->AddSigningKey(next, 200, 300).ok());
  auto keys = store->SigningKeys(250).value();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].kid, next.thumbprint());
  EXPECT_EQ(keys[1].kid, first);
  EXPECT_EQ(store->SigningKeys(300).value().size(), 1u);
}

TEST(AuthStore, ARotatedFamilyEndsWhenAnOldTokenComesAgain) {
  TemporaryFolder folder;
  auto store = Made(folder);
  ASSERT_TRUE(store->AddCode("h", {.client = "c", .user = "u", .family = "f", .expires = 160}).ok());
  const auto any = [](const AuthorizationCode&) { return OkStatus(); };
  EXPECT_EQ(store->UseCode("h", 100, 1000, [](const AuthorizationCode&) { return InvalidArgument("no"); }).status().code(),
            StatusCode::kInvalidArgument);
  ASSERT_TRUE(store->UseCode("h", 100, 1000, any).ok()) << "a refusal uses nothing up";
  EXPECT_TRUE(store->AdvanceFamily("f", 0, 110, 1000).ok());
  EXPECT_TRUE(store->AdvanceFamily("f", 1, 120, 1000).ok());
  EXPECT_EQ(store->AdvanceFamily("f", 0, 130, 1000).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store->AdvanceFamily("f", 2, 130, 1000).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store->FindFamily("f").value().revoked, 130);
  EXPECT_EQ(store->Revocations(0).value().at(0).id, "f");
  EXPECT_EQ(store->UseCode("h", 140, 1000, any).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(store->UseCode("x", 140, 1000, any).status().code(), StatusCode::kNotFound);
}

TEST(AuthStore, PruneForgetsWhatHasExpired) {
  TemporaryFolder folder;
  auto store = Made(folder);
  ASSERT_TRUE(store->AddCode("h", {.client = "c", .user = "u", .family = "f", .expires = 160}).ok());
  ASSERT_TRUE(store->UseCode("h", 100, 1000, [](const AuthorizationCode&) { return OkStatus(); }).ok());
  ASSERT_TRUE(store->RevokeToken("t", 500).ok());
  ASSERT_TRUE(store->Prune(400).ok());
  EXPECT_TRUE(store->FindFamily("f").ok());
  EXPECT_EQ(store->Revocations(0).value().size(), 1u);
  ASSERT_TRUE(store->Prune(2000).ok());
  EXPECT_FALSE(store->FindFamily("f").ok());
  EXPECT_TRUE(store->Revocations(0).value().empty());
  // Numbers of revocations are never used twice: who follows them misses none.
  ASSERT_TRUE(store->RevokeToken("t2", 5000).ok());
  EXPECT_EQ(store->Revocations(1).value().size(), 1u);
}

TEST(AuthStore, SeveralWritersTakeTurns) {
  TemporaryFolder folder;
  auto one = Made(folder);
  auto two = std::move(AuthStore::Open(folder.state())).value();
  const auto write = [](AuthStore& store, std::string prefix) {
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(store.AddClient({.id = StrCat(prefix, i)}).ok());
  };
  {
    std::jthread a(write, std::ref(*one), "a");
    std::jthread b(write, std::ref(*two), "b");
  }
  EXPECT_EQ(one->Clients().value().size(), 80u);
}

// A process that adds clients is killed at some moment: whatever it had been told is done is there, and the
// store can be used.
TEST(AuthStore, KillAtAnyMomentLosesNothingThatWasSaid) {
  TemporaryFolder folder;
  Made(folder);
  int told = 0;
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = AuthStore::Open(folder.state());
      for (int i = 0; store.ok(); ++i) {
        if (!(*store)->AddClient({.id = StrCat("r", round, "-", i), .tenant = "t", .scope = "admin"}).ok()) break;
        if (::write(pipe_ends[1], "x", 1) != 1) break;
      }
      ::_exit(1);
    }
    ::close(pipe_ends[1]);
    char byte = 0;
    for (int i = 0; i < 3 + round && ::read(pipe_ends[0], &byte, 1) == 1; ++i) ++told;
    ::usleep(static_cast<useconds_t>(700 * round));
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &byte, 1) == 1) ++told;
    ::close(pipe_ends[0]);
    ::waitpid(child, nullptr, 0);
    auto store = AuthStore::Open(folder.state());
    ASSERT_TRUE(store.ok()) << store.error().message();
    const int there = static_cast<int>((*store)->Clients().value().size());
    EXPECT_GE(there, told);
    EXPECT_LE(there, told + round + 1);  // at most the one that was not said, of each round
    ASSERT_TRUE((*store)->AddUser({.id = StrCat("u", round)}).ok());
  }
  EXPECT_GT(told, 20);
}

}  // namespace
}  // namespace pano::issuer
