#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace pano::http::testing {

// A certificate with its key, for tests: made anew, of P-256, for "localhost" and 127.0.0.1.
// Thread-compatible.
class TlsIdentity {
 public:
  // Signed by `authority`, or by itself. `days`: until it expires; negative: it has.
  explicit TlsIdentity(const std::string& name, const TlsIdentity* authority = nullptr,
                       int days = 30)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    PANO_CHECK(key_ && certificate_);
    X509* x = certificate_.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), static_cast<long>(reinterpret_cast<uintptr_t>(x) & 0xffffff) + 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -100L * 86400);
    X509_gmtime_adj(X509_getm_notAfter(x), days * 86400L);
    X509_set_pubkey(x, key_.get());
    X509_NAME* subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, authority ? X509_get_subject_name(authority->certificate_.get()) : subject);
    Extend(NID_basic_constraints, "CA:TRUE");
    Extend(NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    PANO_CHECK(X509_sign(x, authority ? authority->key_.get() : key_.get(), EVP_sha256()) > 0);
  }

  std::string CertificatePem() const {
    return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string KeyPem(const char* passphrase = nullptr) const {
    return Pem([&](BIO* out) {
      return PEM_write_bio_PKCS8PrivateKey(out, key_.get(), passphrase ? EVP_aes_128_cbc() : nullptr,
                                           nullptr, 0, nullptr, const_cast<char*>(passphrase));
    });
  }
  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };

  void Extend(int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    PANO_CHECK(extension);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <typename Write>
  static std::string Pem(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    PANO_CHECK(write(out) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string pem(data, static_cast<size_t>(size));
    BIO_free(out);
    return pem;
  }

  std::unique_ptr<EVP_PKEY, FreeKey> key_;
  std::unique_ptr<X509, FreeCertificate> certificate_;
};

}  // namespace pano::http::testing
