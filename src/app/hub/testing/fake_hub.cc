#include "app/hub/testing/fake_hub.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "app/hub/etag.h"
#include "app/hub/hub_url.h"
#include "base/check.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/loopback_socket.h"

namespace pano::hub {
namespace {

constexpr size_t kPieceBytes = 16u << 10;

std::string HashOf(EtagKind kind, std::string_view content) {
  Digest digest = EtagDigest(kind, content.size());
  digest.Update(std::as_bytes(std::span(content)));
  return digest.Hex();
}

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

FakeReply Failure(int status, const std::string& code, const std::string& message) {
  FakeReply reply;
  reply.status = status;
  if (!code.empty()) reply.SetHeader("X-Error-Code", code);
  reply.SetHeader("X-Error-Message", message);
  json::Value body;
  body.Set("error", message);
  reply.body = json::Dump(body);
  return reply;
}

}  // namespace

void FakeReply::SetHeader(const std::string& name, const std::string& value) {
  for (auto& [key, old] : headers) {
    if (ToLower(key) == ToLower(name)) {
      old = value;
      return;
    }
  }
  headers.emplace_back(name, value);
}

FakeHub::FakeHub() : listener_(ListenOnLoopback(&port_)), cdn_listener_(ListenOnLoopback(&cdn_port_)) {
  acceptors_.emplace_back([this] { Accept(listener_, false); });
  acceptors_.emplace_back([this] { Accept(cdn_listener_, true); });
}

FakeHub::~FakeHub() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  ::shutdown(cdn_listener_, SHUT_RDWR);
  acceptors_.clear();
  std::vector<std::jthread> threads;
  {
    MutexLock lock(mu_);
    for (int fd : connections_) ::shutdown(fd, SHUT_RDWR);
    threads.swap(threads_);
  }
  threads.clear();
  ::close(listener_);
  ::close(cdn_listener_);
}

void FakeHub::Put(const std::string& repo, const std::string& path, std::string content, bool lfs) {
  File file;
  file.lfs = lfs;
  const std::string pointer = StrCat("pointer to ", content.size(), " bytes");
  file.git_etag = HashOf(EtagKind::kGitSha1, lfs ? pointer : content);
  file.etag = lfs ? HashOf(EtagKind::kSha256, content) : file.git_etag;
  file.content = std::move(content);
  MutexLock lock(mu_);
  Repo& entry = repos_[repo];
  if (entry.commit.empty()) entry.commit = HashOf(EtagKind::kGitSha1, repo);
  entry.files[path] = std::move(file);
}

void FakeHub::SetCommit(const std::string& repo, const std::string& commit) {
  MutexLock lock(mu_);
  repos_[repo].commit = commit;
}

std::string FakeHub::Commit(const std::string& repo) const {
  MutexLock lock(mu_);
  return repos_.at(repo).commit;
}

std::string FakeHub::Etag(const std::string& repo, const std::string& path) const {
  MutexLock lock(mu_);
  return repos_.at(repo).files.at(path).etag;
}

void FakeHub::RequireToken(const std::string& token) {
  MutexLock lock(mu_);
  token_ = token;
}

void FakeHub::SetFault(Fault fault) {
  MutexLock lock(fault_mu_);
  fault_ = std::move(fault);
}

void FakeHub::OnBytesSent(std::function<void(uint64_t)> callback) {
  MutexLock lock(fault_mu_);
  on_bytes_ = std::move(callback);
}

std::string FakeHub::url() const { return StrCat("http://127.0.0.1:", port_); }
std::string FakeHub::cdn_url() const { return StrCat("http://127.0.0.1:", cdn_port_); }

std::vector<FakeRequest> FakeHub::Requests() const {
  MutexLock lock(mu_);
  return requests_;
}

void FakeHub::ForgetRequests() {
  MutexLock lock(mu_);
  requests_.clear();
}

void FakeHub::Accept(int listener, bool cdn) {
  while (!stopping_) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    MutexLock lock(mu_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    connections_.insert(fd);
    threads_.emplace_back([this, fd, cdn] { Serve(fd, cdn); });
  }
}

void FakeHub::Serve(int fd, bool cdn) {
  std::string buffer;
  FakeRequest request;
  request.cdn = cdn;
  while (!stopping_ && ReadRequest(fd, buffer, request)) {
    if (!Send(fd, request, Answer(request))) break;
  }
  MutexLock lock(mu_);
  connections_.erase(fd);
  ::close(fd);
}

bool FakeHub::ReadRequest(int fd, std::string& buffer, FakeRequest& request) {
  size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    char bytes[4096];
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0 || buffer.size() > (64u << 10)) return false;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  const std::string head = buffer.substr(0, end);
  buffer.erase(0, end + 4);
  request.headers.clear();
  bool first = true;
  for (std::string_view line : Split(head, '\n')) {
    line = Trim(line);
    if (first) {
      const std::vector<std::string_view> parts = Split(line, ' ');
      if (parts.size() != 3) return false;
      request.method = parts[0];
      request.target = parts[1];
      first = false;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      request.headers[ToLower(line.substr(0, colon))] = Trim(line.substr(colon + 1));
    }
  }
  return true;
}

bool FakeHub::Send(int fd, const FakeRequest& request, const FakeReply& reply) {
  std::string head = StrCat("HTTP/1.1 ", reply.status, " X\r\n");
  for (const auto& [name, value] : reply.headers) head += StrCat(name, ": ", value, "\r\n");
  const bool length_set = std::any_of(reply.headers.begin(), reply.headers.end(), [](const auto& header) {
    return ToLower(header.first) == "content-length";
  });
  if (reply.says_length && !length_set) head += StrCat("Content-Length: ", reply.body.size(), "\r\n");
  if (!reply.says_length) head += "Connection: close\r\n";
  if (!SendAll(fd, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  std::string_view body = reply.body;
  const bool cut = body.size() > reply.body_bytes_sent;
  if (cut) body = body.substr(0, reply.body_bytes_sent);
  const uint64_t rate = reply.bytes_per_second;
  const size_t piece_bytes = rate == 0 ? kPieceBytes : std::clamp<size_t>(rate / 20, 1, kPieceBytes);
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, piece_bytes);
    {
      MutexLock lock(fault_mu_);
      if (on_bytes_) on_bytes_(bytes_sent_.load());
    }
    if (stopping_ || !SendAll(fd, piece)) return false;
    bytes_sent_ += piece.size();
    body.remove_prefix(piece.size());
    if (rate > 0) std::this_thread::sleep_for(std::chrono::microseconds(piece.size() * 1'000'000 / rate));
  }
  return !cut && reply.says_length;
}

FakeReply FakeHub::Answer(const FakeRequest& request) {
  FakeReply reply;
  {
    MutexLock lock(mu_);
    requests_.push_back(request);
    if (request.cdn) {
      reply = Failure(404, "", "no such object");
      const std::string path = request.target.substr(0, request.target.find('?'));
      for (const auto& [name, repo] : repos_) {
        for (const auto& [file_path, file] : repo.files) {
          if (path == "/blob/" + file.etag) reply = AnswerContent(request, file);
        }
      }
    } else {
      reply = AnswerHub(request);
    }
  }
  MutexLock lock(fault_mu_);
  if (fault_) fault_(request, reply);
  return reply;
}

FakeReply FakeHub::AnswerHub(const FakeRequest& request) {
  if (!token_.empty()) {
    const auto header = request.headers.find("authorization");
    if (header == request.headers.end()) return Failure(401, "", "Invalid username or password.");
    if (header->second != "Bearer " + token_) {
      return Failure(401, "", "Invalid credentials in Authorization header");
    }
  }
  const std::string target = request.target.substr(0, request.target.find('?'));
  for (const auto& [name, repo] : repos_) {
    for (const std::string& revision : {std::string("main"), repo.commit}) {
      if (target == StrCat("/api/models/", name, "/revision/", revision)) {
        return AnswerListing(repo, name, false);
      }
      if (target == StrCat("/api/models/", name, "/tree/", revision)) {
        return AnswerListing(repo, name, true);
      }
      const std::string prefix = StrCat("/", name, "/resolve/", revision, "/");
      if (target.starts_with(prefix)) {
        return AnswerResolve(request, repo, Decode(target.substr(prefix.size())));
      }
    }
    if (target.starts_with(StrCat("/api/models/", name, "/")) || target.starts_with(StrCat("/", name, "/"))) {
      return Failure(404, "RevisionNotFound", "Invalid rev id");
    }
  }
  return Failure(404, "RepoNotFound", "Repository not found");
}

FakeReply FakeHub::AnswerListing(const Repo& repo, const std::string& name, bool tree) const {
  json::Array entries;
  for (const auto& [path, file] : repo.files) {
    const auto size = static_cast<int64_t>(file.content.size());
    json::Value entry;
    if (tree) entry.Set("type", "file");
    entry.Set(tree ? "path" : "rfilename", path);
    entry.Set("size", size);
    entry.Set(tree ? "oid" : "blobId", file.git_etag);
    if (file.lfs) {
      json::Value& lfs = entry.Set("lfs", json::Object());
      lfs.Set(tree ? "oid" : "sha256", file.etag);
      lfs.Set("size", size);
      lfs.Set("pointerSize", 134);
    }
    entries.push_back(std::move(entry));
  }
  FakeReply reply;
  reply.SetHeader("Content-Type", "application/json");
  if (tree) {
    reply.body = json::Dump(json::Value(std::move(entries)));
    return reply;
  }
  json::Value answer;
  answer.Set("id", name);
  answer.Set("modelId", name);
  answer.Set("sha", repo.commit);
  answer.Set("private", false);
  answer.Set("gated", false);
  answer.Set("siblings", std::move(entries));
  reply.body = json::Dump(answer);
  return reply;
}

FakeReply FakeHub::AnswerResolve(const FakeRequest& request, const Repo& repo,
                                 const std::string& path) const {
  const auto found = repo.files.find(path);
  FakeReply reply;
  if (found == repo.files.end()) {
    reply = Failure(404, "EntryNotFound", "Entry not found");
  } else if (found->second.lfs) {
    const File& file = found->second;
    reply.status = 302;
    reply.SetHeader("Location", StrCat(cdn_url(), "/blob/", file.etag, "?Signature=secret"));
    reply.SetHeader("X-Linked-Size", StrCat(file.content.size()));
    reply.SetHeader("X-Linked-ETag", StrCat("\"", file.etag, "\""));
    reply.body = "Found. Redirecting";
  } else {
    reply = AnswerContent(request, found->second);
  }
  reply.SetHeader("X-Repo-Commit", repo.commit);
  return reply;
}

FakeReply FakeHub::AnswerContent(const FakeRequest& request, const File& file) const {
  FakeReply reply;
  reply.SetHeader("ETag", StrCat("\"", file.etag, "\""));
  reply.SetHeader("Accept-Ranges", "bytes");
  const auto range = request.headers.find("range");
  const size_t size = file.content.size();
  if (range == request.headers.end()) {
    reply.body = file.content;
    return reply;
  }
  const std::string_view text = std::string_view(range->second).substr(6);  // "bytes="
  const size_t dash = text.find('-');
  const auto first = static_cast<size_t>(ParseInt(text.substr(0, dash)).value_or(0));
  const auto last = static_cast<size_t>(
      ParseInt(text.substr(dash + 1)).value_or(static_cast<int64_t>(size) - 1));
  if (first >= size || last < first) {
    reply.status = 416;
    reply.SetHeader("Content-Range", StrCat("bytes */", size));
    return reply;
  }
  reply.status = 206;
  const size_t end = std::min(last + 1, size);
  reply.SetHeader("Content-Range", StrCat("bytes ", first, "-", end - 1, "/", size));
  reply.body = file.content.substr(first, end - first);
  return reply;
}

std::string TestContent(size_t bytes, uint64_t seed) {
  Random random(seed);
  std::string content;
  content.reserve(bytes + 8);
  while (content.size() < bytes) {
    const uint64_t word = random.Next();
    content.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  content.resize(bytes);
  return content;
}

}  // namespace pano::hub
