#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pano::remote {

struct AwsCredentials {
  std::string access_key, secret_key, session_token;  // no access key: requests are not signed
};

// What is signed. A value.
struct SigV4Request {
  std::string method;
  std::string path;                                          // not encoded, begins with '/'
  std::vector<std::pair<std::string, std::string>> query;    // not encoded
  std::vector<std::pair<std::string, std::string>> headers;  // that are signed; "host" among them
  std::string payload_sha256;                                // hexadecimal, or UNSIGNED-PAYLOAD
};

// AWS Signature Version 4
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html); its UriEncode
// is PercentEncode.
//
// "a=1&b=2", sorted and encoded as it is signed: what the URL has to have, too.
std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> query);
std::string CanonicalRequest(const SigV4Request& request);
// "20130524T000000Z".
std::string AmzDate(int64_t unix_seconds);
// The value of the Authorization header. `amz_date` is that of the x-amz-date header.
std::string Authorization(const SigV4Request& request, const AwsCredentials& credentials,
                          std::string_view amz_date, std::string_view region,
                          std::string_view service);

}  // namespace pano::remote
