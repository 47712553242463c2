#pragma once

#include <future>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/auth/authenticator.h"
#include "app/auth/bearer/bearer_authenticator.h"
#include "app/auth/bearer/document_fetcher.h"
#include "app/auth/jose/signing_key.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano::bearer::testing {

// Documents by their URL in place of a network; what is not there is NotFound. Thread-safe.
class FakeDocuments final : public DocumentFetcher {
 public:
  void Put(const std::string& url, std::string body, std::optional<std::chrono::seconds> max_age = std::nullopt) {
    MutexLock lock(mu_);
    documents_[url] = {std::move(body), max_age};
  }
  // Every answer from now on; an ok status ends that.
  void Fail(Status status) {
    MutexLock lock(mu_);
    failure_ = std::move(status);
  }
  // While held, Get waits.
  void Hold(bool held) {
    MutexLock lock(mu_);
    held_ = held;
    changed_.NotifyAll();
  }
  std::vector<std::string> asked() const {
    MutexLock lock(mu_);
    return asked_;
  }
  // Blocks until so many were asked for.
  void AwaitAsked(size_t count) {
    MutexLock lock(mu_);
    while (asked_.size() < count) changed_.Wait(mu_);
  }

  Result<FetchedDocument> Get(const std::string& url, size_t bytes_max, const std::stop_token& stop) override {
    std::stop_callback wake(stop, [this] {
      MutexLock lock(mu_);
      changed_.NotifyAll();
    });
    MutexLock lock(mu_);
    asked_.push_back(url);
    changed_.NotifyAll();
    while (held_ && !stop.stop_requested()) changed_.Wait(mu_);
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    if (!failure_.ok()) return failure_;
    const auto found = documents_.find(url);
    if (found == documents_.end()) return NotFound("answered 404");
    if (found->second.body.size() > bytes_max) return Status(StatusCode::kExhausted, "too large");
    return found->second;
  }

 private:
  mutable Mutex mu_;
  CondVar changed_;
  std::map<std::string, FetchedDocument> documents_ PANO_GUARDED_BY(mu_);
  std::vector<std::string> asked_ PANO_GUARDED_BY(mu_);
  Status failure_ PANO_GUARDED_BY(mu_);
  bool held_ PANO_GUARDED_BY(mu_) = false;
};

// A JWK Set of the public parts.
inline std::string KeysOf(const std::vector<jose::SigningKey>& keys) {
  json::Value document;
  document.Set("keys", json::Value(json::Array()));
  json::Array list;
  for (const jose::SigningKey& key : keys) list.push_back(key.PublicJwk());
  document.Set("keys", json::Value(std::move(list)));
  return json::Dump(document);
}

inline std::string DiscoveryOf(const std::string& issuer, const std::string& jwks_uri) {
  json::Value document;
  document.Set("issuer", issuer);
  document.Set("jwks_uri", jwks_uri);
  return json::Dump(document);
}

// The answer, however long it takes.
inline Result<auth::Principal> Ask(auth::Authenticator& authenticator, const auth::Credentials& credentials) {
  std::promise<Result<auth::Principal>> promise;
  std::future<Result<auth::Principal>> future = promise.get_future();
  authenticator.Authenticate(credentials, [&](Result<auth::Principal> who) { promise.set_value(std::move(who)); });
  return future.get();
}

}  // namespace pano::bearer::testing
