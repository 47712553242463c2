#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/http/http.h"
#include "base/env.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace pano::http {

// What a TLS server's files say, as text (PEM). A value.
struct TlsFiles {
  // The files of `options`, at most 1 MiB each; says which cannot be read.
  static Result<TlsFiles> Read(const TlsOptions& options, Env& env);

  std::string certificate;  // the server's own, then what leads to its authority
  std::string key;          // not encrypted
  std::string client_ca;    // authorities of client certificates; "": none are asked for

  // SHA-256 of all of it.
  std::string Digest() const;
};

// A certificate with its key, and how TLS is spoken with them: 1.2 with forward secrecy and
// authenticated ciphers, or 1.3; no renegotiation, compression or early data; sessions resume by
// tickets, under keys that live as long as this. Immutable, so thread-safe.
class TlsContext {
 public:
  // InvalidArgument says which file is wrong and how: no PEM, a key of another certificate or with
  // a passphrase, a key that is too short.
  static Result<std::shared_ptr<const TlsContext>> Create(const TlsOptions& options,
                                                          const TlsFiles& files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // "CN=models.example, until 2027-01-31", for the log.
  const std::string& description() const { return description_; }
  bool expired() const { return expired_; }

 private:
  friend class TlsSession;
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* const context_;
  std::string description_;
  bool expired_ = false;
};

}  // namespace pano::http
