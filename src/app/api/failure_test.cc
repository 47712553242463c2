#include "app/api/failure.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::api {
namespace {

std::string Header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Failure, SaysReasonAndFieldOfItsStatus) {
  Failure failure = InvalidArgument("too long").WithReason("context_length_exceeded");
  EXPECT_EQ(json::Dump(ErrorJson(failure, "r")),
            R"({"error":{"message":"too long","type":"invalid_request_error","param":null,)"
            R"("code":"context_length_exceeded","request_id":"r"}})");
  EXPECT_EQ(json::Dump(ErrorJson(BadField("n", "'n' is odd"), "r")),
            R"({"error":{"message":"'n' is odd","type":"invalid_request_error","param":"n",)"
            R"("code":"invalid_argument","request_id":"r"}})");
}

TEST(Failure, AReasonIsReadNeverTheText) {
  Failure failure = InvalidArgument("context_length_exceeded: or so");
  EXPECT_EQ(json::Dump(ErrorJson(failure, "r")),
            R"({"error":{"message":"context_length_exceeded: or so",)"
            R"("type":"invalid_request_error","param":null,"code":"invalid_argument",)"
            R"("request_id":"r"}})");
}

TEST(Failure, HttpMayHaveAStatusOfItsOwn) {
  EXPECT_EQ(Failure(NotFound("x")).HttpStatus(), 404);
  EXPECT_EQ(Failure(InvalidArgument("x"), 415).HttpStatus(), 415);
  EXPECT_EQ(ErrorResponse(Failure(InvalidArgument("x"), 405), "r").status, 405);
}

TEST(Failure, RetryAfterComesOnceWith429And503Alone) {
  Failure full(Status(StatusCode::kExhausted, "full"));
  full.retry_after_seconds = 9;
  EXPECT_EQ(Header(ErrorResponse(full, "r"), "Retry-After"), "9");
  http::Response gone = ErrorResponse(FromHttpStatus(503, "too many connections"), "r");
  EXPECT_EQ(std::count_if(gone.headers.begin(), gone.headers.end(),
                          [](const auto& header) { return header.first == "Retry-After"; }),
            1);
  EXPECT_EQ(Header(gone, "Retry-After"), "1");
  EXPECT_EQ(Header(ErrorResponse(InvalidArgument("x"), "r"), "Retry-After"), "");
}

TEST(Failure, ADialectMayWordItsOwn) {
  ErrorBody shape = [](const Failure& failure, std::string_view) {
    return json::Value(failure.status.message());
  };
  EXPECT_EQ(ErrorResponse(NotFound("nobody"), "r", shape).body, "\"nobody\"");
}

}  // namespace
}  // namespace pano::api
