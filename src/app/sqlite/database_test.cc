#include "app/sqlite/database.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace pano::sqlite {
namespace {

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = ::testing::TempDir() + "/sqlite-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/a.db";
    std::ofstream{path_};
  }
  ~DatabaseTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_, path_;
};

TEST_F(DatabaseTest, KeepsWhatWasCommittedAndNothingElse) {
  {
    auto database = std::move(Database::Open(path_, "test")).value();
    ASSERT_TRUE(database->Script("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)").ok());
    ASSERT_TRUE(database->Run("INSERT INTO t VALUES(?,?)", {int64_t{1}, "one"}).ok());
    EXPECT_EQ(database->changed(), 1);
    {
      auto transaction = Transaction::Begin(*database);
      ASSERT_TRUE(transaction.ok());
      EXPECT_TRUE(database->in_transaction());
      ASSERT_TRUE(database->Run("INSERT INTO t VALUES(?,?)", {int64_t{2}, "two"}).ok());
    }
    EXPECT_FALSE(database->in_transaction());
    EXPECT_EQ(database->Run("INSERT INTO t VALUES(?,?)", {int64_t{1}, "again"}).code(), StatusCode::kAlreadyExists);
  }
  auto database = std::move(Database::Open(path_, "test")).value();
  std::vector<std::string> rows;
  ASSERT_TRUE(database->Query("SELECT a,b FROM t", {}, [&](const Row& row) {
                        rows.push_back(std::to_string(row.Int(0)) + row.Text(1));
                      }).ok());
  EXPECT_EQ(rows, std::vector<std::string>{"1one"});
}

TEST_F(DatabaseTest, SaysWhoseAndWhichFileIsWrong) {
  const auto missing = Database::Open(folder_ + "/none.db", "test");
  EXPECT_EQ(missing.error().code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(missing.error().message().starts_with("[test] " + folder_ + "/none.db: "));
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_EQ(Database::Open(path_, "test").error().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace pano::sqlite
