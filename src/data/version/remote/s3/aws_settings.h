#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "data/version/remote/s3/sigv4.h"

namespace pano::remote {

// Sections of an AWS configuration file (~/.aws/config, ~/.aws/credentials): "[name]" and "key =
// value" lines, "#" and
// ";" begin comments, indented lines below a key without a value are its own settings
// ("s3.addressing_style"). InvalidArgument with the line.
using AwsSections = std::map<std::string, std::map<std::string, std::string>>;
Result<AwsSections> ParseAwsConfig(std::string_view text);

// What a bucket is reached with. A value.
struct AwsSettings {
  AwsCredentials credentials;
  std::string region = "us-east-1";
  std::string endpoint;          // "" = AWS's own
  std::string addressing_style;  // "path", "virtual", "" = what the endpoint makes likely
};

// From the settings of a remote (DVC's names: access_key_id, secret_access_key, session_token,
// profile, region, endpointurl, credentialpath, configpath), then the environment (AWS_...), then
// the files in ~/.aws, as AWS's own tools look. Unauthenticated when there are no credentials
// anywhere, unless `anonymous` allows that.
Result<AwsSettings> FindAwsSettings(const std::map<std::string, std::string>& remote,
                                    bool anonymous, const Env& env, Env& files);

}  // namespace pano::remote
