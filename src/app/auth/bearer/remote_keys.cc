#include "app/auth/bearer/remote_keys.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::bearer {
namespace {

constexpr size_t kDiscoveryBytesMax = 256 << 10;
constexpr size_t kRecentKidsMax = 64;

}  // namespace

RemoteKeys::RemoteKeys(IssuerSettings settings, std::shared_ptr<DocumentFetcher> fetcher, Clock& clock, KeyPolicy policy)
    : settings_(std::move(settings)),
      policy_(policy),
      fetcher_(std::move(fetcher)),
      clock_(clock),
      unknown_left_(policy.unknown_burst),
      unknown_at_(clock.Now()),
      thread_(StartThread("issuer-keys", [this](const std::stop_token& stop) { Run(stop); })) {}

RemoteKeys::~RemoteKeys() { Stop(); }

void RemoteKeys::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
    thread_.request_stop();
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  std::vector<std::function<void()>> waiting;
  {
    MutexLock lock(mu_);
    waiting.swap(waiting_);
  }
  for (const auto& done : waiting) done();
}

bool RemoteKeys::Usable() const { return view_.keys && clock_.Now() < usable_until_; }

KeySource::View RemoteKeys::Current() const {
  MutexLock lock(mu_);
  return Usable() ? view_ : View{nullptr, view_.generation};
}

double RemoteKeys::UnknownLeft(TimePoint now) const {
  const double more = Seconds(now - unknown_at_) / Seconds(policy_.unknown_pause);
  return std::min<double>(policy_.unknown_burst, unknown_left_ + more);
}

bool RemoteKeys::Allowed(std::string_view kid) const {
  if (stopped_ || waiting_.size() >= policy_.waiting_max) return false;
  if (wanted_ || asking_) return true;   // joins in
  const TimePoint now = clock_.Now();
  if (now < retry_at_) return false;
  if (!Usable()) return true;
  if (UnknownLeft(now) < 1) return false;
  return std::none_of(recent_kids_.begin(), recent_kids_.end(), [&](const auto& recent) {
    return recent.first == kid && now < recent.second + policy_.unknown_pause;
  });
}

bool RemoteKeys::MayFetch(std::string_view kid) const {
  MutexLock lock(mu_);
  return Allowed(kid);
}

void RemoteKeys::Fetch(std::string_view kid, std::function<void()> done) {
  {
    MutexLock lock(mu_);
    if (Allowed(kid)) {
      if (!wanted_ && !asking_) {
        const TimePoint now = clock_.Now();
        if (Usable()) {
          unknown_left_ = UnknownLeft(now) - 1;
          unknown_at_ = now;
          if (recent_kids_.size() == kRecentKidsMax) recent_kids_.pop_front();
          recent_kids_.emplace_back(kid, now);
        }
        wanted_ = true;
        changed_.NotifyAll();
      }
      waiting_.push_back(std::move(done));
      return;
    }
  }
  done();
}

void RemoteKeys::Run(const std::stop_token& stop) {
  while (true) {
    {
      MutexLock lock(mu_);
      while (!stopped_ && !wanted_ && clock_.Now() < next_ask_) (void)clock_.WaitUntil(changed_, mu_, next_ask_);
      if (stopped_) return;
      wanted_ = false;
      asking_ = true;
    }
    Result<Answer> answer = Ask(stop);
    std::vector<std::function<void()>> waiting;
    {
      MutexLock lock(mu_);
      asking_ = false;
      if (stopped_) return;   // Stop calls those who wait
      Apply(std::move(answer));
      waiting.swap(waiting_);
    }
    for (const auto& done : waiting) done();
  }
}

Result<std::string> RemoteKeys::Discover(const std::stop_token& stop) {
  Result<FetchedDocument> document = fetcher_->Get(DiscoveryUrl(settings_.issuer), kDiscoveryBytesMax, stop);
  if (!document.ok() && document.error().code() == StatusCode::kNotFound) {
    document = fetcher_->Get(MetadataUrl(settings_.issuer), kDiscoveryBytesMax, stop);
  }
  if (!document.ok()) return document.error();
  json::ParseOptions options;
  options.depth_max = 16;
  Result<json::Value> metadata = json::Parse(document->body, options);
  if (!metadata.ok()) return Corruption(StrCat("its discovery document is no JSON: ", metadata.error().message()));
  const json::Value* issuer = metadata->Find("issuer");
  // Discovery 1.0, 4.3: who answers for another name may be anybody.
  if (!issuer || !issuer->is_string() || issuer->as_string() != settings_.issuer) {
    return Corruption("its discovery document is another issuer's");
  }
  const json::Value* uri = metadata->Find("jwks_uri");
  if (!uri || !uri->is_string()) return Corruption("its discovery document has no jwks_uri");
  PANO_RETURN_IF_ERROR(CheckKeysUrl(uri->as_string()).Wrap("the jwks_uri of its discovery document"));
  // What https says must not lead to a service of this machine.
  if (IsLoopbackHttp(uri->as_string()) && !IsLoopbackHttp(settings_.issuer)) {
    return Corruption("its discovery document leads from https to plain http");
  }
  return uri->as_string();
}

Result<RemoteKeys::Answer> RemoteKeys::Ask(const std::stop_token& stop) {
  std::string url = settings_.jwks_uri;
  if (url.empty()) {
    if (discovered_.empty() || clock_.Now() >= discovered_until_) {
      PANO_ASSIGN_OR_RETURN(discovered_, Discover(stop));
      discovered_until_ = clock_.Now() + policy_.rediscover;
    }
    url = discovered_;
  }
  Result<FetchedDocument> document = fetcher_->Get(url, jose::KeySet::kBytesMax, stop);
  Result<jose::KeySet> keys = document.ok() ? jose::KeySet::Parse(document->body) : document.error();
  if (!keys.ok()) {
    discovered_.clear();   // it may have moved
    return keys.error();
  }
  return Answer{std::move(keys).value(), document->max_age};
}

Duration RemoteKeys::RefreshAfter(std::optional<std::chrono::seconds> max_age) const {
  if (!max_age) return policy_.refresh_default;
  if (max_age->count() == 0) return policy_.refresh_uncached;
  return std::clamp<Duration>(*max_age, policy_.refresh_min, policy_.refresh_max);
}

void RemoteKeys::Apply(Result<Answer> answer) {
  const TimePoint now = clock_.Now();
  if (!answer.ok()) {
    const Duration pause = policy_.retry_first * (int64_t{1} << std::min(failures_, 20));
    retry_at_ = next_ask_ = now + std::min(pause, policy_.retry_max);
    // Once for an outage, not for each try.
    if (failures_++ == 0) {
      LogWarning("[auth] issuer ", Printable(settings_.issuer, 200), ": ", answer.error().message(),
                 Usable() ? "; the keys that were fetched stay in use" : "; its tokens cannot be checked");
    }
    if (view_.keys && !Usable() && !outlived_said_) {
      outlived_said_ = true;
      LogWarning("[auth] issuer ", Printable(settings_.issuer, 200), ": away for too long, its keys are not used any more");
    }
    return;
  }
  if (failures_ > 0) LogInfo("[auth] issuer ", Printable(settings_.issuer, 200), ": its keys are there again");
  failures_ = 0;
  outlived_said_ = false;
  next_ask_ = now + RefreshAfter(answer->max_age);
  usable_until_ = now + policy_.outlive;
  if (view_.keys && *view_.keys == answer->keys) return;
  LogInfo("[auth] issuer ", Printable(settings_.issuer, 200), ": ", answer->keys.keys().size(), " keys");
  for (const std::string& skipped : answer->keys.skipped()) {
    LogDebug("[auth] issuer ", Printable(settings_.issuer, 200), ": left out: ", skipped);
  }
  view_ = {std::make_shared<const jose::KeySet>(std::move(answer->keys)), view_.generation + 1};
}

}  // namespace pano::bearer
