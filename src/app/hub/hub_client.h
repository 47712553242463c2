#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "app/hub/hub_settings.h"
#include "base/result.h"

namespace pano::hub {

// What the headers of an answer say, those of the hub's own redirects included. A value.
struct AnswerHead {
  int status = 0;
  std::string url;                          // that answered, after redirects
  std::optional<uint64_t> content_length;
  std::string content_range;                // "bytes 0-9/100"
  std::string location;                     // of a redirect that was not followed
  std::string etag;                         // normalised
  std::string error_code, error_message;    // X-Error-Code, X-Error-Message
  std::optional<int64_t> retry_after_seconds;
  // From the first answer of the hub itself that has them; a host that it redirects to has no say.
  std::string repo_commit;                  // X-Repo-Commit
  std::string linked_etag;                  // X-Linked-ETag, normalised
  std::optional<uint64_t> linked_size;      // X-Linked-Size
};

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  // A connection that moves fewer than 1 KiB a second for this long has failed.
  std::chrono::milliseconds stall_timeout{30'000};
  // An answer that is no file (a listing, headers) takes at most this long.
  std::chrono::milliseconds answer_timeout{120'000};
  int redirects_max = 10;
};

struct FileRange {
  uint64_t first = 0, last = 0;  // both are part of it
};

// Answers of the hub over HTTP(S). Certificates are verified, proxies are those of curl's environment
// variables, redirects are followed here: the token goes to the hub's own origin and to no other.
// Confined to one thread at a time; keeps its connection from one call to the next.
//
// A failure that another try may mend is Unavailable, Deadline or Exhausted (429); see IsTransient.
class HubClient {
 public:
  explicit HubClient(const HubSettings& settings, ClientOptions options = {});
  ~HubClient();
  HubClient(const HubClient&) = delete;
  HubClient& operator=(const HubClient&) = delete;

  // The whole body of a GET. Exhausted (reason "too_large") beyond `bytes_max`.
  Result<std::string> GetText(const std::string& url, size_t bytes_max, const std::stop_token& stop,
                              AnswerHead* head);

  // The headers of a HEAD, up to the first redirect to another origin.
  Status GetHead(const std::string& url, const std::stop_token& stop, AnswerHead* head);

  // The body of a GET, in pieces: `on_head` sees a 200 or 206 before the first byte. What they answer
  // ends the transfer and is the answer of GetFile. `head` is filled whatever happens.
  using OnHead = std::function<Status(const AnswerHead& head)>;
  using OnBytes = std::function<Status(std::span<const std::byte> bytes)>;
  Status GetFile(const std::string& url, std::optional<FileRange> range, const OnHead& on_head,
                 const OnBytes& on_bytes, const std::stop_token& stop, AnswerHead* head);

 private:
  struct Call;
  struct Session;
  Status Run(Call& call, const std::stop_token& stop, AnswerHead* head);
  Status RunOnce(Call& call, const std::string& url, const std::stop_token& stop, AnswerHead* head);

  const HubSettings settings_;
  const ClientOptions options_;
  std::unique_ptr<Session> session_;
};

// The failure that an answer's status means; ok below 400.
Status StatusOfAnswer(const AnswerHead& head, bool has_token);

}  // namespace pano::hub
