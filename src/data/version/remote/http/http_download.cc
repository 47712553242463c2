#include "data/version/remote/http/http_download.h"

#include <optional>
#include <utility>

#include "base/strings.h"

namespace pano::remote {
namespace {

// Where "bytes 7-99/100" begins; nothing for what is no such text.
std::optional<uint64_t> RangeBegin(std::string_view header) {
  if (!header.starts_with("bytes ")) return std::nullopt;
  header.remove_prefix(6);
  const std::optional<int64_t> first = ParseInt(header.substr(0, header.find('-')));
  if (!first || *first < 0) return std::nullopt;
  return static_cast<uint64_t>(*first);
}

// The size in "bytes */100".
std::optional<uint64_t> SizeInRange(std::string_view header) {
  const size_t slash = header.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> size = ParseInt(header.substr(slash + 1));
  if (!size || *size < 0) return std::nullopt;
  return static_cast<uint64_t>(*size);
}

}  // namespace

Status Download(HttpClient& client, uint64_t offset, const Remote::OnBytes& on_bytes,
                const MakeRequest& make_request, const JudgeAnswer& judge,
                const RetryOptions& retry, Clock& clock, const std::stop_token& stop) {
  uint64_t at = offset;
  std::string etag;
  int restarts = 0;
  Status fatal;  // of the receiver: no reason to try again
  const Status ended = Retry(retry, clock, stop, [&]() -> Attempt {
    std::vector<std::pair<std::string, std::string>> headers = {{"Accept-Encoding", "identity"}};
    if (at > 0) headers.emplace_back("Range", StrCat("bytes=", at, "-"));
    if (at > 0 && !etag.empty()) headers.emplace_back("If-Match", etag);
    const uint64_t before = at;
    const auto on_head = [&](const HttpAnswer& head) -> Status {
      if (head.status == 206) {
        const std::optional<uint64_t> begin = RangeBegin(head.Header("content-range"));
        if (!begin || *begin != at)
          return fatal = Corruption("the server answers with another range than was asked for");
      } else {
        at = 0;
      }
      etag = head.Header("etag");
      if (etag.starts_with("W/")) etag.clear();
      return {};
    };
    const auto take = [&](std::span<const std::byte> bytes) -> Status {
      Status status = on_bytes(at, bytes);
      if (status.ok())
        at += bytes.size();
      else
        fatal = status;
      return status;
    };
    const Result<HttpAnswer> answer = client.Perform(make_request(headers), stop, on_head, take);
    const bool progress = at > before;
    if (!fatal.ok()) return {Status(StatusCode::kInternal, fatal.message()), {}, false};
    if (!answer.ok()) return {answer.error(), {}, progress};
    if (answer->status >= 200 && answer->status < 300) return {};
    if (answer->status == 416 && at > 0 && SizeInRange(answer->Header("content-range")) == at)
      return {};  // all is here
    if ((answer->status == 412 || answer->status == 416) && at > 0) {
      // Another version, or a part that is longer than the object: from the beginning.
      at = 0;
      etag.clear();
      if (++restarts > 3) return {Corruption("the object changes all the time"), {}, false};
      return {Status(StatusCode::kUnavailable, "the object changed while it was read"), 0, true};
    }
    return {judge(*answer), answer->RetryAfter(), progress};
  });
  return fatal.ok() ? ended : fatal;
}

}  // namespace pano::remote
