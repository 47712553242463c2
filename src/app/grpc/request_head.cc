#include "app/grpc/request_head.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/auth_context.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "app/http/message/request_parser.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

using std::chrono::system_clock;

std::string_view View(::grpc::string_ref text) { return {text.data(), text.size()}; }

// "ipv4:127.0.0.1:4711" -> "127.0.0.1:4711", "ipv6:%5B::1%5D:4711" -> "[::1]:4711".
std::string PeerOf(std::string text) {
  const size_t scheme = text.find(':');
  if (text.starts_with("ipv") && scheme != std::string::npos) text.erase(0, scheme + 1);
  for (const auto& [code, letter] : {std::pair("%5B", "["), std::pair("%5D", "]")}) {
    const size_t at = text.find(code);
    if (at != std::string::npos) text.replace(at, 3, letter);
  }
  return text;
}

// The time that is left, as gRPC's mapping to HTTP/2 writes it; "": as long as it takes.
std::string TimeLeft(system_clock::time_point deadline) {
  if (deadline == system_clock::time_point::max()) return {};
  const auto left = deadline - system_clock::now();
  constexpr int64_t kDigitsMax = 99'999'999;
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  if (ms > kDigitsMax) return StrCat(std::min(ms / 1000, kDigitsMax), "S");
  return StrCat(std::max<int64_t>(ms, 1), "m");
}

// x5t#S256 of RFC 8705.
std::string Sha256Of(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  if (!bio) return {};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest, &size) != 1) return {};
  unsigned char encoded[4 * EVP_MAX_MD_SIZE / 3 + 4];
  const int length = EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
  std::string text(reinterpret_cast<const char*>(encoded), static_cast<size_t>(length));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.resize(text.find_last_not_of('=') + 1);
  return text;
}

void SetTls(const ::grpc::GenericCallbackServerContext& context, http::Request& request) {
  const std::shared_ptr<const ::grpc::AuthContext> tls = context.auth_context();
  if (!tls) return;
  request.secure = !tls->FindPropertyValues("transport_security_type").empty() &&
                   View(tls->FindPropertyValues("transport_security_type").front()) != "insecure";
  const auto certificates = tls->FindPropertyValues("x509_pem_cert");
  if (!certificates.empty()) request.client_certificate_sha256 = Sha256Of(View(certificates.front()));
}

}  // namespace

http::Request MakeHead(const ::grpc::GenericCallbackServerContext& context) {
  http::Request request;
  request.method = "POST";
  request.target = context.method();
  request.path = context.method();
  // The first of a name counts: no metadata passes for these.
  request.headers.emplace_back("Host", context.host());
  request.headers.emplace_back("Content-Type", "application/grpc");
  const std::string left = TimeLeft(context.deadline());
  if (!left.empty()) request.headers.emplace_back("grpc-timeout", left);
  for (const auto& [name, value] : context.client_metadata()) {
    const std::string key(View(name));
    if (key.ends_with("-bin") || key.starts_with("grpc-") || key.starts_with(":")) continue;
    request.headers.emplace_back(key, std::string(View(value)));
  }
  request.peer = PeerOf(context.peer());
  SetTls(context, request);
  request.id = http::ChooseRequestId(request.Header("x-request-id"));
  return request;
}

}  // namespace pano::grpc
