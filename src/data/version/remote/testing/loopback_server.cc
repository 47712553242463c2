#include "data/version/remote/testing/loopback_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "base/testing/loopback_socket.h"

namespace pano::remote {
std::string ServedRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)), listener_(ListenOnLoopback(&port_)) {
  acceptor_ = std::jthread([this] { Accept(); });
}

LoopbackServer::~LoopbackServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  std::vector<std::jthread> threads;
  {
    MutexLock lock(mu_);
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
    threads.swap(threads_);
  }
  threads.clear();
  ::close(listener_);
}

std::string LoopbackServer::url() const { return StrCat("http://127.0.0.1:", port_); }

void LoopbackServer::Accept() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    MutexLock lock(mu_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    connections_.insert(fd);
    threads_.emplace_back([this, fd] { Serve(fd); });
  }
}

void LoopbackServer::Serve(int fd) {
  std::string buffer;
  ServedRequest request;
  while (!stopping_ && ReadRequest(fd, buffer, request)) {
    if (!Send(fd, request, handler_(request))) break;
  }
  MutexLock lock(mu_);
  connections_.erase(fd);
  ::close(fd);
}

bool LoopbackServer::ReadRequest(int fd, std::string& buffer, ServedRequest& request) {
  size_t end = 0;
  char bytes[16384];
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0 || buffer.size() > (64u << 10)) return false;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  const std::string head = buffer.substr(0, end);
  buffer.erase(0, end + 4);
  request = ServedRequest();
  bool first = true;
  for (std::string_view line : Split(head, '\n')) {
    line = Trim(line);
    if (first) {
      const std::vector<std::string_view> parts = Split(line, ' ');
      if (parts.size() != 3) return false;
      request.method = parts[0];
      const size_t mark = parts[1].find('?');
      request.path = parts[1].substr(0, mark);
      request.query = mark == std::string_view::npos ? "" : parts[1].substr(mark + 1);
      first = false;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      request.headers[ToLower(line.substr(0, colon))] = Trim(line.substr(colon + 1));
    }
  }
  const size_t length =
      static_cast<size_t>(ParseInt(request.Header("content-length")).value_or(0));
  while (buffer.size() < length) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

bool LoopbackServer::Send(int fd, const ServedRequest& request, const ServedReply& reply) {
  std::string head = StrCat("HTTP/1.1 ", reply.status, " X\r\n");
  for (const auto& [name, value] : reply.headers) head += StrCat(name, ": ", value, "\r\n");
  if (reply.no_length) head += "Connection: close\r\n";
  else head += StrCat("Content-Length: ", reply.length.value_or(reply.body.size()), "\r\n");
  if (!SendAll(fd, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  std::string_view body = reply.body;
  const bool cut = body.size() > reply.body_bytes_sent || reply.no_length ||
                   reply.length.value_or(body.size()) != body.size();
  body = body.substr(0, std::min<uint64_t>(body.size(), reply.body_bytes_sent));
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, 4096);
    if (stopping_ || !SendAll(fd, piece)) return false;
    body.remove_prefix(piece.size());
    if (reply.pause_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(reply.pause_us));
  }
  if (cut) ::shutdown(fd, SHUT_RDWR);
  return !cut;
}

ServedReply ServeObject(const ServedRequest& request, const std::string& content, const std::string& etag) {
  ServedReply reply;
  const std::string wanted = request.Header("if-match");
  if (!wanted.empty() && wanted != etag) {
    reply.status = 412;
    return reply;
  }
  if (!etag.empty()) reply.headers = {{"ETag", etag}};
  reply.body = content;
  const std::string range = request.Header("range");
  if (!range.starts_with("bytes=")) return reply;
  const auto first = static_cast<size_t>(ParseInt(range.substr(6, range.find('-') - 6)).value_or(0));
  if (first >= content.size()) {
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", StrCat("bytes */", content.size()));
    reply.body.clear();
    return reply;
  }
  reply.status = 206;
  reply.headers.emplace_back("Content-Range",
                             StrCat("bytes ", first, "-", content.size() - 1, "/", content.size()));
  reply.body = content.substr(first);
  return reply;
}

}  // namespace pano::remote
