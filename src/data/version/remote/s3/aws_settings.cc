#include "data/version/remote/s3/aws_settings.h"

#include <initializer_list>
#include <utility>

#include "base/strings.h"

namespace pano::remote {
namespace {

constexpr size_t kBytesMax = 1u << 20;

std::string First(std::initializer_list<std::string> values) {
  for (const std::string& value : values) {
    if (!value.empty()) return value;
  }
  return "";
}

std::string Of(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

// The sections of a file; none when it is not there.
Result<AwsSections> Load(const std::string& path, Env& files) {
  Result<std::string> text = ReadFile(path, kBytesMax, files);
  if (!text.ok()) {
    if (text.error().code() == StatusCode::kNotFound) return AwsSections();
    return text.error();
  }
  return ParseAwsConfig(*text).Wrap(path);
}

}  // namespace

Result<AwsSections> ParseAwsConfig(std::string_view text) {
  if (text.size() > kBytesMax)
    return InvalidArgument(StrCat("has more than ", kBytesMax, " bytes"));
  AwsSections sections;
  std::map<std::string, std::string>* section = nullptr;
  std::string parent;
  int number = 0;
  for (const std::string_view raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      const size_t end = line.find(']');
      if (end == std::string_view::npos)
        return InvalidArgument(StrCat("line ", number, ": a section's name has no ']'"));
      section = &sections[std::string(Trim(line.substr(1, end - 1)))];
      parent.clear();
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || section == nullptr) {
      return InvalidArgument(StrCat("line ", number, ": neither a section nor 'key = value'"));
    }
    std::string key = ToLower(Trim(line.substr(0, equals)));
    std::string_view value = Trim(line.substr(equals + 1));
    const bool nested = raw[0] == ' ' || raw[0] == '\t';
    if (nested && !parent.empty()) {
      key = StrCat(parent, ".", key);
    } else {
      parent = value.empty() ? key : "";
    }
    for (size_t comment = value.find_first_of("#;"); comment != std::string_view::npos;
         comment = value.find_first_of("#;", comment + 1)) {
      if (comment > 0 && (value[comment - 1] == ' ' || value[comment - 1] == '\t')) {
        value = Trim(value.substr(0, comment));
        break;
      }
    }
    (*section)[key] = std::string(value);
  }
  return sections;
}

Result<AwsSettings> FindAwsSettings(const std::map<std::string, std::string>& remote,
                                    bool anonymous, const Env& env, Env& files) {
  const std::string home = env.Variable("HOME");
  const std::string credentials_path =
      First({Of(remote, "credentialpath"), env.Variable("AWS_SHARED_CREDENTIALS_FILE"),
             home.empty() ? "" : home + "/.aws/credentials"});
  const std::string config_path = First({Of(remote, "configpath"), env.Variable("AWS_CONFIG_FILE"),
                                         home.empty() ? "" : home + "/.aws/config"});
  const std::string profile = First({Of(remote, "profile"), env.Variable("AWS_PROFILE"),
                                     env.Variable("AWS_DEFAULT_PROFILE"), "default"});
  AwsSections credentials, config;
  if (!credentials_path.empty()) {
    PANO_ASSIGN_OR_RETURN(credentials, Load(credentials_path, files));
  }
  if (!config_path.empty()) {
    PANO_ASSIGN_OR_RETURN(config, Load(config_path, files));
  }
  const std::map<std::string, std::string>& from_credentials = credentials[profile];
  std::map<std::string, std::string> from_config =
      config[profile == "default" ? profile : "profile " + profile];
  if (const auto plain = config.find(profile); plain != config.end())
    from_config.insert(plain->second.begin(), plain->second.end());

  AwsSettings settings;
  settings.region =
      First({Of(remote, "region"), env.Variable("AWS_REGION"), env.Variable("AWS_DEFAULT_REGION"),
             Of(from_config, "region"), "us-east-1"});
  settings.endpoint = First({Of(remote, "endpointurl"), env.Variable("AWS_ENDPOINT_URL_S3"),
                             env.Variable("AWS_ENDPOINT_URL"), Of(from_config, "endpoint_url")});
  settings.addressing_style =
      First({Of(remote, "addressing_style"), Of(from_config, "s3.addressing_style")});
  if (settings.addressing_style == "auto") settings.addressing_style.clear();
  AwsCredentials& found = settings.credentials;
  if (!Of(remote, "access_key_id").empty()) {
    found = {Of(remote, "access_key_id"), Of(remote, "secret_access_key"),
             Of(remote, "session_token")};
  } else if (Of(remote, "profile").empty() && !env.Variable("AWS_ACCESS_KEY_ID").empty()) {
    found = {env.Variable("AWS_ACCESS_KEY_ID"), env.Variable("AWS_SECRET_ACCESS_KEY"),
             env.Variable("AWS_SESSION_TOKEN")};
  } else {
    for (const auto& section : {from_credentials, from_config}) {
      if (!Of(section, "aws_access_key_id").empty()) {
        found = {Of(section, "aws_access_key_id"), Of(section, "aws_secret_access_key"),
                 Of(section, "aws_session_token")};
        break;
      }
    }
  }
  if (found.access_key.empty() && !anonymous) {
    return Status(StatusCode::kUnauthenticated,
                  StrCat("no credentials for S3: neither in the remote's settings (access_key_id), "
                         "nor in AWS_ACCESS_KEY_ID, nor as profile '",
                         profile, "' in ",
                         credentials_path.empty() ? "~/.aws/credentials" : credentials_path));
  }
  if (!found.access_key.empty() && found.secret_key.empty()) {
    return Status(StatusCode::kUnauthenticated,
                  StrCat("credentials for S3: the access key ", Printable(found.access_key),
                         " has no secret key"));
  }
  return settings;
}

}  // namespace pano::remote
