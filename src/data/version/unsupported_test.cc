// What DVC has and pano has not is refused in words, not passed over.

#include <gtest/gtest.h>

#include "data/version/repository_lock.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

TEST(Unsupported, FilesByACloudsVersionsAreRefusedByName) {
  const ScratchRepository scratch("data-cloud");
  scratch.Write("data.dvc",
                "outs:\n- path: data\n  hash: md5\n  files:\n  - relpath: a\n    md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n    size: 5\n"
                "    cloud:\n      s3:\n        etag: d8e8fca2dc0f896fd7cb4cb0031ba249\n        version_id: abc\n");
  const std::string before = scratch.Read("data.dvc");
  const Status checkout = scratch.Checkout(true);
  EXPECT_EQ(checkout.code(), StatusCode::kUnimplemented);
  EXPECT_NE(checkout.message().find("data.dvc"), std::string::npos) << checkout.message();
  scratch.Write("data/a", "test\n");
  EXPECT_EQ(scratch.Add({"data"}).code(), StatusCode::kUnimplemented);
  const Status commit = scratch.Run([](const ScratchRepository::Tools& tools) -> Status {
    PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets, FindTargets(tools.repository, tools.index, {}));
    return Tracking(tools.workspace, tools.index).Commit(targets, true);
  });
  EXPECT_EQ(commit.code(), StatusCode::kUnimplemented) << commit.message();
  EXPECT_EQ(scratch.Read("data.dvc"), before);
}

TEST(Unsupported, LocksByHardLinksAreRefused) {
  const ScratchRepository scratch("data-hardlink-lock");
  scratch.Write(".dvc/config", "[core]\n    no_scm = True\n    hardlink_lock = true\n");
  const auto repository = Repository::Find(scratch.root().string());
  ASSERT_TRUE(repository.ok()) << repository.status().message();
  const auto lock = RepositoryLock::Take(**repository);
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.status().code(), StatusCode::kUnimplemented);
  EXPECT_NE(lock.status().message().find("core.hardlink_lock"), std::string::npos);
}

}  // namespace
}  // namespace pano::data
