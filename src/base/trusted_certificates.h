#pragma once

#include <string>

#include "base/env.h"

namespace pano {

// The file of certificates whose signatures on a server's are trusted in place of the system's, for
// every connection over TLS that this program opens: SSL_CERT_FILE, as OpenSSL has it, else
// CURL_CA_BUNDLE, else REQUESTS_CA_BUNDLE. "": the system's.
std::string TrustedCertificatesFile(Env& env = Env::Real());

}  // namespace pano
