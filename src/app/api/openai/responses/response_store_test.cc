#include "app/api/openai/responses/response_store.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::api::openai {
namespace {

using std::chrono::seconds;

class ResponseStoreTest : public ::testing::Test {
 protected:
  static std::shared_ptr<StoredResponse> Turn(std::string id, size_t text_bytes = 1,
                                              std::shared_ptr<const StoredResponse> previous = nullptr) {
    auto turn = std::make_shared<StoredResponse>();
    turn->id = std::move(id);
    turn->messages = json::Value(std::string(text_bytes, 'x'));
    turn->previous = std::move(previous);
    return turn;
  }
  void Put(const std::string& owner, std::string id, size_t text_bytes = 1) {
    store_.Put(owner, Turn(std::move(id), text_bytes), now_, seconds(60));
  }
  bool Has(std::string_view owner, std::string_view id) { return store_.Find(owner, id, now_).ok(); }

  TimePoint now_{};
  ResponseStore store_{{.owner_bytes_max = 50'000, .bytes_max = 100'000}};
};

TEST_F(ResponseStoreTest, IsFoundByItsOwnerUntilItsTimeIsOver) {
  Put("a", "r1");
  EXPECT_TRUE(Has("a", "r1"));
  EXPECT_FALSE(Has("b", "r1"));
  EXPECT_FALSE(Has("a", "r2"));
  EXPECT_EQ(store_.Find("b", "r1", now_).error().message(), "there is no response 'r1' here");
  now_ += seconds(59);
  EXPECT_TRUE(Has("a", "r1"));
  now_ += seconds(1);
  EXPECT_FALSE(Has("a", "r1"));
  EXPECT_EQ(store_.Delete("a", "r1", now_).code(), StatusCode::kNotFound);
  Put("a", "r3");
  now_ += seconds(60);
  Put("b", "r4");   // others' times are looked at, too
  EXPECT_EQ(store_.count(), 1u);
}

TEST_F(ResponseStoreTest, IsGoneOnceDeleted) {
  Put("a", "r1");
  EXPECT_EQ(store_.Delete("b", "r1", now_).code(), StatusCode::kNotFound);
  EXPECT_TRUE(store_.Delete("a", "r1", now_).ok());
  EXPECT_FALSE(Has("a", "r1"));
  EXPECT_EQ(store_.Delete("a", "r1", now_).code(), StatusCode::kNotFound);
  EXPECT_EQ(store_.bytes(), 0u);
}

TEST_F(ResponseStoreTest, AnOwnersOldestGoForItsNewest) {
  Put("b", "other", 1000);
  for (int i = 0; i < 20; ++i) Put("a", StrCat("r", i), 9000);
  EXPECT_TRUE(Has("a", "r19"));
  EXPECT_TRUE(Has("a", "r17"));
  EXPECT_FALSE(Has("a", "r0"));
  EXPECT_TRUE(Has("b", "other"));
  EXPECT_LE(store_.bytes(), 55'000u);
}

TEST_F(ResponseStoreTest, WhoHoldsMostMakesRoomForAll) {
  for (int i = 0; i < 4; ++i) Put("big", StrCat("r", i), 10'000);
  for (int i = 0; i < 40; ++i) Put(StrCat("small", i), "r", 1000);
  EXPECT_LE(store_.bytes(), 100'000u);
  EXPECT_FALSE(Has("big", "r0"));
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(Has(StrCat("small", i), "r")) << i;
}

TEST_F(ResponseStoreTest, TurnsThatAreGoneOnFromStayAndCount) {
  auto first = Turn("r1", 20'000);
  store_.Put("a", first, now_, seconds(60));
  auto second = Turn("r2", 10'000, first);
  store_.Put("a", second, now_, seconds(60));
  first.reset();
  EXPECT_TRUE(store_.Delete("a", "r1", now_).ok());
  EXPECT_GT(store_.bytes(), 30'000u);   // r2 still has it
  EXPECT_FALSE(Has("a", "r1"));
  EXPECT_TRUE(store_.CheckRoom(second.get(), 1000).ok());
  EXPECT_EQ(store_.CheckRoom(second.get(), 30'000).reason(), "response_too_large");
  second.reset();
  EXPECT_TRUE(store_.Delete("a", "r2", now_).ok());
  EXPECT_EQ(store_.bytes(), 0u);
}

TEST_F(ResponseStoreTest, ItemsOfAnswersAreFound) {
  auto turn = Turn("r1");
  turn->response = json::Parse(R"({"output":[{"id":"i1","x":1},{"id":"i2","x":2},{}]})").value();
  store_.Put("a", turn, now_, seconds(60));
  EXPECT_EQ(json::Dump(store_.FindItem("a", "i2", now_).value()), R"({"id":"i2","x":2})");
  EXPECT_EQ(store_.FindItem("b", "i2", now_).error().reason(), "item_not_found");
  EXPECT_FALSE(store_.FindItem("a", "i3", now_).ok());
  EXPECT_FALSE(store_.FindItem("a", "i2", now_ + seconds(60)).ok());
  EXPECT_TRUE(store_.Delete("a", "r1", now_).ok());
  EXPECT_FALSE(store_.FindItem("a", "i2", now_).ok());
}

// Each turn once ended in the destructor of the one after it.
TEST_F(ResponseStoreTest, ALongTalkEndsWithoutRecursion) {
  std::shared_ptr<StoredResponse> last;
  for (int i = 0; i < 300'000; ++i) last = Turn("r", 1, last);
  last.reset();
}

}  // namespace
}  // namespace pano::api::openai
