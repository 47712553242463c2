#pragma once

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "app/http/testing/raw_client.h"
#include "app/http/testing/tls_identity.h"
#include "base/check.h"

namespace pano::http::testing {

// How a TLS client of a test speaks; it checks no certificate. Thread-compatible.
class TlsClientContext {
 public:
  explicit TlsClientContext(const TlsIdentity* identity = nullptr)
      : context_(SSL_CTX_new(TLS_client_method())) {
    PANO_CHECK(context_);
    if (identity) {
      PANO_CHECK(SSL_CTX_use_certificate(context_, identity->certificate()) == 1);
      PANO_CHECK(SSL_CTX_use_PrivateKey(context_, identity->key()) == 1);
    }
  }
  ~TlsClientContext() { SSL_CTX_free(context_); }
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;
  SSL_CTX* get() const { return context_; }

 private:
  SSL_CTX* const context_;
};

// TLS over a connected socket, blocking; the handshake happens at once. Thread-compatible.
class TlsTransport final : public RawTransport {
 public:
  TlsTransport(const TlsClientContext& context, int socket, SSL_SESSION* session = nullptr,
               std::string_view protocols = {})
      : ssl_(SSL_new(context.get())) {
    PANO_CHECK(ssl_);
    SSL_set_fd(ssl_, socket);
    if (session) SSL_set_session(ssl_, session);
    if (!protocols.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
    }
    ERR_clear_error();
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsTransport() override {
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else its session is lost
    SSL_free(ssl_);
  }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  bool connected() const { return connected_; }
  SSL* ssl() const { return ssl_; }

  ssize_t Send(const char* bytes, size_t size) override {
    ERR_clear_error();
    return SSL_write(ssl_, bytes, static_cast<int>(size));
  }
  ssize_t Receive(char* bytes, size_t size) override {
    ERR_clear_error();
    const int n = SSL_read(ssl_, bytes, static_cast<int>(size));
    if (n <= 0) ended_ = SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN;
    return n;
  }
  bool HasBuffered() override { return SSL_has_pending(ssl_) == 1 && SSL_pending(ssl_) > 0; }
  // Session tickets make a socket readable without a byte for Receive, so TLS itself is asked.
  bool CanReceive() override {
    const int socket = SSL_get_fd(ssl_);
    const int flags = fcntl(socket, F_GETFL);
    fcntl(socket, F_SETFL, flags | O_NONBLOCK);
    ERR_clear_error();
    char byte;
    const int n = SSL_peek(ssl_, &byte, 1);
    const bool can = n > 0 || SSL_get_error(ssl_, n) != SSL_ERROR_WANT_READ;
    fcntl(socket, F_SETFL, flags);
    return can;
  }
  // Whether the server ended the session in the open, with nothing cut off.
  bool ended() const { return ended_; }

 private:
  SSL* const ssl_;
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace pano::http::testing
