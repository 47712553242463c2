#include "app/http/tls/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <utility>

#include "base/freed_by.h"
#include "base/strings.h"

namespace pano::http {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr int kCertificatesMax = 1000;
// The "intermediate" set of ciphers for TLS 1.2: forward secrecy, authenticated encryption. TLS 1.3
// has no others.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL:!PSK:!SRP";
constexpr long kTicketSeconds = 3600;
constexpr unsigned char kSessionContext[] = "panorama";

using Bio = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, FreedBy<X509_STORE_free>>;

// What OpenSSL says of its first failure, which is the nearest to the cause.
std::string LibraryReason() {
  const unsigned long code = ERR_get_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason ? reason : "unknown failure";
}

Status Wrong(const std::string& path, std::string_view what) {
  return InvalidArgument(StrCat("[tls] ", Printable(path), ": ", what));
}

Bio MemoryOf(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// No passphrase can be asked for; "" makes the library say that the key cannot be read.
int NoPassphrase(char*, int, int, void*) { return 0; }

// Whether the end of the file is why nothing more came.
bool IsEndOfPem() {
  const unsigned long code = ERR_peek_last_error();
  return code == 0 ||
         (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
}

Status UseCertificates(SSL_CTX* context, const std::string& path, std::string_view pem) {
  const Bio bio = MemoryOf(pem);
  ERR_clear_error();
  const Certificate own(PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!own) return Wrong(path, StrCat("no certificate in PEM: ", LibraryReason()));
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return Wrong(path, StrCat("the certificate cannot be used: ", LibraryReason()));
  }
  for (int i = 0; i < kCertificatesMax; ++i) {
    Certificate above(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!above) {
      if (!IsEndOfPem()) return Wrong(path, StrCat("a broken certificate: ", LibraryReason()));
      ERR_clear_error();
      return {};
    }
    if (SSL_CTX_add0_chain_cert(context, above.get()) != 1) {
      return Wrong(path, StrCat("a certificate cannot be used: ", LibraryReason()));
    }
    (void)above.release();  // the context has it
  }
  return Wrong(path, "too many certificates");
}

Status UseKey(SSL_CTX* context, const TlsOptions& options, std::string_view pem) {
  const std::string& path = options.key_file;
  const Bio bio = MemoryOf(pem);
  ERR_clear_error();
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) {
    const bool encrypted = pem.find("ENCRYPTED") != std::string_view::npos;
    const std::string reason = LibraryReason();
    return Wrong(path, encrypted ? "the key has a passphrase, which nobody is here to enter: "
                                   "openssl pkey -in FILE -out PLAIN takes it off"
                                 : StrCat("no private key in PEM: ", reason));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Wrong(path, StrCat("not the key of the certificate in ",
                              Printable(options.certificate_file), ": ", LibraryReason()));
  }
  return {};
}

// Client certificates are asked for, and whoever has none may do without.
Status AskForClientCertificates(SSL_CTX* context, const std::string& path, std::string_view pem) {
  const Bio bio = MemoryOf(pem);
  const Store store(X509_STORE_new());
  if (!store) return Internal("[tls] out of memory");
  ERR_clear_error();
  int count = 0;
  for (; count < kCertificatesMax; ++count) {
    const Certificate authority(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (!authority) {
      if (!IsEndOfPem()) return Wrong(path, StrCat("a broken certificate: ", LibraryReason()));
      ERR_clear_error();
      break;
    }
    if (X509_STORE_add_cert(store.get(), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Wrong(path, StrCat("a certificate cannot be used: ", LibraryReason()));
    }
  }
  if (count == 0) return Wrong(path, "no certificate of an authority in PEM");
  if (count == kCertificatesMax) return Wrong(path, "too many certificates");
  if (SSL_CTX_set1_verify_cert_store(context, store.get()) != 1) {
    return Internal(StrCat("[tls] ", LibraryReason()));
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

// HTTP/1.1 is all that is spoken; a client that offers only others is told so (RFC 7301, 3.2).
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kProtocols[] = "\x08http/1.1\x08http/1.0";
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, kProtocols, sizeof kProtocols - 1,
                                          offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void SetRules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A thousand silent streams should not hold two record buffers each.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  // Tickets alone: nothing is kept here that clients could fill.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_timeout(context, kTicketSeconds);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
}

std::string Describe(X509* certificate, bool* expired) {
  char name[256] = {};
  X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name - 1);
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  *expired = X509_cmp_current_time(end) < 0;
  std::tm tm{};
  char date[32] = "?";
  if (ASN1_TIME_to_tm(end, &tm) == 1) std::strftime(date, sizeof date, "%Y-%m-%d", &tm);
  const std::string_view subject(name);
  return StrCat(subject.empty() ? "no subject" : Printable(subject), ", until ", date);
}

Result<std::string> ReadPem(const std::string& path, Env& env) {
  Result<std::string> text = ReadFile(path, kFileBytesMax, env);
  if (!text.ok()) return Status(text.error().code(), StrCat("[tls] ", text.error().message()));
  return text;
}

}  // namespace

Result<TlsFiles> TlsFiles::Read(const TlsOptions& options, Env& env) {
  TlsFiles files;
  PANO_ASSIGN_OR_RETURN(files.certificate, ReadPem(options.certificate_file, env));
  PANO_ASSIGN_OR_RETURN(files.key, ReadPem(options.key_file, env));
  if (!options.client_ca_file.empty()) {
    PANO_ASSIGN_OR_RETURN(files.client_ca, ReadPem(options.client_ca_file, env));
  }
  return files;
}

std::string TlsFiles::Digest() const {
  const std::string all = StrCat(certificate.size(), ":", certificate, key.size(), ":", key, client_ca);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
             EVP_sha256(), nullptr);
  digest.resize(size);
  return digest;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsOptions& options,
                                                             const TlsFiles& files) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (!context) return Internal(StrCat("[tls] ", LibraryReason()));
  std::shared_ptr<TlsContext> made(new TlsContext(context));
  SetRules(context);
  PANO_RETURN_IF_ERROR(UseCertificates(context, options.certificate_file, files.certificate));
  PANO_RETURN_IF_ERROR(UseKey(context, options, files.key));
  if (!options.client_ca_file.empty()) {
    PANO_RETURN_IF_ERROR(AskForClientCertificates(context, options.client_ca_file, files.client_ca));
  }
  made->description_ = Describe(SSL_CTX_get0_certificate(context), &made->expired_);
  return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace pano::http
