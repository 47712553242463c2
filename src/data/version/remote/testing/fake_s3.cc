#include "data/version/remote/testing/fake_s3.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/strings.h"
#include "data/version/remote/hmac.h"
#include "data/version/remote/s3/s3_xml.h"

namespace pano::remote {
namespace {

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

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t at = text.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

// What is wrong with the request's signature, by the bytes that came: "" for nothing. Written apart
// from sigv4.cc on purpose.
std::string SignatureProblem(const S3Request& request) {
  const std::string header = request.Header("authorization");
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
    canonical += StrCat(name, ":", request.Header(std::string(name)), "\n");
  }
  const std::string hash = request.Header("x-amz-content-sha256");
  canonical += StrCat("\n", names, "\n", hash);
  const std::string date = request.Header("x-amz-date");
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
  const std::string md5 = request.Header("content-md5");
  if (!md5.empty() && Base64(FromHex(Md5Hex(request.body))) != md5) return "BadDigest";
  return "";
}

}  // namespace

FakeS3::FakeS3() : server_([this](const S3Request& request) { return Serve(request); }) {}
FakeS3::~FakeS3() = default;

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

S3Reply FakeS3::Serve(const S3Request& request) {
  S3Reply reply;
  const std::string problem = SignatureProblem(request);
  {
    MutexLock lock(mu_);
    S3Request seen = request;
    seen.body.clear();
    requests_.push_back(std::move(seen));
    reply = problem.empty()
                ? Answer(request)
                : Failure(problem == "BadDigest" || problem == "XAmzContentSHA256Mismatch" ? 400 : 403, problem,
                          "refused");
  }
  MutexLock lock(fault_mu_);
  if (fault_) fault_(request, reply);
  return reply;
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
  reply = ServeObject(request, found->second, Quoted(Md5Hex(found->second)));
  if (reply.status == 412) return Failure(412, "PreconditionFailed", "another version");
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
