#include "app/constraints/compiler.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <new>
#include <utility>

#include "app/constraints/warm_up.h"
#include "base/strings.h"
#include "base/threads.h"

// Two steps: the source becomes a grammar, within the limits of model/grammar, and the grammar is joined with
// the model's table of tokens. Both are bounded in memory and in steps; a watcher answers whoever waits
// when they take too long all the same. What a thread has left then it finishes, and keeps for the next
// who asks.

namespace pano::constraints {
namespace {

constexpr std::array<double, 12> kSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.025,
                                             0.05,   0.1,   0.25,  0.5,   1,    10};

// What a request is told: which of its fields it is about.
Result<GrammarPtr> About(const std::string& field, Result<GrammarPtr> result) {
  if (result.ok() || field.empty()) return result;
  return result.error().Wrap(field).WithField(field);
}

Counter& CacheCounter(MetricRegistry& metrics, const char* result) {
  return metrics.GetCounter({.name = "pano_grammar_cache_total",
                             .help = "Requests with a grammar, by whether it was compiled already.",
                             .labels = {{"result", result}}});
}

Counter& FailureCounter(MetricRegistry& metrics, const char* reason) {
  return metrics.GetCounter({.name = "pano_grammar_failures_total",
                             .help = "Grammars that requests asked for and did not get, by reason.",
                             .labels = {{"reason", reason}}});
}

MetricRegistry& Registry(MetricRegistry* metrics) {
  return metrics != nullptr ? *metrics : MetricRegistry::None();
}

}  // namespace

Compiler::Compiler(Options options, Clock& clock)
    : options_(options),
      clock_(clock),
      hits_(CacheCounter(Registry(options.metrics), "hit")),
      misses_(CacheCounter(Registry(options.metrics), "miss")),
      refused_(FailureCounter(Registry(options.metrics), "refused")),
      too_large_(FailureCounter(Registry(options.metrics), "too_large")),
      too_slow_(FailureCounter(Registry(options.metrics), "too_slow")),
      overloaded_(FailureCounter(Registry(options.metrics), "overloaded")),
      seconds_(Registry(options.metrics)
                   .GetHistogram({.name = "pano_grammar_compile_seconds",
                                  .help = "Compiling one grammar that was not in the cache."},
                                 kSeconds)) {
  if (options_.threads == 0) return;
  for (int i = 0; i < options_.threads; ++i) {
    threads_.push_back(StartThread(StrCat("grammar-", i), [this](const std::stop_token&) { Work(); }));
  }
  threads_.push_back(StartThread("grammar-watch", [this](const std::stop_token&) { Watch(); }));
}

Compiler::~Compiler() {
  std::map<JobKey, JobPtr> dropped;  // without the lock: requests may hold anything
  std::map<std::string, Tenant> tenants;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    dropped.swap(jobs_);
    tenants.swap(tenants_);
  }
  changed_.NotifyAll();
  threads_.clear();
}

Status Compiler::TooSlow() const {
  return InvalidArgument(StrCat("the grammar was not compiled within ",
                                Seconds(options_.time_max), " s"))
      .WithReason("grammar_too_slow");
}

void Compiler::Count(const Status& status) {
  if (status.ok()) return;
  if (status.reason() == "grammar_too_large") return too_large_.Add();
  if (status.reason() == "grammar_too_slow") return too_slow_.Add();
  if (status.code() == StatusCode::kUnavailable) return overloaded_.Add();
  refused_.Add();
}

Result<GrammarPtr> Compiler::Make(Vocabulary& vocabulary, const Source& source) {
  const TimePoint begin = clock_.Now();
  Result<GrammarPtr> made = [&]() -> Result<GrammarPtr> {
    try {
      PANO_ASSIGN_OR_RETURN(std::shared_ptr<const grammar::TokenTable> table, vocabulary.Table());
      PANO_ASSIGN_OR_RETURN(grammar::Grammar grammar, BuildGrammar(source));
      if (grammar.memory_bytes() > options_.bytes_max) {
        return InvalidArgument(StrCat("the grammar takes ", grammar.memory_bytes() >> 20,
                                      " MiB, more than the ", options_.bytes_max >> 20,
                                      " MiB that one may"))
            .WithReason("grammar_too_large");
      }
      return grammar::CompiledGrammar::Compile(std::move(grammar), std::move(table),
                                               {.mask_bytes_max = options_.bytes_max / 2});
    } catch (const std::bad_alloc&) {
      return Status(StatusCode::kUnavailable, "there is no memory to compile the grammar")
          .WithReason("out_of_memory");
    }
  }();
  seconds_.Observe(Seconds(clock_.Now() - begin));
  // Want of memory passes.
  const bool lasts = made.ok() || made.error().code() == StatusCode::kInvalidArgument;
  if (lasts) vocabulary.Keep(source, made);
  return made;
}

std::optional<Result<GrammarPtr>> Compiler::Find(Vocabulary& vocabulary, const Source& source) {
  std::optional<Result<GrammarPtr>> known = vocabulary.Find(source);
  if (!known) return std::nullopt;
  hits_.Add();
  Count(known->status());
  return About(source.field, *std::move(known));
}

void Compiler::Compile(VocabularyPtr vocabulary, Source source, Request request) {
  request.done = [field = source.field, done = std::move(request.done)](Result<GrammarPtr> result) {
    done(About(field, std::move(result)));
  };
  if (auto known = Find(*vocabulary, source)) return request.done(*std::move(known));
  misses_.Add();
  if (options_.threads == 0) {
    Result<GrammarPtr> made = Make(*vocabulary, source);
    Count(made.status());
    return request.done(std::move(made));
  }
  Status refused;
  {
    MutexLock lock(mu_);
    if (stopping_) return;
    JobPtr& job = jobs_[{vocabulary.get(), Vocabulary::KeyOf(source)}];
    if (job && job->given_up) {
      refused = TooSlow();
    } else if (job) {
      job->requests.push_back(std::move(request));
      return;
    } else if (waiting_ >= options_.queue_max) {
      jobs_.erase({vocabulary.get(), Vocabulary::KeyOf(source)});
      refused = Status(StatusCode::kUnavailable, "too many grammars wait to be compiled")
                    .WithReason("overloaded");
    } else {
      job = std::make_shared<Job>();
      job->key = {vocabulary.get(), Vocabulary::KeyOf(source)};
      job->vocabulary = std::move(vocabulary);
      job->source = std::move(source);
      job->tenant = request.tenant;
      job->until = clock_.Now() + options_.wait_max;
      job->requests.push_back(std::move(request));
      tenants_[job->tenant].waiting.push_back(job);
      ++waiting_;
    }
  }
  if (refused.ok()) return changed_.NotifyAll();
  Count(refused);
  request.done(std::move(refused));
}

Compiler::JobPtr Compiler::TakeOf(const std::string& name, Tenant& tenant) {
  if (tenant.waiting.empty() || tenant.running >= std::max(1, options_.threads - 1)) return nullptr;
  JobPtr job = std::move(tenant.waiting.front());
  tenant.waiting.pop_front();
  --waiting_;
  ++tenant.running;
  last_tenant_ = name;
  return job;
}

Compiler::JobPtr Compiler::Next() {
  const auto first = tenants_.upper_bound(last_tenant_);
  for (auto at = first; at != tenants_.end(); ++at) {
    if (JobPtr job = TakeOf(at->first, at->second)) return job;
  }
  for (auto at = tenants_.begin(); at != first; ++at) {
    if (JobPtr job = TakeOf(at->first, at->second)) return job;
  }
  return nullptr;
}

// It ran, or nobody wants it.
void Compiler::Drop(const JobPtr& job) {
  if (auto found = jobs_.find(job->key); found != jobs_.end() && found->second == job) {
    jobs_.erase(found);
  }
  auto tenant = tenants_.find(job->tenant);
  if (tenant == tenants_.end()) return;  // stopping
  if (job->running) --tenant->second.running;
  if (tenant->second.waiting.empty() && tenant->second.running == 0) tenants_.erase(tenant);
}

void Compiler::Work() {
  while (true) {
    JobPtr job;
    bool wanted = false;
    {
      MutexLock lock(mu_);
      job = stopping_ ? nullptr : Next();
      while (!job && !stopping_) {
        changed_.Wait(mu_);
        job = stopping_ ? nullptr : Next();
      }
      if (!job) return;
      job->running = true;
      job->until = clock_.Now() + options_.time_max;
      wanted = std::ranges::any_of(job->requests, [](const Request& one) { return !one.gone || !one.gone(); });
    }
    changed_.NotifyAll();  // the watcher
    Result<GrammarPtr> result = Status(StatusCode::kCancelled, "nobody waits for the grammar");
    if (wanted) result = Make(*job->vocabulary, job->source);
    std::vector<Request> requests;
    bool busy = false;
    {
      MutexLock lock(mu_);
      Drop(job);
      requests.swap(job->requests);
      busy = waiting_ > 0 || stopping_;
    }
    changed_.NotifyAll();  // the tenant may run another
    if (!requests.empty() && wanted) Count(result.status());
    for (Request& request : requests) request.done(result);
    requests.clear();
    if (result.ok() && !busy) WarmUp(*result);
  }
}

TimePoint Compiler::Earliest() const {
  TimePoint earliest = TimePoint::max();
  for (const auto& [key, job] : jobs_) {
    if (!job->given_up) earliest = std::min(earliest, job->until);
  }
  return earliest;
}

std::vector<std::pair<Compiler::JobPtr, std::vector<Compiler::Request>>> Compiler::TakeLate(
    TimePoint now) {
  std::vector<std::pair<JobPtr, std::vector<Request>>> late;
  for (const auto& [key, job] : jobs_) {
    if (job->given_up || job->until > now) continue;
    late.emplace_back(job, std::exchange(job->requests, {}));
    job->given_up = true;
  }
  for (const auto& [job, requests] : late) {
    if (job->running) continue;
    std::erase(tenants_[job->tenant].waiting, job);
    --waiting_;
    Drop(job);
  }
  return late;
}

void Compiler::Watch() {
  while (true) {
    std::vector<std::pair<JobPtr, std::vector<Request>>> late;
    {
      MutexLock lock(mu_);
      while (!stopping_ && Earliest() > clock_.Now()) clock_.WaitUntil(changed_, mu_, Earliest());
      if (stopping_) return;
      late = TakeLate(clock_.Now());
    }
    for (auto& [job, requests] : late) {
      const Status status = job->running
                                ? TooSlow()
                                : Status(StatusCode::kUnavailable,
                                         "the grammar waited too long to be compiled")
                                      .WithReason("overloaded");
      for (Request& request : requests) {
        Count(status);
        request.done(status);
      }
    }
  }
}

}  // namespace pano::constraints
