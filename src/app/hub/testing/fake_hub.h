#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/thread_annotations.h"

namespace pano::hub {

struct FakeRequest {
  std::string method, target;                  // as sent
  std::map<std::string, std::string> headers;  // names in lower case
  bool cdn = false;                            // to the second host, which knows no token
};

// What goes out; a fault changes it.
struct FakeReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  uint64_t body_bytes_sent = UINT64_MAX;  // then the connection is closed
  uint64_t bytes_per_second = 0;          // 0: as fast as it goes
  bool says_length = true;                // else the body ends with the connection

  void SetHeader(const std::string& name, const std::string& value);
};

// A hub on two ports of loopback: the hub itself, and a host for large files that it redirects to, as
// the real one does. It speaks the protocol of huggingface.co as far as clients that fetch models need it
// (listing, tree, resolve, HEAD, ranges), and does wrong what a test tells it to. Thread-safe.
class FakeHub {
 public:
  FakeHub();
  ~FakeHub();
  FakeHub(const FakeHub&) = delete;
  FakeHub& operator=(const FakeHub&) = delete;

  // Adds or replaces a file at the repository's only commit. Large files (`lfs`) have a SHA-256 and
  // come from the second host.
  void Put(const std::string& repo, const std::string& path, std::string content, bool lfs = false);
  // The repository is at another commit from now on; its files stay.
  void SetCommit(const std::string& repo, const std::string& commit);
  std::string Commit(const std::string& repo) const;
  std::string Etag(const std::string& repo, const std::string& path) const;
  void RequireToken(const std::string& token);

  // `fault` sees every answer before it goes out, one call at a time.
  using Fault = std::function<void(const FakeRequest& request, FakeReply& reply)>;
  void SetFault(Fault fault);
  // Called with the bytes of bodies sent so far, before each further piece.
  void OnBytesSent(std::function<void(uint64_t bytes)> callback);

  std::string url() const;
  std::string cdn_url() const;
  std::vector<FakeRequest> Requests() const;
  void ForgetRequests();
  uint64_t bytes_sent() const { return bytes_sent_.load(); }

 private:
  struct File {
    std::string content, etag;
    std::string git_etag;  // of the file in git, for "blobId"
    bool lfs = false;
  };
  struct Repo {
    std::string commit;
    std::map<std::string, File> files;
  };

  void Accept(int listener, bool cdn);
  void Serve(int connection, bool cdn);
  bool ReadRequest(int connection, std::string& buffer, FakeRequest& request);
  bool Send(int connection, const FakeRequest& request, const FakeReply& reply);
  FakeReply Answer(const FakeRequest& request);
  FakeReply AnswerHub(const FakeRequest& request) PANO_REQUIRES(mu_);
  FakeReply AnswerListing(const Repo& repo, const std::string& name, bool tree) const;
  FakeReply AnswerResolve(const FakeRequest& request, const Repo& repo, const std::string& path) const;
  FakeReply AnswerContent(const FakeRequest& request, const File& file) const;

  int port_ = 0, cdn_port_ = 0;  // before the listeners, whose making sets them
  int listener_ = -1, cdn_listener_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> bytes_sent_{0};

  mutable Mutex mu_;
  std::map<std::string, Repo> repos_ PANO_GUARDED_BY(mu_);
  std::string token_ PANO_GUARDED_BY(mu_);
  std::vector<FakeRequest> requests_ PANO_GUARDED_BY(mu_);
  std::set<int> connections_ PANO_GUARDED_BY(mu_);
  std::vector<std::jthread> threads_ PANO_GUARDED_BY(mu_);
  Fault fault_ PANO_GUARDED_BY(fault_mu_);
  std::function<void(uint64_t)> on_bytes_ PANO_GUARDED_BY(fault_mu_);
  Mutex fault_mu_;
  std::vector<std::jthread> acceptors_;
};

// Bytes that no compression or hash mistakes for others, the same for the same seed.
std::string TestContent(size_t bytes, uint64_t seed);

}  // namespace pano::hub
