#include "data/version/remote/http/http_remote.h"

#include "base/percent_encoding.h"
#include "base/strings.h"
#include "data/version/remote/http/http_download.h"
#include "data/version/remote/parallel.h"

namespace pano::remote {
namespace {

HttpOptions FollowingRedirects(HttpOptions options) {
  options.redirects_max = 10;
  return options;
}

}  // namespace

HttpRemote::HttpRemote(HttpRemoteOptions options, Clock& clock)
    : options_(std::move(options)), clock_(clock), http_(FollowingRedirects(options_.http)) {}

HttpRequest HttpRemote::Request(const std::string& method, const std::string& key) const {
  HttpRequest request;
  request.method = method;
  request.url = options_.url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/" + PercentEncode(key, Slashes::kKept);
  request.headers = options_.headers;
  return request;
}

Status HttpRemote::Judge(const HttpAnswer& answer, const std::string& key) const {
  return StatusOfAnswer(answer, StrCat(Name(), "/", key), "");
}

Status HttpRemote::ReadOnly() const {
  return Unimplemented(StrCat(
      Name(), ": a remote over HTTP is read only: push to the folder or bucket that it shows"));
}

Result<std::vector<bool>> HttpRemote::Exists(const std::vector<std::string>& keys,
                                             const std::stop_token& stop) {
  std::vector<char> there(keys.size());
  PANO_RETURN_IF_ERROR(
      ForEachInParallel(keys.size(), options_.jobs, 1, stop, [&](size_t i) -> Status {
        Status status = Retry(options_.retry, clock_, stop, [&]() -> Attempt {
          const Result<HttpAnswer> answer = http_.Perform(Request("HEAD", keys[i]), stop);
          if (!answer.ok()) return {answer.error(), {}, false};
          return {Judge(*answer, keys[i]), answer->RetryAfter(), false};
        });
        if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
        there[i] = status.ok() ? 1 : 0;
        return {};
      }));
  return std::vector<bool>(there.begin(), there.end());
}

Status HttpRemote::List(const std::string&, const OnEntry&, const std::stop_token&) {
  return Unimplemented(StrCat(Name(), ": a remote over HTTP cannot be listed"));
}

Status HttpRemote::Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
                       const std::stop_token& stop) {
  return Download(
      http_, offset, on_bytes,
      [&](const std::vector<std::pair<std::string, std::string>>& headers) {
        HttpRequest request = Request("GET", key);
        request.headers.insert(request.headers.end(), headers.begin(), headers.end());
        return request;
      },
      [&](const HttpAnswer& answer) { return Judge(answer, key); }, options_.retry, clock_, stop);
}

Status HttpRemote::Put(const std::string&, const PutSource&, const std::stop_token&) {
  return ReadOnly();
}
Status HttpRemote::Remove(const std::string&, const std::stop_token&) { return ReadOnly(); }

}  // namespace pano::remote
