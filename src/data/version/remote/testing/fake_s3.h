#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread_annotations.h"

namespace pano::remote {

struct S3Request {
  std::string method, path, query;             // as sent
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// What goes out; a fault changes it.
struct S3Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  uint64_t body_bytes_sent = UINT64_MAX;  // then the connection is closed
  uint64_t pause_us = 0;                  // between pieces of 4 KiB
};

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

  std::string url() const;
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

  void Accept();
  void Serve(int connection);
  bool ReadRequest(int connection, std::string& buffer, S3Request& request);
  bool Send(int connection, const S3Request& request, const S3Reply& reply);
  S3Reply Answer(const S3Request& request) PANO_REQUIRES(mu_);
  S3Reply AnswerObject(const S3Request& request, const std::map<std::string, std::string>& query)
      PANO_REQUIRES(mu_);
  S3Reply AnswerBucket(const S3Request& request, const std::map<std::string, std::string>& query)
      PANO_REQUIRES(mu_);
  S3Reply AnswerUpload(const S3Request& request, const std::map<std::string, std::string>& query)
      PANO_REQUIRES(mu_);

  int port_ = 0, listener_ = -1;
  std::atomic<bool> stopping_{false};
  mutable Mutex mu_;
  std::map<std::string, std::string> objects_ PANO_GUARDED_BY(mu_);
  std::map<std::string, Upload> uploads_ PANO_GUARDED_BY(mu_);
  int next_upload_ PANO_GUARDED_BY(mu_) = 0;
  size_t page_size_ PANO_GUARDED_BY(mu_) = 1000;
  std::vector<S3Request> requests_ PANO_GUARDED_BY(mu_);
  std::set<int> connections_ PANO_GUARDED_BY(mu_);
  std::vector<std::jthread> threads_ PANO_GUARDED_BY(mu_);
  Mutex fault_mu_;
  Fault fault_ PANO_GUARDED_BY(fault_mu_);
  std::jthread acceptor_;
};

}  // namespace pano::remote
