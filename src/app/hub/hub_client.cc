#include "app/hub/hub_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "app/hub/etag.h"
#include "base/curl/connection_failure.h"
#include "base/curl/retry_after.h"
#include "base/curl/set_up.h"
#include "base/curl/url.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr size_t kHeaderBytesMax = 256u << 10;  // of one answer
constexpr size_t kErrorBytesMax = 4096;         // of the body of a failure; nobody reads more

std::optional<uint64_t> ParseSize(std::string_view text) {
  const std::optional<int64_t> number = ParseInt(Trim(text));
  if (!number || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

}  // namespace

struct HubClient::Session {
  CURL* easy = curl_easy_init();
  ~Session() { curl_easy_cleanup(easy); }
};

// One call and what libcurl's callbacks need of it.
struct HubClient::Call {
  std::string url;
  bool head_only = false;
  bool is_file = false;
  std::optional<FileRange> range;
  const OnHead* on_head = nullptr;
  const OnBytes* on_bytes = nullptr;

  AnswerHead* head = nullptr;
  const std::stop_token* stop = nullptr;
  bool from_hub = false;     // whether the hub itself answers this step
  size_t header_bytes = 0, error_bytes = 0;
  bool head_seen = false;
  Status failure;            // of a callback

  static size_t OnHeaderLine(char* data, size_t, size_t size, void* self) {
    return static_cast<Call*>(self)->TakeHeader({data, size}) ? size : 0;
  }
  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    return static_cast<Call*>(self)->TakeBody({data, size}) ? size : 0;
  }
  static int OnTick(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Call*>(self)->stop->stop_requested() ? 1 : 0;
  }

  bool Fail(Status status) {
    failure = std::move(status);
    return false;
  }

  void BeginAnswer(std::string_view status_line) {
    const std::string commit = head->repo_commit, etag = head->linked_etag;
    const std::optional<uint64_t> size = head->linked_size;
    *head = AnswerHead{};
    head->repo_commit = commit;
    head->linked_etag = etag;
    head->linked_size = size;
    const size_t space = status_line.find(' ');
    const std::optional<int64_t> status =
        space == std::string_view::npos ? std::nullopt : ParseInt(status_line.substr(space + 1, 3));
    head->status = static_cast<int>(status.value_or(0));
    header_bytes = 0;
  }

  bool TakeHeader(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kHeaderBytesMax) {
      return Fail(Corruption(StrCat(ShownUrl(url), ": answers with more than ", kHeaderBytesMax,
                                    " bytes of headers")));
    }
    if (line.starts_with("HTTP/")) {
      BeginAnswer(line);
      return true;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    const std::string name = ToLower(line.substr(0, colon));
    const std::string value(Trim(line.substr(colon + 1)));
    if (name == "content-length") head->content_length = ParseSize(value);
    if (name == "content-range") head->content_range = value;
    if (name == "location") head->location = value;
    if (name == "etag") head->etag = NormalizeEtag(value);
    if (name == "x-error-code") head->error_code = Printable(value, 100);
    if (name == "x-error-message") head->error_message = Printable(value, 200);
    if (name == "retry-after") head->retry_after_seconds = ParseRetryAfter(value, std::time(nullptr));
    if (!from_hub) return true;
    if (name == "x-repo-commit" && head->repo_commit.empty()) head->repo_commit = value;
    if (name == "x-linked-etag" && head->linked_etag.empty()) head->linked_etag = NormalizeEtag(value);
    if (name == "x-linked-size" && !head->linked_size) head->linked_size = ParseSize(value);
    return true;
  }

  bool SeeHead() {
    if (head_seen || !on_head) return true;
    head_seen = true;
    Status status = (*on_head)(*head);
    return status.ok() || Fail(std::move(status));
  }

  bool TakeBody(std::string_view bytes) {
    if (head->status >= 300) {  // of a redirect or a failure
      error_bytes += bytes.size();
      return error_bytes <= kErrorBytesMax;
    }
    if (!SeeHead()) return false;
    Status status = (*on_bytes)(std::as_bytes(std::span(bytes)));
    return status.ok() || Fail(std::move(status));
  }
};

HubClient::HubClient(const HubSettings& settings, ClientOptions options)
    : settings_(settings), options_(options) {
  SetUpCurl();
  session_ = std::make_unique<Session>();
}

HubClient::~HubClient() = default;

Status HubClient::RunOnce(Call& call, const std::string& url, const std::stop_token& stop,
                          AnswerHead* head) {
  CURL* easy = session_->easy;
  if (!easy) return Status(StatusCode::kExhausted, "libcurl cannot be started").WithReason("memory");
  PANO_ASSIGN_OR_RETURN(const Origin hub, OriginOf(settings_.endpoint));
  PANO_ASSIGN_OR_RETURN(const Origin origin, OriginOf(url));
  call.url = url;
  call.head = head;
  call.stop = &stop;
  call.from_hub = origin == hub;
  call.head_seen = false;
  call.error_bytes = 0;

  curl_easy_reset(easy);  // keeps connections
  char detail[CURL_ERROR_SIZE] = "";
  curl_slist* headers = nullptr;
  // As the file is: a compressed body would have another size and hash.
  headers = curl_slist_append(headers, "Accept-Encoding: identity");
  if (call.from_hub && !settings_.token.empty()) {
    headers = curl_slist_append(headers, StrCat("Authorization: Bearer ", settings_.token).c_str());
  }
  const std::string range =
      call.range ? StrCat(call.range->first, "-", call.range->last) : std::string();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, long{CURLHEADER_SEPARATE});  // a proxy sees no token
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // what a proxy says is no answer
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!settings_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "pano");
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1024L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                   std::max(1L, static_cast<long>(options_.stall_timeout.count() / 1000)));
  if (!call.is_file) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.answer_timeout.count()));
  }
  if (call.head_only) curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (call.range) curl_easy_setopt(easy, CURLOPT_RANGE, range.c_str());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Call::OnHeaderLine);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Call::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Call::OnTick);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &call);
  const CURLcode code = curl_easy_perform(easy);
  curl_slist_free_all(headers);
  head->url = url;

  if (!call.failure.ok()) return call.failure;
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
  // The rest of a failure's long body was not wanted.
  if (code == CURLE_WRITE_ERROR && head->status >= 300) return {};
  if (code != CURLE_OK) return ConnectionFailure(code, url, detail);
  if (head->status < 300 && !call.SeeHead()) return call.failure;  // an empty body
  return {};
}

Status HubClient::Run(Call& call, const std::stop_token& stop, AnswerHead* head) {
  *head = AnswerHead{};
  std::string url = call.url;
  for (int redirects = 0; redirects <= options_.redirects_max; ++redirects) {
    PANO_RETURN_IF_ERROR(RunOnce(call, url, stop, head));
    if (!IsRedirect(head->status)) {
      if (head->status >= 200 && head->status < 300) return {};
      return StatusOfAnswer(*head, !settings_.token.empty());
    }
    if (head->location.empty()) {
      return Corruption(StrCat(ShownUrl(url), ": redirects without saying where to"));
    }
    PANO_ASSIGN_OR_RETURN(std::string next, ResolveLocation(url, head->location));
    if (call.head_only) {
      PANO_ASSIGN_OR_RETURN(const Origin from, OriginOf(url));
      PANO_ASSIGN_OR_RETURN(const Origin to, OriginOf(next));
      if (from != to) return {};
    }
    url = std::move(next);
  }
  return Corruption(StrCat(ShownUrl(call.url), ": redirects more than ", options_.redirects_max, " times"));
}

Result<std::string> HubClient::GetText(const std::string& url, size_t bytes_max,
                                       const std::stop_token& stop, AnswerHead* head) {
  std::string text;
  const OnBytes on_bytes = [&](std::span<const std::byte> bytes) -> Status {
    if (bytes.size() > bytes_max - text.size()) {
      return Status(StatusCode::kExhausted, StrCat(ShownUrl(url), ": answers with more than ", bytes_max, " bytes"))
          .WithReason("too_large");
    }
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  Call call;
  call.url = url;
  call.on_bytes = &on_bytes;
  PANO_RETURN_IF_ERROR(Run(call, stop, head));
  return text;
}

Status HubClient::GetHead(const std::string& url, const std::stop_token& stop, AnswerHead* head) {
  const OnBytes on_bytes = [](std::span<const std::byte>) { return OkStatus(); };
  Call call;
  call.url = url;
  call.head_only = true;
  call.on_bytes = &on_bytes;
  return Run(call, stop, head);
}

Status HubClient::GetFile(const std::string& url, std::optional<FileRange> range,
                          const OnHead& on_head, const OnBytes& on_bytes,
                          const std::stop_token& stop, AnswerHead* head) {
  Call call;
  call.url = url;
  call.is_file = true;
  call.range = range;
  call.on_head = &on_head;
  call.on_bytes = &on_bytes;
  return Run(call, stop, head);
}

Status StatusOfAnswer(const AnswerHead& head, bool has_token) {
  const std::string said =
      StrCat(ShownUrl(head.url), ": answered ", head.status,
             head.error_message.empty() ? "" : StrCat(" (", head.error_message, ")"));
  switch (head.status) {
    case 401:
      return Status(StatusCode::kUnauthenticated,
                    StrCat(said, has_token ? ": the token is not accepted"
                                           : ": it does not exist, or needs a token (HF_TOKEN)"));
    case 403:
      return Status(StatusCode::kPermissionDenied,
                    head.error_code == "GatedRepo"
                        ? StrCat(said, ": the repository is gated; accept its terms on its page, then "
                                       "give a token of that account (HF_TOKEN)")
                        : StrCat(said, ": the token may not read it"))
          .WithReason(head.error_code == "GatedRepo" ? "gated" : "");
    case 404:
      if (head.error_code == "RevisionNotFound") {
        return NotFound(StrCat(said, ": no such revision")).WithReason("revision_not_found");
      }
      return NotFound(StrCat(said, ": no such repository or file"));
    case 408:
      return Status(StatusCode::kDeadline, said);
    case 416:
      return Corruption(StrCat(said, ": the file is shorter than its listing says"));
    case 429:
      return Status(StatusCode::kExhausted, StrCat(said, ": too many requests")).WithReason("rate_limit");
    default:
      if (head.status >= 500) return Status(StatusCode::kUnavailable, said);
      return Corruption(said);
  }
}

}  // namespace pano::hub
