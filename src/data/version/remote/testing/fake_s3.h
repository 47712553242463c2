#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/thread_annotations.h"
#include "data/version/remote/testing/loopback_server.h"

namespace pano::remote {

using S3Request = ServedRequest;
using S3Reply = ServedReply;   // a fault changes it

// S3 on a port of loopback, as far as a remote needs it: objects, ranges, listings in pages,
// uploads in parts. It checks the signature of each request by its own reading of it, and the
// hashes that it carries; it does wrong what a test tells it to. It serves any bucket by path.
// Thread-safe.
class FakeS3 {
 public:
  FakeS3();
  ~FakeS3();
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;

  static constexpr char kAccessKey[] = "AKIDTEST";
  static constexpr char kSecretKey[] = "secret/+key";

  std::string url() const { return server_.url(); }
  void Put(const std::string& path, std::string content);  // "/bucket/key"
  std::map<std::string, std::string> Objects() const;
  size_t uploads() const;                   // in parts, begun and not ended
  std::vector<S3Request> Requests() const;  // without bodies
  void ForgetRequests();
  void SetPageSize(size_t keys);

  // Sees every answer before it goes out, one call at a time.
  using Fault = std::function<void(const S3Request& request, S3Reply& reply)>;
  void SetFault(Fault fault);

 private:
  struct Upload {
    std::string path;
    std::map<int, std::string> parts;
  };

  S3Reply Serve(const S3Request& request);
  S3Reply Answer(const S3Request& request) PANO_REQUIRES(mu_);
  S3Reply AnswerObject(const S3Request& request, const std::map<std::string, std::string>& query)
      PANO_REQUIRES(mu_);
  S3Reply AnswerBucket(const S3Request& request, const std::map<std::string, std::string>& query)
      PANO_REQUIRES(mu_);
  S3Reply AnswerUpload(const S3Request& request, const std::map<std::string, std::string>& query)
      PANO_REQUIRES(mu_);

  mutable Mutex mu_;
  std::map<std::string, std::string> objects_ PANO_GUARDED_BY(mu_);
  std::map<std::string, Upload> uploads_ PANO_GUARDED_BY(mu_);
  int next_upload_ PANO_GUARDED_BY(mu_) = 0;
  size_t page_size_ PANO_GUARDED_BY(mu_) = 1000;
  std::vector<S3Request> requests_ PANO_GUARDED_BY(mu_);
  Mutex fault_mu_;
  Fault fault_ PANO_GUARDED_BY(fault_mu_);
  LoopbackServer server_;   // last: it calls until it is destroyed
};

}  // namespace pano::remote
