#pragma once

#include <memory>
#include <string>
#include <thread>

#include "app/http/tls/tls_context.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::http {

// The certificate that new connections get, renewed when its files change: they are read once a
// second, and what they hold is taken when it was the same twice, so that a pair that is being
// replaced is not read half. A pair that cannot be used leaves the old one in use, and the log says
// so. Thread-safe.
class TlsCertificates {
 public:
  // Fails as TlsContext does. `env` and `clock` outlive this.
  static Result<std::unique_ptr<TlsCertificates>> Start(TlsOptions options, Env& env = Env::Real(),
                                                        Clock& clock = Clock::Real());

  std::shared_ptr<const TlsContext> current() const;

  // Looks at the files now; what the thread does each second.
  void Check();

 private:
  TlsCertificates(TlsOptions options, Env& env) : options_(std::move(options)), env_(env) {}
  Status Load(const TlsFiles& files);

  const TlsOptions options_;
  Env& env_;
  mutable Mutex mu_;
  std::shared_ptr<const TlsContext> current_ PANO_GUARDED_BY(mu_);
  // Confined to whoever calls Check.
  std::string loaded_;    // digest of the files in use, or of those that were refused
  std::string seen_;      // that of the last look
  bool unread_ = false;   // the log has it that they cannot be read
  std::jthread thread_;   // ends first
};

}  // namespace pano::http
