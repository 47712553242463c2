#include "app/hub/segment_fetch.h"

#include <string>
#include <utility>

#include "base/curl/url.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

// So much makes a try a good one: the next failure counts as the first again.
constexpr uint64_t kProgressBytes = 64u << 10;

// One GET for a segment.
class Attempt {
 public:
  Attempt(BlobJob& job, size_t segment, const FetchContext& context)
      : job_(job), segment_(segment), context_(context) {}

  Status Run(HubClient& client, AnswerHead* head) {
    const BlobSpec& spec = job_.spec();
    std::optional<FileRange> range;
    const uint64_t at = job_.SegmentAt(segment_);
    whole_ = job_.ranges() == BlobJob::Ranges::kIgnored || (at == 0 && job_.segment_count() == 1);
    if (!whole_) range = FileRange{at, job_.SegmentEnd(segment_) - 1};
    range_ = range;
    const std::string cached = job_.location();
    const std::string url = cached.empty() ? spec.url : cached;
    Status status = client.GetFile(
        url, range, [this](const AnswerHead& answer) { return SeeHead(answer); },
        [this](std::span<const std::byte> bytes) { return TakeBytes(bytes); }, context_.stop, head);
    if (!status.ok()) {
      // A signed address may have expired; ask the hub for another.
      job_.SetLocation("");
      stale_location_ = !cached.empty() && head->status >= 400 && head->status < 500;
      return status;
    }
    if (head->url != spec.url) job_.SetLocation(head->url);
    if (!Complete()) {
      return Status(StatusCode::kUnavailable, StrCat(ShownUrl(head->url), ": ended before its last byte"));
    }
    return {};
  }

  bool Complete() const {
    return whole_ ? job_.whole_at() == job_.spec().size
                  : job_.SegmentAt(segment_) == job_.SegmentEnd(segment_);
  }
  // What cannot be mended by another request: the disk.
  bool disk_failed() const { return disk_failed_; }
  bool stale_location() const { return stale_location_; }
  // Bytes that the next attempt need not fetch again.
  uint64_t kept() const { return whole_ ? 0 : received_; }

 private:
  Status SeeHead(const AnswerHead& head) {
    const BlobSpec& spec = job_.spec();
    if (head.linked_size && *head.linked_size != spec.size) {
      return Corruption(StrCat(spec.path, ": has ", *head.linked_size, " bytes, the hub's listing says ", spec.size));
    }
    if (!head.linked_etag.empty() && head.linked_etag != spec.etag) {
      return Corruption(StrCat(spec.path, ": is ", Printable(head.linked_etag), " now, the hub's listing says ",
                               spec.etag));
    }
    return head.status == 206 ? SeePart(head) : SeeWhole(head);
  }

  Status SeePart(const AnswerHead& head) {
    const std::optional<ContentRange> got = ParseContentRange(head.content_range);
    if (!range_ || !got || got->first != range_->first || got->last > range_->last ||
        got->last < got->first || (got->size && *got->size != job_.spec().size)) {
      return Corruption(StrCat(ShownUrl(head.url), ": answers with the range '",
                               Printable(head.content_range), "' of a file of ", job_.spec().size,
                               " bytes"));
    }
    if (job_.ranges() == BlobJob::Ranges::kUnknown) {
      job_.SetRanges(BlobJob::Ranges::kHonoured);
      context_.on_ranges_known();
    }
    return {};
  }

  Status SeeWhole(const AnswerHead& head) {
    const uint64_t size = job_.spec().size;
    if (head.content_length && *head.content_length != size) {
      return Corruption(StrCat(job_.spec().path, ": has ", *head.content_length,
                               " bytes, the hub's listing says ", size));
    }
    if (!whole_ && job_.ranges() == BlobJob::Ranges::kHonoured) {
      // Not every machine behind the name does the same.
      return Status(StatusCode::kUnavailable, StrCat(ShownUrl(head.url), ": ignored a range"));
    }
    if (!whole_) job_.SetRanges(BlobJob::Ranges::kIgnored);
    whole_ = true;
    Status status = job_.BeginWhole();
    disk_failed_ = !status.ok();
    return status;
  }

  Status TakeBytes(std::span<const std::byte> bytes) {
    const uint64_t room = whole_ ? job_.spec().size - job_.whole_at()
                                 : job_.SegmentEnd(segment_) - job_.SegmentAt(segment_);
    if (bytes.size() > room) {
      return Corruption(StrCat(job_.spec().path, ": more bytes come than the hub's listing says"));
    }
    Status status = whole_ ? job_.AppendWhole(bytes) : job_.Append(segment_, bytes);
    disk_failed_ = !status.ok();
    received_ += bytes.size();
    if (context_.bytes_fetched) *context_.bytes_fetched += bytes.size();
    return status;
  }

  BlobJob& job_;
  const size_t segment_;
  const FetchContext& context_;
  std::optional<FileRange> range_;
  bool whole_ = false, disk_failed_ = false, stale_location_ = false;
  uint64_t received_ = 0;
};

}  // namespace

Status FetchSegment(BlobJob& job, size_t segment, HubClient& client, const FetchContext& context) {
  Random random(SystemEntropy());
  int failures = 0;
  int stale = 0;
  while (true) {
    Attempt attempt(job, segment, context);
    AnswerHead head;
    Status status = attempt.Run(client, &head);
    if (attempt.Complete()) return {};
    if (context.stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    if (attempt.disk_failed()) return status;
    if (attempt.stale_location() && stale++ == 0) continue;
    if (attempt.kept() >= kProgressBytes) failures = stale = 0;
    const std::optional<Duration> delay =
        DelayBeforeRetry(status, ++failures, head.retry_after_seconds, random.Uniform(), context.retry);
    if (!delay) return status.Wrap(job.spec().path);
    if (context.on_retry) context.on_retry(status, *delay);
    if (!context.clock.SleepFor(*delay, context.stop)) return Status(StatusCode::kCancelled, "interrupted");
  }
}

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!ToLower(text.substr(0, kUnit.size())).starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  const std::optional<int64_t> first = ParseInt(text.substr(0, dash));
  const std::optional<int64_t> last = ParseInt(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *first < 0 || *last < 0) return std::nullopt;
  ContentRange range{static_cast<uint64_t>(*first), static_cast<uint64_t>(*last), std::nullopt};
  if (text.substr(slash + 1) != "*") {
    const std::optional<int64_t> size = ParseInt(text.substr(slash + 1));
    if (!size || *size < 0) return std::nullopt;
    range.size = static_cast<uint64_t>(*size);
  }
  return range;
}

}  // namespace pano::hub
