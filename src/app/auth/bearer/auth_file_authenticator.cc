#include "app/auth/bearer/auth_file_authenticator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "app/auth/bearer/auth_file.h"
#include "app/auth/bearer/bearer_authenticator.h"
#include "app/auth/bearer/key_file.h"
#include "app/auth/renewal.h"
#include "base/file_follower.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

class AuthFileAuthenticatorImpl final : public AuthFileAuthenticator, public auth::Renewal {
 public:
  AuthFileAuthenticatorImpl(std::string path, MakeKeySource make_keys, Env& env, Clock& clock, Duration poll)
      : path_(std::move(path)),
        make_keys_(std::move(make_keys)),
        env_(env),
        clock_(clock),
        poll_(poll),
        tokens_(std::move(MakeBearerAuthenticator({}, clock)).value()) {}

  // Once, before anybody knows it.
  Status Start() {
    PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path_, AuthFile::kBytesMax, env_));
    PANO_RETURN_IF_ERROR(Take(text));
    follower_.emplace(FileFollower::Options{.path = path_, .bytes_max = AuthFile::kBytesMax, .log_name = "[auth] ", .poll = poll_},
                      std::move(text), [this](const std::string& changed) { return Take(changed); }, env_, clock_);
    return {};
  }

  bool required() const override { return true; }
  bool Recognizes(const auth::Credentials& credentials) const override {
    const auto keys = this->keys();
    return tokens_->Recognizes(credentials) || (keys && keys->Recognizes(credentials));
  }
  std::optional<Result<auth::Principal>> TryAuthenticate(const auth::Credentials& credentials) override {
    const auto keys = this->keys();
    if (keys && keys->Recognizes(credentials)) return keys->TryAuthenticate(credentials);
    return tokens_->TryAuthenticate(credentials);
  }
  void Authenticate(const auth::Credentials& credentials, Done done) override {
    const auto keys = this->keys();
    if (keys && keys->Recognizes(credentials)) return keys->Authenticate(credentials, std::move(done));
    tokens_->Authenticate(credentials, std::move(done));
  }

  std::optional<auth::Principal> Renew(const auth::Principal& known) override {
    if (known.issuer.empty()) {
      const auto keys = this->keys();
      if (!keys) return std::nullopt;
      Result<auth::Principal> now = auth::RenewRights(*keys, known);
      return now.ok() ? std::optional(*std::move(now)) : std::nullopt;
    }
    const std::vector<std::string> trusted = issuers();
    return std::ranges::find(trusted, known.issuer) != trusted.end() ? std::optional(known) : std::nullopt;
  }

  Status Reload() override {
    Status taken = follower_->Look();
    // A file that is wrong changes nothing of itself; its keys may have changed all the same.
    const auto keys = this->keys();
    const Status read = keys ? keys->Reload() : OkStatus();
    return taken.ok() ? read : taken;
  }
  std::vector<std::string> issuers() const override {
    MutexLock lock(mu_);
    return issuers_;
  }

 private:
  // Its issuer and the address of its keys.
  using SourceName = std::pair<std::string, std::string>;

  std::shared_ptr<KeyFileAuthenticator> keys() const {
    MutexLock lock(mu_);
    return keys_;
  }

  // One call at a time.
  Status Take(const std::string& text) {
    PANO_ASSIGN_OR_RETURN(AuthFile file, ParseAuthFile(text, path_));
    std::shared_ptr<KeyFileAuthenticator> keys = file.keys == keys_path_ ? this->keys() : nullptr;
    if (!file.keys.empty() && !keys) {
      PANO_ASSIGN_OR_RETURN(keys, MakeKeyFileAuthenticator(file.keys, env_, clock_, poll_));
    }
    std::vector<std::string> names;
    std::vector<TrustedIssuer> trusted;
    std::map<SourceName, std::shared_ptr<KeySource>> sources;
    for (IssuerSettings& settings : file.issuers) {
      const SourceName name(settings.issuer, settings.jwks_uri);
      const auto known = sources_.find(name);
      const std::shared_ptr<KeySource> source = known == sources_.end() ? make_keys_(settings) : known->second;
      sources.emplace(name, source);
      names.push_back(settings.issuer);
      trusted.push_back({std::move(settings), source, {}});
    }
    PANO_RETURN_IF_ERROR(tokens_->SetIssuers(std::move(trusted)));
    sources_ = std::move(sources);
    keys_path_ = file.keys;
    LogInfo("[auth] ", Printable(path_, 400), ": ", names.size(), " issuers, ",
            keys ? StrCat("keys of ", Printable(keys_path_, 400)) : std::string("no keys"));
    MutexLock lock(mu_);
    issuers_ = std::move(names);
    // The one before goes at the next change: whoever asks it now may hold it, and its end waits for a thread.
    keys_before_ = std::exchange(keys_, std::move(keys));
    return {};
  }

  const std::string path_;
  const MakeKeySource make_keys_;
  Env& env_;
  Clock& clock_;
  const Duration poll_;
  const std::unique_ptr<BearerAuthenticator> tokens_;

  // Confined to Take.
  std::map<SourceName, std::shared_ptr<KeySource>> sources_;
  std::string keys_path_;
  std::shared_ptr<KeyFileAuthenticator> keys_before_;

  mutable Mutex mu_;
  std::vector<std::string> issuers_ PANO_GUARDED_BY(mu_);
  std::shared_ptr<KeyFileAuthenticator> keys_ PANO_GUARDED_BY(mu_);

  std::optional<FileFollower> follower_;  // last: its thread uses the rest
};

}  // namespace

Result<std::unique_ptr<AuthFileAuthenticator>> MakeAuthFileAuthenticator(std::string path, MakeKeySource make_keys,
                                                                         Env& env, Clock& clock, Duration poll) {
  auto made = std::make_unique<AuthFileAuthenticatorImpl>(std::move(path), std::move(make_keys), env, clock, poll);
  PANO_RETURN_IF_ERROR(made->Start());
  return std::unique_ptr<AuthFileAuthenticator>(std::move(made));
}

}  // namespace pano::bearer
