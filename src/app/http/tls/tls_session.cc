#include "app/http/tls/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <climits>
#include <new>
#include <utility>

namespace pano::http {
namespace {

std::string Base64Url(const unsigned char* bytes, size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes,
                                static_cast<int>(size));
  text.resize(static_cast<size_t>(n));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->context_)) {
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (!ssl_ || !in || !out) {
    BIO_free(in);
    BIO_free(out);
    throw std::bad_alloc();
  }
  SSL_set_bio(ssl_.get(), in, out);  // which has them from now on
  SSL_set_accept_state(ssl_.get());
}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::Receive(std::string_view wire, std::string& plain) {
  if (wire.empty() || state_ == State::kFailed || state_ == State::kEnded) return state_;
  started_ = true;
  ERR_clear_error();  // the queue is the thread's, not the session's
  if (BIO_write(SSL_get_rbio(ssl_.get()), wire.data(), static_cast<int>(wire.size())) !=
      static_cast<int>(wire.size())) {
    throw std::bad_alloc();
  }
  if (state_ == State::kHandshake) Handshake();
  if (state_ == State::kOpen) Decrypt(plain);
  return state_;
}

void TlsSession::Handshake() {
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    state_ = State::kOpen;
  } else {
    Fail(done);
  }
}

void TlsSession::Decrypt(std::string& plain) {
  while (true) {
    char piece[16 << 10];
    const int n = SSL_read(ssl_.get(), piece, sizeof piece);
    if (n <= 0) return Fail(n);
    plain.append(piece, static_cast<size_t>(n));
  }
}

// Sorts out why an operation gave nothing: mostly because more has to come first.
void TlsSession::Fail(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kEnded;
      return;
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  error_ = reason ? reason : "the session was broken off";
  ERR_clear_error();
  state_ = State::kFailed;
}

bool TlsSession::Send(std::string_view plain) {
  while (!plain.empty()) {
    if (state_ != State::kOpen && state_ != State::kEnded) return false;
    ERR_clear_error();
    const int size = static_cast<int>(std::min<size_t>(plain.size(), INT_MAX));
    const int n = SSL_write(ssl_.get(), plain.data(), size);
    if (n <= 0) {
      Fail(n);
      if (state_ != State::kFailed) {  // a memory BIO is never full
        state_ = State::kFailed;
        error_ = "nothing could be written";
      }
      return false;
    }
    plain.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void TlsSession::SendEnd() {
  if (state_ != State::kOpen && state_ != State::kEnded) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

size_t TlsSession::output_bytes() const { return BIO_ctrl_pending(SSL_get_wbio(ssl_.get())); }

void TlsSession::MoveOutput(std::string& wire) {
  const size_t bytes = output_bytes();
  if (bytes == 0) return;
  const size_t before = wire.size();
  wire.resize(before + bytes);
  const int n = BIO_read(SSL_get_wbio(ssl_.get()), wire.data() + before, static_cast<int>(bytes));
  wire.resize(before + static_cast<size_t>(std::max(n, 0)));
}

std::string TlsSession::PeerCertificateSha256() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return "";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return "";
  return Base64Url(digest, size);
}

}  // namespace pano::http
