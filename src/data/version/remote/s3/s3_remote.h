#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/retry.h"
#include "base/thread_annotations.h"
#include "data/version/remote/http/http_client.h"
#include "data/version/remote/remote.h"
#include "data/version/remote/s3/aws_settings.h"
#include "data/version/remote/s3/s3_xml.h"

namespace pano::remote {

struct S3Options {
  std::string bucket, prefix;  // of "s3://bucket/prefix"
  AwsSettings aws;
  HttpOptions http;
  RetryOptions retry;
  uint64_t part_bytes = 16u << 20;  // larger objects are put in parts of at least this size
  int jobs = 16;
};

// A bucket of S3 or of what speaks its API. Each request is signed (Signature Version 4) with the
// hash of what it carries. An object larger than part_bytes is put in parts; one that was begun
// before, by whomever, goes on with the parts that are there and are what they should be. Memory
// does not grow with an object's size. Thread-safe.
class S3Remote final : public Remote {
 public:
  S3Remote(S3Options options, Env& env = Env::Real(), Clock& clock = Clock::Real());

  // InvalidArgument unless it is "s3://bucket[/prefix]" with a valid bucket's name.
  static Result<std::pair<std::string, std::string>> ParseUrl(std::string_view url);

  Result<std::vector<bool>> Exists(const std::vector<std::string>& keys,
                                   const std::stop_token& stop) override;
  Status List(const std::string& prefix, const OnEntry& on_entry,
              const std::stop_token& stop) override;
  Status Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
             const std::stop_token& stop) override;
  Status Put(const std::string& key, const PutSource& source, const std::stop_token& stop) override;
  Status Remove(const std::string& key, const std::stop_token& stop) override;
  std::string Name() const override;
  int jobs_hint() const override { return options_.jobs; }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Call {
    std::string method = "GET";
    std::string key;       // in the bucket; "" = the bucket itself
    Pairs query, headers;  // headers are signed too
    std::string body;
    std::optional<FileBody> file;
    std::string payload_sha256;  // "" = of `body`
  };
  HttpRequest Signed(const Call& call) const;
  // Performs, again where that may help; a 2xx answer, or its failure.
  Result<HttpAnswer> Perform(const Call& call, const std::stop_token& stop);
  // The failure in an answer. Learns the bucket's region and the server's clock from it: then
  // another try helps.
  Status Judge(const HttpAnswer& answer, const std::string& key);
  Status ListPage(const std::string& prefix, std::string* token, S3Listing* page,
                  const std::stop_token& stop);
  Result<bool> ExistsOne(const std::string& key, const std::stop_token& stop);
  Result<std::vector<bool>> ExistsByListing(const std::vector<std::string>& keys,
                                            const std::stop_token& stop);

  Status PutWhole(const std::string& key, const PutSource& source, const std::stop_token& stop);
  Status PutParts(const std::string& key, const PutSource& source, const std::stop_token& stop);
  // An upload of the key that was begun before, and its parts; else a new one.
  Result<std::string> FindUpload(const std::string& key, std::vector<S3Part>* parts,
                                 const std::stop_token& stop);
  Result<std::vector<S3Part>> ListParts(const std::string& key, const std::string& upload,
                                        const std::stop_token& stop);
  Status Complete(const std::string& key, const std::string& upload,
                  const std::vector<std::string>& etags, const std::stop_token& stop);
  void Abort(const std::string& key, const std::string& upload);

  std::string InBucket(const std::string& key) const;
  std::string Shown(const std::string& key) const;
  std::string region() const;

  const S3Options options_;
  Env& env_;
  Clock& clock_;
  HttpClient http_;
  std::atomic<int64_t> clock_skew_{0};  // seconds that the server is ahead
  mutable Mutex mu_;
  std::string region_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::remote
