#include "data/version/remote/object_key.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::remote {
namespace {

TEST(ObjectKey, GoesThereAndBack) {
  const std::string oid = "c89d9b37b56f51fe49f6fc251d63cf3f.dir";
  EXPECT_EQ(ObjectKey(oid), "files/md5/c8/9d9b37b56f51fe49f6fc251d63cf3f.dir");
  EXPECT_EQ(ObjectKey(oid, true), "c8/9d9b37b56f51fe49f6fc251d63cf3f.dir");
  EXPECT_EQ(ObjectIdOfKey(ObjectKey(oid)), oid);
  EXPECT_TRUE(IsManifestId(oid));
  EXPECT_EQ(HashOf(oid), "c89d9b37b56f51fe49f6fc251d63cf3f");
}

TEST(ObjectKey, OtherNamesAreNone) {
  for (const char* name :
       {"", "..", "c89d9b37b56f51fe49f6fc251d63cf3", "C89d9b37b56f51fe49f6fc251d63cf3f",
        "../../../../../../../etc/passwd.dir", "c89d9b37b56f51fe49f6fc251d63cf3f.dir.dir"}) {
    EXPECT_FALSE(IsObjectId(name)) << name;
  }
  for (const char* key : {"files/md5/c8", "files/md5/c8/9d9b37b56f51fe49f6fc251d63cf3f.tmp-1234",
                          "tmp/put.tmp-1", "files/md5//c89d9b37b56f51fe49f6fc251d63cf3f"}) {
    EXPECT_FALSE(ObjectIdOfKey(key).has_value()) << key;
  }
}

}  // namespace
}  // namespace pano::remote
