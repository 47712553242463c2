#include "data/version/remote/testing/fake_s3.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/strings.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/s3/s3_xml.h"

namespace pano::remote {
namespace {

int Listen(int* port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PANO_CHECK(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  PANO_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  PANO_CHECK(::listen(fd, 128) == 0);
  PANO_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
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

S3Reply Failure(int status, const std::string& code, const std::string& message) {
  S3Reply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/xml"}};
  reply.body = StrCat("<?xml version=\"1.0\"?>\n<Error><Code>", code, "</Code><Message>",
                      XmlEscaped(message), "</Message></Error>");
  return reply;
}

S3Reply Xml(const std::string& name, const std::string& inner) {
  S3Reply reply;
  reply.headers = {{"Content-Type", "application/xml"}};
  reply.body =
      StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<", name,
             " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", inner, "</", name, ">");
  return reply;
}

std::string Quoted(const std::string& etag) { return StrCat("\"", etag, "\""); }

std::string HeaderOf(const S3Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t at = text.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

// What is wrong with the request's signature, by the bytes that came: "" for nothing. Written apart
// from sigv4.cc on purpose.
std::string SignatureProblem(const S3Request& request) {
  const std::string header = HeaderOf(request, "authorization");
  if (header.empty()) return "AccessDenied";
  const std::string credential = Between(header, "Credential=", ","),
                    names = Between(header, "SignedHeaders=", ",");
  const std::string signature = Between(header + ",", "Signature=", ",");
  const std::vector<std::string_view> scope = Split(credential, '/');
  if (scope.size() != 5 || scope[0] != FakeS3::kAccessKey) return "InvalidAccessKeyId";
  std::vector<std::string> query;
  if (!request.query.empty()) {
    for (const std::string_view part : Split(request.query, '&'))
      query.push_back(part.find('=') == std::string_view::npos ? StrCat(part, "=")
                                                               : std::string(part));
  }
  std::sort(query.begin(), query.end());
  std::string canonical = request.method + "\n" + request.path + "\n";
  for (size_t i = 0; i < query.size(); ++i) canonical += (i > 0 ? "&" : "") + query[i];
  canonical += "\n";
  bool host_signed = false;
  for (const std::string_view name : Split(names, ';')) {
    host_signed = host_signed || name == "host";
    canonical += StrCat(name, ":", HeaderOf(request, std::string(name)), "\n");
  }
  const std::string hash = HeaderOf(request, "x-amz-content-sha256");
  canonical += StrCat("\n", names, "\n", hash);
  const std::string date = HeaderOf(request, "x-amz-date");
  if (!host_signed || date.size() != 16 || date.substr(0, 8) != scope[1])
    return "AuthorizationHeaderMalformed";
  const std::string to_sign =
      StrCat("AWS4-HMAC-SHA256\n", date, "\n", credential.substr(credential.find('/') + 1), "\n",
             Sha256Hex(canonical));
  std::string key = StrCat("AWS4", FakeS3::kSecretKey);
  for (size_t i = 1; i < 5; ++i) key = HmacSha256(key, scope[i]);
  const std::string expected = HmacSha256(key, to_sign);
  if (ToHex(std::as_bytes(std::span(expected))) != signature) return "SignatureDoesNotMatch";
  if (hash != "UNSIGNED-PAYLOAD" && hash != Sha256Hex(request.body))
    return "XAmzContentSHA256Mismatch";
  const std::string md5 = HeaderOf(request, "content-md5");
  if (!md5.empty() && Base64(FromHex(Md5Hex(request.body))) != md5) return "BadDigest";
  return "";
}

}  // namespace

FakeS3::FakeS3() : listener_(Listen(&port_)) {
  acceptor_ = std::jthread([this] { Accept(); });
}

FakeS3::~FakeS3() {
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

std::string FakeS3::url() const { return StrCat("http://127.0.0.1:", port_); }

void FakeS3::Put(const std::string& path, std::string content) {
  MutexLock lock(mu_);
  objects_[path] = std::move(content);
}

std::map<std::string, std::string> FakeS3::Objects() const {
  MutexLock lock(mu_);
  return objects_;
}

size_t FakeS3::uploads() const {
  MutexLock lock(mu_);
  return uploads_.size();
}

std::vector<S3Request> FakeS3::Requests() const {
  MutexLock lock(mu_);
  return requests_;
}

void FakeS3::ForgetRequests() {
  MutexLock lock(mu_);
  requests_.clear();
}

void FakeS3::SetPageSize(size_t keys) {
  MutexLock lock(mu_);
  page_size_ = keys;
}

void FakeS3::SetFault(Fault fault) {
  MutexLock lock(fault_mu_);
  fault_ = std::move(fault);
}

void FakeS3::Accept() {
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

void FakeS3::Serve(int fd) {
  std::string buffer;
  S3Request request;
  while (!stopping_ && ReadRequest(fd, buffer, request)) {
    S3Reply reply;
    const std::string problem = SignatureProblem(request);
    {
      MutexLock lock(mu_);
      S3Request seen = request;
      seen.body.clear();
      requests_.push_back(std::move(seen));
      reply = problem.empty()
                  ? Answer(request)
                  : Failure(problem == "BadDigest" || problem == "XAmzContentSHA256Mismatch" ? 400
                                                                                             : 403,
                            problem, "refused");
    }
    {
      MutexLock lock(fault_mu_);
      if (fault_) fault_(request, reply);
    }
    if (!Send(fd, request, reply)) break;
  }
  MutexLock lock(mu_);
  connections_.erase(fd);
  ::close(fd);
}

bool FakeS3::ReadRequest(int fd, std::string& buffer, S3Request& request) {
  size_t end = 0;
  char bytes[16384];
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0 || buffer.size() > (64u << 10)) return false;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  const std::string head = buffer.substr(0, end);
  buffer.erase(0, end + 4);
  request = S3Request();
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
      static_cast<size_t>(ParseInt(HeaderOf(request, "content-length")).value_or(0));
  while (buffer.size() < length) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

bool FakeS3::Send(int fd, const S3Request& request, const S3Reply& reply) {
  std::string head = StrCat("HTTP/1.1 ", reply.status, " X\r\n");
  for (const auto& [name, value] : reply.headers) head += StrCat(name, ": ", value, "\r\n");
  head += StrCat("Content-Length: ", reply.body.size(), "\r\n");
  if (!SendAll(fd, head + "\r\n")) return false;
  if (request.method == "HEAD") return true;
  std::string_view body = reply.body;
  const bool cut = body.size() > reply.body_bytes_sent;
  if (cut) body = body.substr(0, reply.body_bytes_sent);
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, 4096);
    if (stopping_ || !SendAll(fd, piece)) return false;
    body.remove_prefix(piece.size());
    if (reply.pause_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(reply.pause_us));
  }
  if (cut) ::shutdown(fd, SHUT_RDWR);
  return !cut;
}

S3Reply FakeS3::Answer(const S3Request& request) {
  std::map<std::string, std::string> query;
  if (!request.query.empty()) {
    for (const std::string_view part : Split(request.query, '&')) {
      const size_t equals = part.find('=');
      query[Decode(part.substr(0, equals))] =
          equals == std::string_view::npos ? "" : Decode(part.substr(equals + 1));
    }
  }
  if (query.contains("uploadId") || (request.method == "POST" && query.contains("uploads")))
    return AnswerUpload(request, query);
  if (query.contains("uploads") || query.contains("list-type")) return AnswerBucket(request, query);
  return AnswerObject(request, query);
}

S3Reply FakeS3::AnswerObject(const S3Request& request, const std::map<std::string, std::string>&) {
  const std::string path = Decode(request.path);
  S3Reply reply;
  if (request.method == "PUT") {
    objects_[path] = request.body;
    reply.headers = {{"ETag", Quoted(Md5Hex(request.body))}};
    return reply;
  }
  const auto found = objects_.find(path);
  if (request.method == "DELETE") {
    if (found != objects_.end()) objects_.erase(found);
    reply.status = 204;
    return reply;
  }
  if (found == objects_.end()) return Failure(404, "NoSuchKey", "there is no such key");
  const std::string& content = found->second;
  const std::string etag = Quoted(Md5Hex(content));
  const std::string wanted = HeaderOf(request, "if-match");
  if (!wanted.empty() && wanted != etag)
    return Failure(412, "PreconditionFailed", "another version");
  reply.headers = {{"ETag", etag}};
  reply.body = content;
  const std::string range = HeaderOf(request, "range");
  if (range.starts_with("bytes=")) {
    const size_t first =
        static_cast<size_t>(ParseInt(range.substr(6, range.find('-') - 6)).value_or(0));
    if (first >= content.size()) {
      reply = Failure(416, "InvalidRange", "the range is behind the end");
      reply.headers.emplace_back("Content-Range", StrCat("bytes */", content.size()));
      return reply;
    }
    reply.status = 206;
    reply.headers.emplace_back(
        "Content-Range", StrCat("bytes ", first, "-", content.size() - 1, "/", content.size()));
    reply.body = content.substr(first);
  }
  return reply;
}

S3Reply FakeS3::AnswerBucket(const S3Request& request,
                             const std::map<std::string, std::string>& query) {
  std::string bucket = Decode(request.path);
  while (bucket.ends_with('/')) bucket.pop_back();
  const std::string prefix = query.contains("prefix") ? query.at("prefix") : "";
  std::string inner;
  if (query.contains("uploads")) {
    for (const auto& [id, upload] : uploads_) {
      const std::string key = upload.path.substr(bucket.size() + 1);
      if (key.starts_with(prefix))
        inner += StrCat("<Upload><Key>", XmlEscaped(key), "</Key><UploadId>", id,
                        "</UploadId></Upload>");
    }
    return Xml("ListMultipartUploadsResult", inner);
  }
  const std::string after =
      query.contains("continuation-token") ? query.at("continuation-token") : "";
  size_t count = 0;
  bool more = false;
  std::string last;
  for (auto at = objects_.lower_bound(StrCat(bucket, "/", prefix)); at != objects_.end(); ++at) {
    const std::string key = at->first.substr(std::min(at->first.size(), bucket.size() + 1));
    if (!at->first.starts_with(bucket + "/") || !key.starts_with(prefix)) break;
    if (!after.empty() && key <= after) continue;
    if (count++ == page_size_) {
      more = true;
      break;
    }
    last = key;
    inner += StrCat("<Contents><Key>", XmlEscaped(key), "</Key><Size>", at->second.size(),
                    "</Size></Contents>");
  }
  inner += StrCat("<IsTruncated>", more, "</IsTruncated>");
  if (more)
    inner += StrCat("<NextContinuationToken>", XmlEscaped(last), "</NextContinuationToken>");
  return Xml("ListBucketResult", inner);
}

S3Reply FakeS3::AnswerUpload(const S3Request& request,
                             const std::map<std::string, std::string>& query) {
  const std::string path = Decode(request.path);
  if (request.method == "POST" && query.contains("uploads")) {
    const std::string id = StrCat("upload", ++next_upload_);
    uploads_[id].path = path;
    return Xml("InitiateMultipartUploadResult", StrCat("<UploadId>", id, "</UploadId>"));
  }
  const auto found = uploads_.find(query.at("uploadId"));
  if (found == uploads_.end() || found->second.path != path)
    return Failure(404, "NoSuchUpload", "there is no such upload");
  Upload& upload = found->second;
  S3Reply reply;
  if (request.method == "DELETE") {
    uploads_.erase(found);
    reply.status = 204;
    return reply;
  }
  if (request.method == "PUT") {
    upload.parts[static_cast<int>(ParseInt(query.at("partNumber")).value_or(0))] = request.body;
    reply.headers = {{"ETag", Quoted(Md5Hex(request.body))}};
    return reply;
  }
  if (request.method == "GET") {
    std::string inner = "<IsTruncated>false</IsTruncated>";
    for (const auto& [number, body] : upload.parts) {
      inner += StrCat("<Part><PartNumber>", number, "</PartNumber><ETag>&quot;", Md5Hex(body),
                      "&quot;</ETag><Size>", body.size(), "</Size></Part>");
    }
    return Xml("ListPartsResult", inner);
  }
  const Result<XmlElement> wanted = ParseXml(request.body);
  if (!wanted.ok() || wanted->name != "CompleteMultipartUpload")
    return Failure(400, "MalformedXML", "no list of parts");
  std::string whole;
  for (const XmlElement& part : wanted->children) {
    const auto at =
        upload.parts.find(static_cast<int>(ParseInt(part.Text("PartNumber")).value_or(0)));
    if (at == upload.parts.end() || part.Text("ETag") != Quoted(Md5Hex(at->second)))
      return Failure(400, "InvalidPart", "a part is missing");
    whole += at->second;
  }
  objects_[path] = std::move(whole);
  uploads_.erase(found);
  return Xml("CompleteMultipartUploadResult", "<Key>k</Key>");
}

}  // namespace pano::remote
