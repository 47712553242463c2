#include "data/version/remote/http/http_client.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/curl/connection_failure.h"
#include "base/curl/library.h"
#include "base/curl/retry_after.h"
#include "base/curl/url.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread_annotations.h"

namespace pano::remote {
namespace {

constexpr size_t kHeaderBytesMax = 64u << 10;
constexpr size_t kErrorBytesMax = 64u << 10;
constexpr size_t kIdleMax = 64;  // connections kept

// One call and what libcurl's callbacks need of it. Confined to one thread.
struct Call {
  const HttpRequest& request;
  const HttpOptions& options;
  const std::stop_token& stop;
  const HttpClient::OnHead& on_head;
  const HttpClient::OnBytes& on_bytes;
  HttpAnswer answer;
  Status failure;
  size_t header_bytes = 0;
  bool head_seen = false, body_cut = false;
  std::FILE* file = nullptr;
  uint64_t sent = 0;

  ~Call() {
    if (file != nullptr) std::fclose(file);
  }

  bool Fail(Status status) {
    if (failure.ok()) failure = std::move(status);
    return false;
  }

  bool TakeHeader(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kHeaderBytesMax)
      return Fail(
          Status(StatusCode::kCorruption, StrCat(ShownUrl(request.url), ": answers with more than ",
                                                 kHeaderBytesMax, " bytes of headers")));
    if (line.starts_with("HTTP/")) {
      answer = HttpAnswer();
      const size_t space = line.find(' ');
      answer.status = space == std::string_view::npos
                          ? 0
                          : static_cast<int>(ParseInt(line.substr(space + 1, 3)).value_or(0));
      header_bytes = 0;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      answer.headers[ToLower(Trim(line.substr(0, colon)))] = Trim(line.substr(colon + 1));
    }
    return true;
  }

  bool Streams() const {
    return on_bytes != nullptr && answer.status >= 200 && answer.status < 300;
  }

  bool SeeHead() {
    if (head_seen) return true;
    head_seen = true;
    if (!Streams() || on_head == nullptr) return true;
    Status status = on_head(answer);
    return status.ok() || Fail(std::move(status));
  }

  bool TakeBody(std::string_view bytes) {
    if (!SeeHead()) return false;
    if (Streams()) {
      Status status = on_bytes(std::as_bytes(std::span(bytes)));
      return status.ok() || Fail(std::move(status));
    }
    const bool good = answer.status >= 200 && answer.status < 300;
    const size_t most = good ? options.body_bytes_max : kErrorBytesMax;
    if (answer.body.size() + bytes.size() > most) {
      if (good)
        return Fail(
            Status(StatusCode::kExhausted,
                   StrCat(ShownUrl(request.url), ": answers with more than ", most, " bytes")));
      body_cut = true;
      return false;
    }
    answer.body += bytes;
    return true;
  }

  size_t Send(char* to, size_t size) {
    if (request.file) {
      const size_t count =
          static_cast<size_t>(std::min<uint64_t>(size, request.file->bytes - sent));
      const size_t got = std::fread(to, 1, count, file);
      if (got < count) {
        Fail(Status(StatusCode::kCorruption,
                    StrCat(request.file->path, " became shorter while it was sent")));
        return CURL_READFUNC_ABORT;
      }
      sent += got;
      return got;
    }
    const size_t count = std::min<size_t>(size, request.body.size() - sent);
    std::memcpy(to, request.body.data() + sent, count);
    sent += count;
    return count;
  }

  bool Rewind(uint64_t offset) {
    sent = offset;
    return !request.file ||
           fseeko(file, static_cast<off_t>(request.file->offset + offset), SEEK_SET) == 0;
  }
};

size_t OnHeaderLine(char* data, size_t, size_t size, void* call) {
  return static_cast<Call*>(call)->TakeHeader({data, size}) ? size : 0;
}
size_t OnBody(char* data, size_t, size_t size, void* call) {
  return static_cast<Call*>(call)->TakeBody({data, size}) ? size : 0;
}
size_t OnSend(char* data, size_t size, size_t count, void* call) {
  return static_cast<Call*>(call)->Send(data, size * count);
}
int OnSeek(void* call, curl_off_t offset, int origin) {
  const bool done = origin == SEEK_SET && offset >= 0 &&
                    static_cast<Call*>(call)->Rewind(static_cast<uint64_t>(offset));
  return done ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}
int OnTick(void* call, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Call*>(call)->stop.stop_requested() ? 1 : 0;
}

// What says which bytes are wanted, and nothing of who wants them.
bool IsForEveryOrigin(std::string_view header) {
  return header == "Accept-Encoding" || header == "Range" || header == "If-Match";
}

}  // namespace

std::string HttpAnswer::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::optional<int64_t> HttpAnswer::RetryAfter() const {
  return ParseRetryAfter(Header("retry-after"), static_cast<int64_t>(std::time(nullptr)));
}

using EasyHandle = std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)>;

// Handles that nobody uses now. Thread-safe.
struct HttpClient::Pool {
  Mutex mu;
  std::vector<EasyHandle> idle PANO_GUARDED_BY(mu);

  EasyHandle Take(const CurlLibrary& curl) {
    {
      MutexLock lock(mu);
      if (!idle.empty()) {
        EasyHandle easy = std::move(idle.back());
        idle.pop_back();
        return easy;
      }
    }
    return EasyHandle(curl.easy_init(), curl.easy_cleanup);
  }
  void GiveBack(const CurlLibrary& curl, EasyHandle easy) {
    curl.easy_reset(easy.get());  // keeps connections
    MutexLock lock(mu);
    if (idle.size() < kIdleMax) idle.push_back(std::move(easy));
  }
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)), pool_(std::make_unique<Pool>()) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::Perform(const HttpRequest& request, const std::stop_token& stop,
                                       const OnHead& on_head, const OnBytes& on_bytes) {
  Result<HttpAnswer> answer = PerformOnce(request, stop, on_head, on_bytes);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (options_.redirects_max == 0 || !reads) return answer;
  HttpRequest step = request;
  for (int redirects = 0; answer.ok() && IsRedirect(answer->status); ++redirects) {
    if (redirects == options_.redirects_max)
      return Corruption(
          StrCat(ShownUrl(request.url), ": redirects more than ", redirects, " times"));
    PANO_ASSIGN_OR_RETURN(std::string next, ResolveLocation(step.url, answer->Header("location")));
    PANO_ASSIGN_OR_RETURN(const Origin from, OriginOf(step.url));
    PANO_ASSIGN_OR_RETURN(const Origin to, OriginOf(next));
    if (from != to) std::erase_if(step.headers, [](const auto& h) { return !IsForEveryOrigin(h.first); });
    step.url = std::move(next);
    answer = PerformOnce(step, stop, on_head, on_bytes);
  }
  return answer;
}

Result<HttpAnswer> HttpClient::PerformOnce(const HttpRequest& request, const std::stop_token& stop,
                                           const OnHead& on_head, const OnBytes& on_bytes) {
  Call call{request, options_, stop, on_head, on_bytes, {}, {}};
  if (request.file) {
    call.file = std::fopen(request.file->path.c_str(), "rbe");
    if (call.file == nullptr || !call.Rewind(0))
      return NotFound(StrCat("cannot read ", Printable(request.file->path, 300)));
  }
  PANO_ASSIGN_OR_RETURN(const CurlLibrary* curl, CurlLibrary::Load());
  EasyHandle handle = pool_->Take(*curl);
  CURL* const easy = handle.get();
  if (easy == nullptr)
    return Status(StatusCode::kExhausted, "libcurl cannot be started").WithReason("memory");
  char detail[CURL_ERROR_SIZE] = "";
  curl_slist* headers = nullptr;
  for (const auto& [name, value] : request.headers)
    headers = curl->slist_append(headers, StrCat(name, value.empty() ? ";" : ": ", value).c_str());
  headers = curl->slist_append(headers, "Expect:");
  curl->easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl->easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl->easy_setopt(easy, CURLOPT_USERAGENT, "pano");
  curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
  curl->easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1024L);
  curl->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                   std::max(1L, static_cast<long>(options_.stall_timeout.count() / 1000)));
  curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options_.verify ? 1L : 0L);
  curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options_.verify ? 2L : 0L);
  if (!options_.ca_file.empty()) curl->easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeaderLine);
  curl->easy_setopt(easy, CURLOPT_HEADERDATA, &call);
  curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  curl->easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &OnTick);
  curl->easy_setopt(easy, CURLOPT_XFERINFODATA, &call);
  curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  if (request.method == "HEAD") {
    curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    const uint64_t bytes = request.file ? request.file->bytes : request.body.size();
    curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl->easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes));
    curl->easy_setopt(easy, CURLOPT_READFUNCTION, &OnSend);
    curl->easy_setopt(easy, CURLOPT_READDATA, &call);
    curl->easy_setopt(easy, CURLOPT_SEEKFUNCTION, &OnSeek);
    curl->easy_setopt(easy, CURLOPT_SEEKDATA, &call);
  } else {
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  const CURLcode code = curl->easy_perform(easy);
  curl->slist_free_all(headers);
  pool_->GiveBack(*curl, std::move(handle));

  if (!call.failure.ok()) return call.failure;
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
  if (code == CURLE_WRITE_ERROR && call.body_cut) return std::move(call.answer);
  if (code != CURLE_OK) return ConnectionFailure(code, request.url, detail);
  if (!call.SeeHead()) return call.failure;  // an empty body
  return std::move(call.answer);
}

Status StatusOfAnswer(const HttpAnswer& answer, const std::string& what, const std::string& said) {
  if (answer.status >= 200 && answer.status < 300) return {};
  const std::string text =
      StrCat(what, ": the server answers ", answer.status, said.empty() ? "" : " (",
             Printable(said, 300), said.empty() ? "" : ")");
  switch (answer.status) {
    case 401:
      return Status(StatusCode::kUnauthenticated, StrCat(text, ": it wants credentials"));
    case 403:
      return Status(StatusCode::kPermissionDenied, text);
    case 404:
      return NotFound(text);
    case 408:
      return Status(StatusCode::kDeadline, text);
    case 429:
      return Status(StatusCode::kExhausted, text).WithReason("rate_limit");
    default:
      break;
  }
  if (answer.status >= 500) return Status(StatusCode::kUnavailable, text);
  return InvalidArgument(text);
}

}  // namespace pano::remote
