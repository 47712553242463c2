#include "data/version/remote/http/http_download.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/curl/url.h"
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

// What names the version of an object: its ETag, else when it was changed; "" where a server says neither.
std::string VersionOf(const HttpAnswer& head) {
  const std::string etag = head.Header("etag");
  return etag.empty() ? head.Header("last-modified") : etag;
}

// The size of the whole object, where the answer to a GET says it.
std::optional<uint64_t> SizeOf(const HttpAnswer& head) {
  if (head.status == 206) return SizeInRange(head.Header("content-range"));
  const std::optional<int64_t> size = ParseInt(head.Header("content-length"));
  if (!size || *size < 0) return std::nullopt;
  return static_cast<uint64_t>(*size);
}

constexpr int kRestartsMax = 3;   // of an object that changes while it is read

}  // namespace

Status Download(HttpClient& client, uint64_t offset, const Remote::OnBytes& on_bytes,
                const MakeRequest& make_request, const JudgeAnswer& judge,
                const RetryOptions& retry, Clock& clock, const std::stop_token& stop,
                const std::function<void(const HttpAnswer& head)>& on_version) {
  uint64_t at = offset, furthest = offset;
  std::string version;
  std::optional<uint64_t> size;   // of the whole object
  int restarts = 0;
  Status fatal;  // of the receiver, or a lie: no reason to try again
  const Status ended = Retry(retry, clock, stop, [&]() -> Attempt {
    std::vector<std::pair<std::string, std::string>> headers = {{"Accept-Encoding", "identity"}};
    if (at > 0) headers.emplace_back("Range", StrCat("bytes=", at, "-"));
    // Weak ETags never match here (RFC 9110, 13.1.1): what comes is looked at below.
    if (at > 0 && version.starts_with('"')) headers.emplace_back("If-Match", version);
    const HttpRequest request = make_request(headers);
    const std::string shown = ShownUrl(request.url);
    bool changed = false;
    const auto take = [&](std::span<const std::byte> bytes) -> Status {
      Status status = on_bytes(at, bytes);
      if (status.ok())
        at += bytes.size();
      else
        fatal = status;
      return status;
    };
    const auto on_head = [&](const HttpAnswer& head) -> Status {
      const std::string now = VersionOf(head);
      if (head.status == 206) {
        const std::optional<uint64_t> begin = RangeBegin(head.Header("content-range"));
        if (!begin || *begin != at)
          return fatal = Corruption(
                     StrCat(shown, ": the server answers with another range than was asked for"));
        // A server that ignores If-Match.
        changed = !version.empty() && !now.empty() && now != version;
        if (changed) return Status(StatusCode::kUnavailable, "another version");
      } else if (at > 0) {
        at = 0;
        PANO_RETURN_IF_ERROR(take({}));   // what came before is to be forgotten, if nothing follows too
      }
      version = now;
      size = SizeOf(head);
      if (on_version) on_version(head);
      return {};
    };
    const Result<HttpAnswer> answer = client.Perform(request, stop, on_head, take);
    const bool progress = at > furthest;
    furthest = std::max(furthest, at);
    if (!fatal.ok()) return {Status(StatusCode::kInternal, fatal.message()), {}, false};
    if (!answer.ok() && !changed) return {answer.error(), {}, progress};
    if (!changed && answer->status >= 200 && answer->status < 300) {
      if (!size || at == *size) return {};
      if (at > *size)
        return {Corruption(StrCat(shown, ": more bytes come than the ", *size, " that the server says")), {}, false};
      return {Status(StatusCode::kUnavailable, StrCat(shown, ": ended after ", at, " of ", *size, " bytes")), {}, progress};
    }
    if (!changed && answer->status == 416 && at > 0 && SizeInRange(answer->Header("content-range")) == at)
      return {};  // all is here
    if (changed || ((answer->status == 412 || answer->status == 416) && at > 0)) {
      // Another version, or a part that is longer than the object: from the beginning.
      at = furthest = 0;
      version.clear();
      if (++restarts > kRestartsMax) return {Corruption(StrCat(shown, ": the object changes all the time")), {}, false};
      return {Status(StatusCode::kUnavailable, StrCat(shown, ": the object changed while it was read")), 0, true};
    }
    return {judge(*answer), answer->RetryAfter(), progress};
  });
  return fatal.ok() ? ended : fatal;
}

}  // namespace pano::remote
