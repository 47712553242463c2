#include "data/version/remote/s3/sigv4.h"

#include <gtest/gtest.h>

#include <string>

#include "data/version/remote/hmac.h"

namespace pano::remote {
namespace {

constexpr char kEmptySha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string SignatureOf(const SigV4Request& request, const AwsCredentials& credentials,
                        const std::string& date, const std::string& service) {
  const std::string header = Authorization(request, credentials, date, "us-east-1", service);
  return header.substr(header.rfind("Signature=") + 10);
}

// Examples of "Authenticating Requests: Using the Authorization Header" in the API reference of
// Amazon S3.
TEST(SigV4, SignsTheExamplesOfS3) {
  const AwsCredentials credentials = {"AKIAIOSFODNN7EXAMPLE",
                                      "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  const std::string date = "20130524T000000Z", host = "examplebucket.s3.amazonaws.com";
  SigV4Request get{"GET",
                   "/test.txt",
                   {},
                   {{"Host", host},
                    {"Range", "bytes=0-9"},
                    {"x-amz-content-sha256", kEmptySha256},
                    {"x-amz-date", date}},
                   kEmptySha256};
  EXPECT_EQ(Authorization(get, credentials, date, "us-east-1", "s3"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  const std::string body_hash = Sha256Hex("Welcome to Amazon S3.");
  SigV4Request put{"PUT",
                   "/test$file.text",
                   {},
                   {{"Host", host},
                    {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                    {"x-amz-content-sha256", body_hash},
                    {"x-amz-date", date},
                    {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                   body_hash};
  EXPECT_EQ(SignatureOf(put, credentials, date, "s3"),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  SigV4Request lifecycle{
      "GET",
      "/",
      {{"lifecycle", ""}},
      {{"Host", host}, {"x-amz-content-sha256", kEmptySha256}, {"x-amz-date", date}},
      kEmptySha256};
  EXPECT_EQ(SignatureOf(lifecycle, credentials, date, "s3"),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  SigV4Request list = lifecycle;
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(SignatureOf(list, credentials, date, "s3"),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Of AWS's published Signature Version 4 test suite.
TEST(SigV4, SignsTheTestSuite) {
  const AwsCredentials credentials = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                      ""};
  const std::string date = "20150830T123600Z";
  const SigV4Request vanilla{
      "GET", "/", {}, {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", date}}, kEmptySha256};
  EXPECT_EQ(SignatureOf(vanilla, credentials, date, "service"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  SigV4Request post = vanilla;
  post.method = "POST";
  EXPECT_EQ(SignatureOf(post, credentials, date, "service"),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  SigV4Request query = vanilla;
  query.query = {{"Param2", "value2"}, {"Param1", "value1"}};
  EXPECT_EQ(SignatureOf(query, credentials, date, "service"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  SigV4Request utf8 = vanilla;
  utf8.path = "/\xe1\x88\xb4";
  EXPECT_EQ(SignatureOf(utf8, credentials, date, "service"),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
}

TEST(SigV4, EncodesAndSorts) {
  EXPECT_EQ(CanonicalQuery({{"b", "2"}, {"a", "x/y"}, {"a", "1"}, {"uploads", ""}}),
            "a=1&a=x%2Fy&b=2&uploads=");
  EXPECT_EQ(AmzDate(1369353600), "20130524T000000Z");
  const SigV4Request request{"GET", "/", {}, {{"B", " x   y "}, {"a", "1"}, {"b", "z"}}, "p"};
  EXPECT_EQ(CanonicalRequest(request), "GET\n/\n\na:1\nb:x y,z\n\na;b\np");
}

}  // namespace
}  // namespace pano::remote
