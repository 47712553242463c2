#include "base/trusted_certificates.h"

namespace pano {

std::string TrustedCertificatesFile(Env& env) {
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}) {
    if (std::string path = env.Variable(name); !path.empty()) return path;
  }
  return {};
}

}  // namespace pano
