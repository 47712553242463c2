#include "app/http/tls/tls_certificates.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/threads.h"

namespace pano::http {
namespace {

constexpr std::chrono::seconds kCheckEvery{1};

}  // namespace

Result<std::unique_ptr<TlsCertificates>> TlsCertificates::Start(TlsOptions options, Env& env,
                                                                Clock& clock) {
  std::unique_ptr<TlsCertificates> made(new TlsCertificates(std::move(options), env));
  PANO_ASSIGN_OR_RETURN(const TlsFiles files, TlsFiles::Read(made->options_, env));
  PANO_RETURN_IF_ERROR(made->Load(files));
  made->loaded_ = made->seen_ = files.Digest();
  TlsCertificates* self = made.get();
  made->thread_ = StartThread("tls-files", [self, &clock](const std::stop_token& stop) {
    while (clock.SleepFor(kCheckEvery, stop)) self->Check();
  });
  return made;
}

std::shared_ptr<const TlsContext> TlsCertificates::current() const {
  MutexLock lock(mu_);
  return current_;
}

Status TlsCertificates::Load(const TlsFiles& files) {
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<const TlsContext> made,
                        TlsContext::Create(options_, files));
  LogInfo("[tls] certificate ", made->description());
  if (made->expired()) LogWarning("[tls] the certificate has expired: clients will refuse it");
  MutexLock lock(mu_);
  current_ = std::move(made);
  return {};
}

void TlsCertificates::Check() {
  const Result<TlsFiles> files = TlsFiles::Read(options_, env_);
  if (!files.ok()) {
    if (!std::exchange(unread_, true)) {
      LogWarning(files.error().message(), "; the certificate in use stays");
    }
    return;
  }
  unread_ = false;
  const std::string digest = files->Digest();
  const bool settled = std::exchange(seen_, digest) == digest;
  if (!settled || digest == loaded_) return;
  loaded_ = digest;
  if (Status status = Load(*files); !status.ok()) {
    LogWarning(status.message(), "; the certificate in use stays");
  }
}

}  // namespace pano::http
