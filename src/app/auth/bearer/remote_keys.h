#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/auth/bearer/document_fetcher.h"
#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/bearer/key_source.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pano::bearer {

// When an issuer is asked for its keys, and how long they are believed.
struct KeyPolicy {
  // Keys are fetched anew when the answer's max-age has passed, within these bounds; `refresh_default` where
  // it had none, `refresh_uncached` where it was not to be kept (no-cache, as Keycloak says).
  Duration refresh_min = std::chrono::seconds(5);
  Duration refresh_default = std::chrono::minutes(10);
  Duration refresh_uncached = std::chrono::seconds(60);
  Duration refresh_max = std::chrono::hours(24);
  // An issuer that cannot be reached keeps its keys for so long after the last answer; then its tokens are
  // refused as "issuer unavailable".
  Duration outlive = std::chrono::hours(24);
  // After a failure: the first pause, doubled for each further one.
  Duration retry_first = std::chrono::seconds(1);
  Duration retry_max = std::chrono::seconds(15);
  // Tokens with a key that is not known make the issuer be asked at once, so often in a row and then once in
  // each pause, whoever sends them; the same kid once in a pause.
  int unknown_burst = 4;
  Duration unknown_pause = std::chrono::seconds(5);
  // How long the address of the keys that discovery gave is used.
  Duration rediscover = std::chrono::hours(1);
  size_t waiting_max = 256;  // requests that wait for one answer
};

// The keys of an issuer elsewhere, fetched by a thread of its own: at the start, when they have become old, and
// when a token names one that is not there. Keys that were fetched stay while the issuer is away, slow or
// says something that is no key set. Thread-safe.
class RemoteKeys final : public KeySource {
 public:
  // `clock` outlives this.
  RemoteKeys(IssuerSettings settings, std::shared_ptr<DocumentFetcher> fetcher, Clock& clock = Clock::Real(), KeyPolicy policy = {});
  ~RemoteKeys() override;

  View Current() const override;
  bool MayFetch(std::string_view kid) const override;
  void Fetch(std::string_view kid, std::function<void()> done) override;
  void Stop() override;

 private:
  struct Answer {
    jose::KeySet keys;
    std::optional<std::chrono::seconds> max_age;
  };

  void Run(const std::stop_token& stop);
  // On the thread, without the mutex.
  Result<Answer> Ask(const std::stop_token& stop);
  Result<std::string> Discover(const std::stop_token& stop);

  bool Usable() const PANO_REQUIRES(mu_);
  bool Allowed(std::string_view kid) const PANO_REQUIRES(mu_);
  double UnknownLeft(TimePoint now) const PANO_REQUIRES(mu_);
  Duration RefreshAfter(std::optional<std::chrono::seconds> max_age) const;
  void Apply(Result<Answer> answer) PANO_REQUIRES(mu_);

  const IssuerSettings settings_;
  const KeyPolicy policy_;
  const std::shared_ptr<DocumentFetcher> fetcher_;
  Clock& clock_;

  // Confined to the thread.
  std::string discovered_;        // jwks_uri
  TimePoint discovered_until_{};

  mutable Mutex mu_;
  CondVar changed_;
  View view_ PANO_GUARDED_BY(mu_);
  TimePoint usable_until_ PANO_GUARDED_BY(mu_){};
  TimePoint next_ask_ PANO_GUARDED_BY(mu_){};  // without anybody's wish
  TimePoint retry_at_ PANO_GUARDED_BY(mu_){};  // not before, after a failure
  int failures_ PANO_GUARDED_BY(mu_) = 0;      // in a row
  bool outlived_said_ PANO_GUARDED_BY(mu_) = false;
  bool wanted_ PANO_GUARDED_BY(mu_) = true;
  bool asking_ PANO_GUARDED_BY(mu_) = false;
  bool stopped_ PANO_GUARDED_BY(mu_) = false;
  double unknown_left_ PANO_GUARDED_BY(mu_);   // of the burst, at unknown_at_
  TimePoint unknown_at_ PANO_GUARDED_BY(mu_);
  std::deque<std::pair<std::string, TimePoint>> recent_kids_ PANO_GUARDED_BY(mu_);  // asked for at that time
  std::vector<std::function<void()>> waiting_ PANO_GUARDED_BY(mu_);

  std::jthread thread_;  // last: it uses the rest
};

}  // namespace pano::bearer
