#include "base/curl/library.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace pano {
namespace {

TEST(CurlLibrary, IsLoadedOnceByWhoeverComesFirst) {
  std::vector<const CurlLibrary*> seen(8);
  {
    std::vector<std::jthread> threads;
    for (const CurlLibrary*& each : seen) {
      threads.emplace_back([&each] { each = CurlLibrary::Load().value_or(nullptr); });
    }
  }
  ASSERT_NE(seen[0], nullptr);
  for (const CurlLibrary* each : seen) EXPECT_EQ(each, seen[0]);
}

TEST(CurlLibrary, ItsFunctionsAreLibcurls) {
  const Result<const CurlLibrary*> loaded = CurlLibrary::Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const CurlLibrary& curl = **loaded;
  EXPECT_EQ(curl.getdate("Sun, 06 Nov 1994 08:49:37 GMT", nullptr), 784'111'777);
  EXPECT_NE(std::string(curl.easy_strerror(CURLE_COULDNT_CONNECT)), "");
  CURL* const easy = curl.easy_init();
  ASSERT_NE(easy, nullptr);
  // Arguments of each kind pass through a pointer to a function of any number of them.
  EXPECT_EQ(curl.easy_setopt(easy, CURLOPT_URL, "nothing://host.example/"), CURLE_OK);
  EXPECT_EQ(curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L), CURLE_OK);
  EXPECT_EQ(curl.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t{1} << 40), CURLE_OK);
  EXPECT_EQ(curl.easy_perform(easy), CURLE_UNSUPPORTED_PROTOCOL);
  curl.easy_cleanup(easy);
}

}  // namespace
}  // namespace pano
