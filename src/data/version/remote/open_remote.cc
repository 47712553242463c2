#include "data/version/remote/open_remote.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "data/version/remote/directory_remote.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/http/http_remote.h"
#include "data/version/remote/s3/s3_remote.h"

namespace pano::remote {
namespace {

// Reads options by name. Confined to one call.
class Options {
 public:
  explicit Options(const RemoteSettings& settings) : settings_(settings) {}

  std::string Text(const std::string& key) const {
    const auto found = settings_.options.find(key);
    return found == settings_.options.end() ? "" : found->second;
  }
  Result<bool> Bool(const std::string& key, bool fallback) const {
    const std::string text = ToLower(Text(key));
    if (text.empty()) return fallback;
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return Wrong(key, "is true or false");
  }
  Result<int64_t> Int(const std::string& key, int64_t fallback, int64_t most) const {
    if (Text(key).empty()) return fallback;
    const std::optional<int64_t> value = ParseInt(Text(key));
    if (!value || *value < 1 || *value > most)
      return Wrong(key, StrCat("is a number from 1 to ", most));
    return *value;
  }
  Status Wrong(const std::string& key, std::string_view why) const {
    return InvalidArgument(StrCat("remote '", Printable(settings_.name), "': ", key, " ", why));
  }

 private:
  const RemoteSettings& settings_;
};

Result<HttpOptions> HttpOptionsOf(const Options& options) {
  HttpOptions http;
  const std::string verify = options.Text("ssl_verify");
  // ssl_verify is a switch or the file with the authorities.
  if (verify.find('/') != std::string::npos) {
    http.ca_file = verify;
  } else {
    PANO_ASSIGN_OR_RETURN(http.verify, options.Bool("ssl_verify", true));
  }
  PANO_ASSIGN_OR_RETURN(const int64_t connect, options.Int("connect_timeout", 15, 3600));
  PANO_ASSIGN_OR_RETURN(const int64_t read, options.Int("read_timeout", 30, 3600));
  http.connect_timeout = std::chrono::seconds(connect);
  http.stall_timeout = std::chrono::seconds(read);
  return http;
}

Result<std::unique_ptr<Remote>> OpenS3(const RemoteSettings& settings, const Options& options,
                                       Env& env, Clock& clock, int jobs) {
  S3Options s3;
  PANO_ASSIGN_OR_RETURN(auto place, S3Remote::ParseUrl(options.Text("url")));
  s3.bucket = std::move(place.first);
  s3.prefix = std::move(place.second);
  PANO_ASSIGN_OR_RETURN(s3.http, HttpOptionsOf(options));
  PANO_ASSIGN_OR_RETURN(const bool anonymous, options.Bool("allow_anonymous_login", false));
  PANO_ASSIGN_OR_RETURN(s3.aws, FindAwsSettings(settings.options, anonymous, env, env));
  if (s3.aws.endpoint.find("://") == std::string::npos && !s3.aws.endpoint.empty()) {
    PANO_ASSIGN_OR_RETURN(const bool tls, options.Bool("use_ssl", true));
    s3.aws.endpoint = StrCat(tls ? "https://" : "http://", s3.aws.endpoint);
  }
  s3.retry = settings.retry;
  if (jobs > 0) s3.jobs = jobs;
  return std::unique_ptr<Remote>(std::make_unique<S3Remote>(std::move(s3), env, clock));
}

Result<std::unique_ptr<Remote>> OpenHttp(const RemoteSettings& settings, const Options& options,
                                         Clock& clock, int jobs) {
  HttpRemoteOptions http;
  http.url = options.Text("url");
  PANO_ASSIGN_OR_RETURN(http.http, HttpOptionsOf(options));
  const std::string auth = ToLower(options.Text("auth"));
  if (auth == "basic") {
    http.headers.emplace_back("Authorization", "Basic " + Base64(StrCat(options.Text("user"), ":",
                                                                        options.Text("password"))));
  } else if (auth == "custom") {
    if (options.Text("custom_auth_header").empty())
      return options.Wrong("custom_auth_header", "is missing");
    http.headers.emplace_back(options.Text("custom_auth_header"), options.Text("password"));
  } else if (!auth.empty()) {
    return options.Wrong("auth", "is basic or custom");
  }
  http.retry = settings.retry;
  if (jobs > 0) http.jobs = jobs;
  return std::unique_ptr<Remote>(std::make_unique<HttpRemote>(std::move(http), clock));
}

}  // namespace

Result<std::unique_ptr<Remote>> OpenRemote(const RemoteSettings& settings, Env& env, Clock& clock) {
  const Options options(settings);
  std::string url = options.Text("url");
  if (url.empty()) return options.Wrong("url", "is missing");
  if (url.find('\n') != std::string::npos) return options.Wrong("url", "has more than one line");
  PANO_ASSIGN_OR_RETURN(const int64_t own_jobs, options.Int("jobs", 0, 256));
  const int jobs = settings.jobs > 0 ? settings.jobs : static_cast<int>(own_jobs);
  if (url.starts_with("s3://")) return OpenS3(settings, options, env, clock, jobs);
  if (url.starts_with("http://") || url.starts_with("https://"))
    return OpenHttp(settings, options, clock, jobs);
  if (url.starts_with("file://")) {
    url.erase(0, 7);
  } else if (const size_t scheme = url.find("://"); scheme != std::string::npos) {
    return options.Wrong("url", StrCat("begins with '", Printable(url.substr(0, scheme + 3)),
                                       "': remotes are folders, s3://, http:// and https://"));
  }
  return std::unique_ptr<Remote>(
      std::make_unique<DirectoryRemote>(JoinPath(settings.folder, url), env));
}

}  // namespace pano::remote
