#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

#include "app/http/http.h"
#include "app/http/testing/raw_client.h"
#include "app/http/testing/tls_identity.h"
#include "app/http/testing/tls_transport.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::http::testing {

// Files of an identity in a folder of its own, removed at the end. Thread-compatible.
class TlsFolder {
 public:
  explicit TlsFolder(const TlsIdentity& identity) {
    std::string path = (std::filesystem::temp_directory_path() / "pano-tls-XXXXXX").string();
    PANO_CHECK(mkdtemp(path.data()));
    folder_ = path;
    Write(identity);
  }
  ~TlsFolder() { std::filesystem::remove_all(folder_); }
  TlsFolder(const TlsFolder&) = delete;
  TlsFolder& operator=(const TlsFolder&) = delete;

  void Write(const TlsIdentity& identity) {
    Write("cert.pem", identity.CertificatePem());
    Write("key.pem", identity.KeyPem());
  }
  void Write(const std::string& name, const std::string& text) {
    PANO_CHECK(WriteFile(Path(name), text).ok());
  }
  std::string Path(const std::string& name) const { return StrCat(folder_, "/", name); }
  TlsOptions options() const { return {Path("cert.pem"), Path("key.pem"), ""}; }

 private:
  std::string folder_;
};

// Runs each test over plain TCP and over TLS: RawClient speaks it, and the test gives `tls()` to
// its server. Confined to the thread of the test.
class BothTransports : public ::testing::TestWithParam<std::string> {
 public:
  static TlsOptions tls() { return folder_ ? folder_->options() : TlsOptions(); }

 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the other side has closed
    if (GetParam() != "Tls") return;
    static const TlsIdentity identity("server");
    static const TlsClientContext context;
    folder_ = std::make_unique<TlsFolder>(identity);
    RawClient::make_transport = [](int socket) {
      return std::make_unique<TlsTransport>(context, socket);
    };
  }
  void TearDown() override {
    RawClient::make_transport = nullptr;
    folder_.reset();
  }

 private:
  static inline std::unique_ptr<TlsFolder> folder_;
};

inline std::string TransportName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace pano::http::testing
