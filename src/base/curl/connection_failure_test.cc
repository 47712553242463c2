#include "base/curl/connection_failure.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

namespace pano {
namespace {

constexpr char kUrl[] = "https://user:secret@host.example/x?token=t";

TEST(ConnectionFailure, SaysWhatCanBeDone) {
  EXPECT_EQ(ConnectionFailure(CURLE_COULDNT_CONNECT, kUrl, "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(ConnectionFailure(CURLE_PARTIAL_FILE, kUrl, "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(ConnectionFailure(CURLE_OPERATION_TIMEDOUT, kUrl, "").code(), StatusCode::kDeadline);
  EXPECT_EQ(ConnectionFailure(CURLE_URL_MALFORMAT, kUrl, "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ConnectionFailure(CURLE_UNSUPPORTED_PROTOCOL, kUrl, "").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ConnectionFailure(CURLE_OUT_OF_MEMORY, kUrl, "").reason(), "memory");
  const Status untrusted = ConnectionFailure(CURLE_PEER_FAILED_VERIFICATION, kUrl, "");
  EXPECT_EQ(untrusted.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(untrusted.reason(), "certificate");
}

TEST(ConnectionFailure, NamesTheUrlWithoutItsSecrets) {
  const std::string said = ConnectionFailure(CURLE_COULDNT_CONNECT, kUrl, "no route\nto it").message();
  EXPECT_TRUE(said.starts_with("https://host.example/x: ")) << said;
  EXPECT_NE(said.find("no route"), said.npos);
  EXPECT_EQ(said.find_first_of("\n"), said.npos);
  EXPECT_EQ(said.find("secret"), said.npos);
  EXPECT_EQ(said.find("token"), said.npos);
}

}  // namespace
}  // namespace pano
