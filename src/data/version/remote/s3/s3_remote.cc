#include "data/version/remote/s3/s3_remote.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "base/curl/library.h"
#include "base/percent_encoding.h"
#include "base/strings.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/http/http_download.h"
#include "data/version/remote/parallel.h"
#include "data/version/remote/read_pieces.h"

namespace pano::remote {
namespace {

constexpr int kPartsMax = 10'000;  // S3's limit
constexpr size_t kListMin = 500;   // keys from which on listing may be less work than asking
constexpr std::string_view kObjects = "files/md5/";
constexpr int kPagesMax = 2'000'000;  // of one listing

std::string EncodedMd5(std::string_view hex) { return Base64(FromHex(hex)); }

// What a part of a file is: its place and hashes.
struct PartPlan {
  uint64_t offset = 0, bytes = 0;
  std::string md5, sha256;
};

// The parts of a file, hashed in one reading; `md5` becomes the hash of the whole.
Result<std::vector<PartPlan>> PlanParts(const PutSource& source, uint64_t part_bytes, Env& env,
                                        const std::stop_token& stop, std::string* md5) {
  std::vector<PartPlan> parts;
  Digest whole(Digest::Kind::kMd5), part_md5(Digest::Kind::kMd5), part_sha(Digest::Kind::kSha256);
  PartPlan part;
  const auto finish = [&] {
    part.md5 = part_md5.Hex();
    part.sha256 = part_sha.Hex();
    const uint64_t next = part.offset + part.bytes;
    parts.push_back(std::move(part));
    part = PartPlan();
    part.offset = next;
    part_md5 = Digest(Digest::Kind::kMd5);
    part_sha = Digest(Digest::Kind::kSha256);
  };
  PANO_RETURN_IF_ERROR(
      ReadPieces(source.path, env, stop, [&](std::span<const std::byte> piece) -> Status {
        whole.Update(piece);
        while (!piece.empty()) {
          const size_t take =
              static_cast<size_t>(std::min<uint64_t>(piece.size(), part_bytes - part.bytes));
          part_md5.Update(piece.first(take));
          part_sha.Update(piece.first(take));
          part.bytes += take;
          piece = piece.subspan(take);
          if (part.bytes == part_bytes) finish();
          if (parts.size() > kPartsMax)
            return Corruption(StrCat(source.path, " grows while it is sent"));
        }
        return {};
      }));
  if (part.bytes > 0 || parts.empty()) finish();
  *md5 = whole.Hex();
  if (!source.md5.empty() && *md5 != source.md5) {
    return Corruption(StrCat(Printable(source.path, 300), " has the hash ", *md5, " where ",
                             source.md5, " is due: it is not sent"));
  }
  return parts;
}

bool IsValidBucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

}  // namespace

S3Remote::S3Remote(S3Options options, Env& env, Clock& clock)
    : options_(std::move(options)),
      env_(env),
      clock_(clock),
      http_(options_.http),
      region_(options_.aws.region) {}

Result<std::pair<std::string, std::string>> S3Remote::ParseUrl(std::string_view url) {
  if (!url.starts_with("s3://"))
    return InvalidArgument(
        StrCat("'", Printable(url, 200), "' is no URL of S3: s3://bucket/prefix"));
  url.remove_prefix(5);
  const size_t slash = url.find('/');
  const std::string_view bucket = url.substr(0, slash);
  if (!IsValidBucket(bucket))
    return InvalidArgument(StrCat("'", Printable(bucket, 200), "' is no name of a bucket"));
  std::string_view prefix = slash == std::string_view::npos ? "" : url.substr(slash + 1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  if (prefix.size() > 800) return InvalidArgument("the prefix of the bucket's URL is too long");
  return std::pair(std::string(bucket), std::string(prefix));
}

std::string S3Remote::InBucket(const std::string& key) const {
  return options_.prefix.empty() ? key
         : key.empty()           ? options_.prefix
                                 : StrCat(options_.prefix, "/", key);
}
std::string S3Remote::Name() const {
  return StrCat("s3://", options_.bucket, options_.prefix.empty() ? "" : "/", options_.prefix);
}
std::string S3Remote::Shown(const std::string& key) const {
  return StrCat("s3://", options_.bucket, "/", Printable(key, 200));
}

std::string S3Remote::region() const {
  MutexLock lock(mu_);
  return region_;
}

HttpRequest S3Remote::Signed(const Call& call) const {
  const std::string at = region();
  std::string scheme = "https", host = StrCat("s3.", at, ".amazonaws.com"), above;
  const std::string& endpoint = options_.aws.endpoint;
  if (!endpoint.empty()) {
    const size_t colon = endpoint.find("://");
    scheme = colon == std::string::npos ? "https" : endpoint.substr(0, colon);
    std::string rest = colon == std::string::npos ? endpoint : endpoint.substr(colon + 3);
    while (rest.ends_with('/')) rest.pop_back();
    const size_t slash = rest.find('/');
    host = rest.substr(0, slash);
    if (slash != std::string::npos) above = rest.substr(slash);
    // As clients write the Host header.
    if (scheme == "http" && host.ends_with(":80")) host.resize(host.size() - 3);
    if (scheme == "https" && host.ends_with(":443")) host.resize(host.size() - 4);
  }
  const std::string& style = options_.aws.addressing_style;
  const bool dots =
      options_.bucket.find('.') != std::string::npos && scheme == "https";  // no certificate fits
  const bool in_path = style == "path" || (style != "virtual" && (!endpoint.empty() || dots));
  std::string path = above;
  if (in_path)
    path += "/" + options_.bucket;
  else
    host = StrCat(options_.bucket, ".", host);
  path += "/" + call.key;

  SigV4Request request;
  request.method = call.method;
  request.path = path;
  request.query = call.query;
  request.payload_sha256 = call.payload_sha256.empty() ? Sha256Hex(call.body) : call.payload_sha256;
  const std::string date = AmzDate(clock_.UnixSeconds() + clock_skew_.load());
  request.headers = {
      {"host", host}, {"x-amz-content-sha256", request.payload_sha256}, {"x-amz-date", date}};
  if (!options_.aws.credentials.session_token.empty())
    request.headers.emplace_back("x-amz-security-token", options_.aws.credentials.session_token);
  for (const auto& header : call.headers) request.headers.push_back(header);

  HttpRequest http;
  http.method = call.method;
  const std::string query = CanonicalQuery(call.query);
  http.url = StrCat(scheme, "://", host, PercentEncode(path, Slashes::kKept), query.empty() ? "" : "?", query);
  http.headers.assign(request.headers.begin() + 1,
                      request.headers.end());  // curl writes Host itself
  if (!options_.aws.credentials.access_key.empty()) {
    http.headers.emplace_back("Authorization",
                              Authorization(request, options_.aws.credentials, date, at, "s3"));
  }
  http.body = call.body;
  http.file = call.file;
  return http;
}

Status S3Remote::Judge(const HttpAnswer& answer, const std::string& key) {
  S3Error error = ParseError(answer.body);
  if (error.region.empty()) error.region = answer.Header("x-amz-bucket-region");
  const bool elsewhere = answer.status == 301 || answer.status == 307 ||
                         error.code == "AuthorizationHeaderMalformed" ||
                         (answer.status == 400 && error.code.empty());
  if (elsewhere && !error.region.empty() && error.region.size() < 64) {
    MutexLock lock(mu_);
    if (region_ != error.region) {
      region_ = error.region;
      return Status(StatusCode::kUnavailable,
                    StrCat(Shown(key), ": the bucket is in ", Printable(error.region)));
    }
  }
  if (error.code == "RequestTimeTooSkewed") {
    PANO_ASSIGN_OR_RETURN(const CurlLibrary* curl, CurlLibrary::Load());
    const std::time_t server = curl->getdate(answer.Header("date").c_str(), nullptr);
    const int64_t skew = server < 0 ? 0 : static_cast<int64_t>(server) - clock_.UnixSeconds();
    if (server >= 0 && clock_skew_.exchange(skew) != skew) {
      return Status(StatusCode::kUnavailable, StrCat(Shown(key), ": this machine's clock is ",
                                                     -skew, " s ahead of the server's"));
    }
  }
  if (error.code == "NoSuchBucket")
    return InvalidArgument(StrCat(Shown(key), ": there is no bucket '", options_.bucket, "'"));
  const std::string said = error.code.empty() ? "" : StrCat(error.code, ": ", error.message);
  if (error.code == "RequestTimeout")
    return Status(StatusCode::kUnavailable, StrCat(Shown(key), ": ", said));
  if (error.code == "SlowDown")
    return Status(StatusCode::kUnavailable, StrCat(Shown(key), ": ", said));
  if (error.code == "InvalidAccessKeyId" || error.code == "SignatureDoesNotMatch" ||
      error.code == "ExpiredToken") {
    return Status(
        StatusCode::kUnauthenticated,
        StrCat(Shown(key), ": the credentials are not accepted (", Printable(said, 300), ")"));
  }
  return StatusOfAnswer(answer, Shown(key), said);
}

Result<HttpAnswer> S3Remote::Perform(const Call& call, const std::stop_token& stop) {
  HttpAnswer answer;
  const Status status = Retry(options_.retry, clock_, stop, [&]() -> Attempt {
    Result<HttpAnswer> tried = http_.Perform(Signed(call), stop);
    if (!tried.ok()) return {tried.error(), {}, false};
    answer = *std::move(tried);
    if (answer.status >= 200 && answer.status < 300) return {};
    return {Judge(answer, call.key), answer.RetryAfter(), false};
  });
  if (!status.ok()) return status;
  return answer;
}

Result<bool> S3Remote::ExistsOne(const std::string& key, const std::stop_token& stop) {
  Call call;
  call.method = "HEAD";
  call.key = InBucket(key);
  const Result<HttpAnswer> answer = Perform(call, stop);
  if (answer.ok()) return true;
  if (answer.error().code() == StatusCode::kNotFound) return false;
  return answer.error();
}

Result<std::vector<bool>> S3Remote::Exists(const std::vector<std::string>& keys,
                                           const std::stop_token& stop) {
  if (keys.size() >= kListMin) {
    // One of the 256 prefixes shows how many pages all would be.
    std::string token;
    int pages = 0;
    do {
      S3Listing page;
      PANO_RETURN_IF_ERROR(ListPage(StrCat(kObjects, "00/"), &token, &page, stop));
      ++pages;
    } while (!token.empty() && static_cast<size_t>(pages) * 256 < keys.size());
    if (static_cast<size_t>(pages) * 256 <= keys.size() || pages == 1)
      return ExistsByListing(keys, stop);
  }
  std::vector<char> there(keys.size());
  PANO_RETURN_IF_ERROR(
      ForEachInParallel(keys.size(), options_.jobs, 1, stop, [&](size_t i) -> Status {
        PANO_ASSIGN_OR_RETURN(const bool exists, ExistsOne(keys[i], stop));
        there[i] = exists ? 1 : 0;
        return {};
      }));
  return std::vector<bool>(there.begin(), there.end());
}

Result<std::vector<bool>> S3Remote::ExistsByListing(const std::vector<std::string>& keys,
                                                    const std::stop_token& stop) {
  std::map<std::string, std::vector<size_t>> groups;  // by the listed prefix
  for (size_t i = 0; i < keys.size(); ++i) {
    groups[keys[i].substr(0, keys[i].starts_with(kObjects) ? kObjects.size() + 3 : 3)].push_back(i);
  }
  std::vector<std::pair<std::string, std::vector<size_t>>> list(groups.begin(), groups.end());
  std::vector<char> there(keys.size());
  PANO_RETURN_IF_ERROR(
      ForEachInParallel(list.size(), options_.jobs, 1, stop, [&](size_t g) -> Status {
        std::map<std::string_view, size_t> wanted;
        for (const size_t i : list[g].second) wanted.emplace(keys[i], i);
        return List(
            list[g].first,
            [&](const Entry& entry) -> Status {
              if (const auto found = wanted.find(entry.key); found != wanted.end())
                there[found->second] = 1;
              return {};
            },
            stop);
      }));
  return std::vector<bool>(there.begin(), there.end());
}

Status S3Remote::ListPage(const std::string& prefix, std::string* token, S3Listing* page,
                          const std::stop_token& stop) {
  Call call;
  call.query = {{"list-type", "2"},
                {"prefix", InBucket("") + (options_.prefix.empty() ? "" : "/") + prefix},
                {"encoding-type", "url"},
                {"max-keys", "1000"}};
  if (!token->empty()) call.query.emplace_back("continuation-token", *token);
  PANO_ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call, stop));
  Result<S3Listing> listing = ParseListing(answer.body);
  if (!listing.ok()) return listing.error().Wrap(Name());
  *page = *std::move(listing);
  if (!page->next.empty() && page->next == *token)
    return Corruption(StrCat(Name(), ": the listing does not go on"));
  *token = page->next;
  return {};
}

Status S3Remote::List(const std::string& prefix, const OnEntry& on_entry,
                      const std::stop_token& stop) {
  const size_t cut = options_.prefix.empty() ? 0 : options_.prefix.size() + 1;
  std::string token;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    S3Listing page;
    PANO_RETURN_IF_ERROR(ListPage(prefix, &token, &page, stop));
    for (const auto& [key, bytes] : page.objects) {
      if (key.size() > cut) PANO_RETURN_IF_ERROR(on_entry({key.substr(cut), bytes}));
    }
    if (token.empty()) return {};
  }
  return Corruption(StrCat(Name(), ": the listing has no end"));
}

Status S3Remote::Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
                     const std::stop_token& stop) {
  const std::string in_bucket = InBucket(key);
  return Download(
      http_, offset, on_bytes,
      [&](const Pairs& headers) {
        Call call;
        call.key = in_bucket;
        HttpRequest request = Signed(call);
        request.headers.insert(request.headers.end(), headers.begin(),
                               headers.end());  // not signed: they may be
        return request;
      },
      [&](const HttpAnswer& answer) { return Judge(answer, in_bucket); }, options_.retry, clock_,
      stop);
}

Status S3Remote::Put(const std::string& key, const PutSource& source, const std::stop_token& stop) {
  return source.bytes <= options_.part_bytes ? PutWhole(key, source, stop)
                                             : PutParts(key, source, stop);
}

Status S3Remote::PutWhole(const std::string& key, const PutSource& source,
                          const std::stop_token& stop) {
  std::string md5;
  PANO_ASSIGN_OR_RETURN(const std::vector<PartPlan> parts,
                        PlanParts(source, UINT64_MAX, env_, stop, &md5));
  Call call;
  call.method = "PUT";
  call.key = InBucket(key);
  call.headers = {{"content-md5", EncodedMd5(md5)}};
  call.payload_sha256 = parts[0].sha256;
  call.file = FileBody{source.path, 0, parts[0].bytes};
  PANO_ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call, stop));
  return {};
}

Result<std::vector<S3Part>> S3Remote::ListParts(const std::string& key, const std::string& upload,
                                                const std::stop_token& stop) {
  std::vector<S3Part> all;
  int next = 0;
  do {
    Call call;
    call.key = key;
    call.query = {{"uploadId", upload}};
    if (next > 0) call.query.emplace_back("part-number-marker", StrCat(next));
    PANO_ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call, stop));
    const int before = next;
    PANO_ASSIGN_OR_RETURN(const std::vector<S3Part> parts, ParseParts(answer.body, &next));
    all.insert(all.end(), parts.begin(), parts.end());
    if (next != 0 && next <= before)
      return Corruption(StrCat(Shown(key), ": the list of parts does not go on"));
  } while (next > 0 && all.size() <= kPartsMax);
  return all;
}

Result<std::string> S3Remote::FindUpload(const std::string& key, std::vector<S3Part>* parts,
                                         const std::stop_token& stop) {
  Call call;
  call.query = {{"uploads", ""}, {"prefix", key}};
  const Result<HttpAnswer> answer = Perform(call, stop);
  if (answer.ok()) {
    const auto uploads = ParseUploads(answer->body);
    if (uploads.ok()) {
      for (const auto& [its_key, id] : *uploads) {
        if (its_key != key) continue;
        Result<std::vector<S3Part>> found = ListParts(key, id, stop);
        if (!found.ok() || found->size() < parts->size()) continue;
        *parts = *std::move(found);
        return id;
      }
    }
  } else if (answer.error().code() == StatusCode::kCancelled) {
    return answer.error();
  }
  Call begin;
  begin.method = "POST";
  begin.key = key;
  begin.query = {{"uploads", ""}};
  PANO_ASSIGN_OR_RETURN(const HttpAnswer begun, Perform(begin, stop));
  return ParseInitiated(begun.body).Wrap(Shown(key));
}

Status S3Remote::PutParts(const std::string& key, const PutSource& source,
                          const std::stop_token& stop) {
  const std::string in_bucket = InBucket(key);
  const uint64_t least = (source.bytes + kPartsMax - 1) / kPartsMax;
  const uint64_t part_bytes =
      least <= options_.part_bytes ? options_.part_bytes : (least + (1u << 20) - 1) >> 20 << 20;
  std::string md5;
  PANO_ASSIGN_OR_RETURN(const std::vector<PartPlan> plan,
                        PlanParts(source, part_bytes, env_, stop, &md5));
  std::vector<S3Part> there;
  PANO_ASSIGN_OR_RETURN(const std::string upload, FindUpload(in_bucket, &there, stop));
  std::vector<std::string> etags(plan.size());
  for (const S3Part& part : there) {
    const auto index = static_cast<size_t>(part.number - 1);
    if (index < plan.size() && part.bytes == plan[index].bytes && part.etag == plan[index].md5)
      etags[index] = part.etag;
  }
  // Objects are put side by side already: a few parts of each.
  const Status sent =
      ForEachInParallel(plan.size(), std::min(4, options_.jobs), 1, stop, [&](size_t i) -> Status {
        if (!etags[i].empty()) return {};
        Call call;
        call.method = "PUT";
        call.key = in_bucket;
        call.query = {{"partNumber", StrCat(i + 1)}, {"uploadId", upload}};
        call.headers = {{"content-md5", EncodedMd5(plan[i].md5)}};
        call.payload_sha256 = plan[i].sha256;
        call.file = FileBody{source.path, plan[i].offset, plan[i].bytes};
        PANO_ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call, stop));
        std::string etag = answer.Header("etag");
        std::erase(etag, '"');
        if (etag.empty())
          return Corruption(
              StrCat(Shown(in_bucket), ": the server took part ", i + 1, " without an ETag"));
        etags[i] = std::move(etag);
        return {};
      });
  if (!sent.ok()) {
    // What is there stays for the next run; what can never become whole does not.
    if (sent.code() == StatusCode::kCorruption) Abort(in_bucket, upload);
    return sent;
  }
  return Complete(in_bucket, upload, etags, stop);
}

Status S3Remote::Complete(const std::string& key, const std::string& upload,
                          const std::vector<std::string>& etags, const std::stop_token& stop) {
  Call call;
  call.method = "POST";
  call.key = key;
  call.query = {{"uploadId", upload}};
  call.body = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < etags.size(); ++i) {
    call.body += StrCat("<Part><PartNumber>", i + 1, "</PartNumber><ETag>&quot;",
                        XmlEscaped(etags[i]), "&quot;</ETag></Part>");
  }
  call.body += "</CompleteMultipartUpload>";
  PANO_ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call, stop));
  // A failure that came late has the status 200.
  const S3Error error = ParseError(answer.body);
  if (!error.code.empty())
    return Status(StatusCode::kUnavailable, StrCat(Shown(key), ": ", Printable(error.code), ": ",
                                                   Printable(error.message, 300)));
  return {};
}

void S3Remote::Abort(const std::string& key, const std::string& upload) {
  Call call;
  call.method = "DELETE";
  call.key = key;
  call.query = {{"uploadId", upload}};
  static_cast<void>(http_.Perform(Signed(call), {}));
}

Status S3Remote::Remove(const std::string& key, const std::stop_token& stop) {
  Call call;
  call.method = "DELETE";
  call.key = InBucket(key);
  const Result<HttpAnswer> answer = Perform(call, stop);
  if (answer.ok() || answer.error().code() == StatusCode::kNotFound) return {};
  return answer.error();
}

}  // namespace pano::remote
