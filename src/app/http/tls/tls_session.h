#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "app/http/tls/tls_context.h"

namespace pano::http {

// The server's side of TLS on one connection, as a filter between bytes on the wire and bytes of
// HTTP:
// it knows no socket. Confined to its connection's thread.
class TlsSession {
 public:
  enum class State {
    kHandshake,
    kOpen,
    kEnded,   // the peer has said that it sends no more
    kFailed,  // error() says why; what is in output still goes out: an alert
  };

  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  State state() const { return state_; }
  bool started() const { return started_; }  // a byte has come
  const std::string& error() const { return error_; }

  // Takes bytes from the wire; what they say is appended to `plain`.
  State Receive(std::string_view wire, std::string& plain);
  // Bytes for the peer, in kOpen or kEnded; false when the session has failed.
  bool Send(std::string_view plain);
  // Says that no more will come.
  void SendEnd();

  // What has to go onto the wire, in order.
  size_t output_bytes() const;
  void MoveOutput(std::string& wire);

  // SHA-256 of the peer's certificate (its DER) in base64url, as x5t#S256 of RFC 8705; "" where it
  // showed none. A resumed session has that of its first handshake.
  std::string PeerCertificateSha256() const;

 private:
  void Handshake();
  void Decrypt(std::string& plain);
  void Fail(int result);

  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  const std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<ssl_st, Free> ssl_;
  State state_ = State::kHandshake;
  bool started_ = false;
  std::string error_;
};

}  // namespace pano::http
