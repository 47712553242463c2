#include "base/mapped_file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <span>
#include <string>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano {
namespace {

TEST(MappedFileTest, ForgottenBytesAreStillThere) {
  const std::string path = JoinPath(testing::TempDir(), StrCat("pano-env-", RandomHex(8)));
  const std::string text(100'000, 'x');
  ASSERT_TRUE(WriteFile(path, text).ok());
  auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  const std::span<const std::byte> bytes = (*file)->bytes();
  auto read = [&] {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  EXPECT_EQ(read(), text);
  (*file)->Forget(bytes);
  (*file)->Forget(bytes.subspan(10, 20));  // less than a page
  (*file)->Forget({});
  // What lies elsewhere is nobody's business.
  std::string other(20'000, 'y');
  (*file)->Forget(std::as_bytes(std::span(other)));
  EXPECT_EQ(other, std::string(20'000, 'y'));
  EXPECT_EQ(read(), text);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace pano
