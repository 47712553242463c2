#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread_annotations.h"

namespace pano::remote {

struct ServedRequest {
  std::string method, path, query;             // as sent
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string Header(const std::string& name) const;
};

// What goes out.
struct ServedReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  uint64_t body_bytes_sent = UINT64_MAX;  // then the connection is closed
  uint64_t pause_us = 0;                  // between pieces of 4 KiB
  std::optional<uint64_t> length = {};       // a Content-Length that lies
  bool no_length = false;                 // the body ends with the connection
};

// A server of HTTP/1.1 on a port of loopback; connections are kept. Thread-safe.
class LoopbackServer {
 public:
  // Called by the thread of the connection.
  using Handler = std::function<ServedReply(const ServedRequest& request)>;
  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string url() const;

 private:
  void Accept();
  void Serve(int connection);
  bool ReadRequest(int connection, std::string& buffer, ServedRequest& request);
  bool Send(int connection, const ServedRequest& request, const ServedReply& reply);

  const Handler handler_;
  int port_ = 0, listener_ = -1;
  std::atomic<bool> stopping_{false};
  Mutex mu_;
  std::set<int> connections_ PANO_GUARDED_BY(mu_);
  std::vector<std::jthread> threads_ PANO_GUARDED_BY(mu_);
  std::jthread acceptor_;
};

// One object at every path, with ranges and versions, as web servers hand it out.
ServedReply ServeObject(const ServedRequest& request, const std::string& content, const std::string& etag);

}  // namespace pano::remote
