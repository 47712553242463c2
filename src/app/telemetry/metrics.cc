#include "app/telemetry/metrics.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "app/telemetry/model_series_internal.h"
#include "app/telemetry/process_metrics.h"
#include "app/telemetry/prometheus_metrics.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

// A 2 ms model on a big machine and a 1 s one on a small both have several buckets around them.
const Buckets kTokenSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05,
                               0.075,  0.1,   0.15,  0.25,  0.5,  1,    2.5,  5};
const Buckets kMaskSeconds = {0.000005, 0.00001, 0.00002, 0.00005, 0.0001, 0.0002,
                              0.0005,   0.001,   0.002,   0.005,   0.01,   0.05};
const Buckets kWaitSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                              0.5,   1,      2.5,   5,    10,    30,   60};
const Buckets kRequestSeconds = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                 2.5,   5,     10,   30,    60,   120, 300,  600};
const Buckets kStepTokens = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
const Buckets kStepSequences = {1, 2, 4, 8, 16, 32, 64, 128, 256};

}  // namespace

struct Metrics::Families {
  // Constant after construction; what they hold is thread-safe.
  prometheus::Registry registry;
  PrometheusMetrics lower_layers{registry};
  Family<Counter>& requests =
      MakeCounter("pano_requests_total", "Requests answered, by model, route and status.");
  Family<Histogram>& request_seconds =
      MakeHistogram("pano_request_seconds", "From the whole request to the end of its answer.");
  Family<Histogram>& ttft =
      MakeHistogram("pano_ttft_seconds", "From submission to the first token.");
  Family<Histogram>& itl = MakeHistogram("pano_itl_seconds", "Between two tokens of a sequence.");
  Family<Histogram>& grammar_mask = MakeHistogram(
      "pano_grammar_mask_seconds", "Finding which tokens a grammar allows next, once a token.");
  Family<Histogram>& queue =
      MakeHistogram("pano_queue_seconds", "From submission to the first step with the request.");
  Family<Gauge>& queue_requests = MakeGauge("pano_queue_requests", "Requests that wait.");
  Family<Gauge>& running =
      MakeGauge("pano_running_sequences", "Sequences that are being computed.");
  Family<Counter>& tokens =
      MakeCounter("pano_tokens_total",
                  "Tokens: of prompts computed, of prompts taken from the cache, generated.");
  Family<Counter>& speculated =
      MakeCounter("pano_speculated_tokens_total",
                  "Tokens guessed ahead and verified, by whether they were right.");
  Family<Histogram>& step_seconds = MakeHistogram("pano_step_seconds", "Time of one step.");
  Family<Histogram>& step_tokens = MakeHistogram("pano_step_tokens", "Tokens in one step.");
  Family<Histogram>& step_sequences =
      MakeHistogram("pano_step_sequences", "Sequences in one step.");
  Family<Gauge>& kv_blocks =
      MakeGauge("pano_kv_blocks", "Blocks of KV memory, of all state groups together, by state.");
  Family<Counter>& preemptions = MakeCounter(
      "pano_preemptions_total", "Sequences put back to be computed again, for want of KV memory.");
  Family<Counter>& forced_tokens =
      MakeCounter("pano_grammar_forced_tokens_total",
                  "Generated tokens that took no step, since a grammar allowed no other.");
  Family<Counter>& cancellations =
      MakeCounter("pano_cancellations_total", "Requests that ended early, by reason.");
  Family<Counter>& rejections =
      MakeCounter("pano_rejections_total", "Requests refused at once, by reason.");

  Mutex mu;
  std::map<std::string, std::unique_ptr<ModelMetrics>, std::less<>> models PANO_GUARDED_BY(mu);
  std::set<std::string, std::less<>> routes PANO_GUARDED_BY(mu);
  std::map<std::tuple<std::string, std::string, int>, Counter*> counted PANO_GUARDED_BY(mu);
  std::map<std::pair<std::string, std::string>, Histogram*> timed PANO_GUARDED_BY(mu);

  Mutex scrape_mu;  // held while callbacks run; taken before mu
  ProcessMetrics process PANO_GUARDED_BY(scrape_mu){lower_layers};
  std::vector<std::function<void()>> on_scrape PANO_GUARDED_BY(scrape_mu);

  Family<Counter>& MakeCounter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Family<Gauge>& MakeGauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  Family<Histogram>& MakeHistogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  std::unique_ptr<ModelMetrics::Series> MakeSeries(const std::string& model);
  std::string KnownRoute(std::string_view route) PANO_REQUIRES(mu);
};

std::unique_ptr<ModelMetrics::Series> Metrics::Families::MakeSeries(const std::string& model) {
  const prometheus::Labels of_model = {{"model", model}};
  const auto with = [&](const char* label, std::string_view value) {
    return prometheus::Labels{{"model", model}, {label, std::string(value)}};
  };
  auto series = std::make_unique<ModelMetrics::Series>();
  series->ttft.emplace(ttft.Add(of_model, kWaitSeconds));
  series->inter_token.emplace(itl.Add(of_model, kTokenSeconds));
  series->grammar_mask.emplace(grammar_mask.Add(of_model, kMaskSeconds));
  series->queue.emplace(queue.Add(of_model, kWaitSeconds));
  series->step_seconds.emplace(step_seconds.Add(of_model, kTokenSeconds));
  series->step_tokens.emplace(step_tokens.Add(of_model, kStepTokens));
  series->step_sequences.emplace(step_sequences.Add(of_model, kStepSequences));
  series->queue_requests = &queue_requests.Add(of_model);
  series->running_sequences = &running.Add(of_model);
  series->kv_used = &kv_blocks.Add(with("state", "used"));
  series->kv_cached = &kv_blocks.Add(with("state", "cached"));
  series->kv_free = &kv_blocks.Add(with("state", "free"));
  for (size_t i = 0; i < kCancellationReasons.size(); ++i) {
    series->cancellations[i].emplace(cancellations.Add(with("reason", kCancellationReasons[i])));
  }
  for (size_t i = 0; i < kRejectionReasons.size(); ++i) {
    series->rejections[i].emplace(rejections.Add(with("reason", kRejectionReasons[i])));
  }
  series->prompt_tokens.counter = &tokens.Add(with("kind", "prompt"));
  series->cached_tokens.counter = &tokens.Add(with("kind", "cached"));
  series->generated_tokens.counter = &tokens.Add(with("kind", "generated"));
  series->accepted_drafts.counter = &speculated.Add(with("outcome", "accepted"));
  series->rejected_drafts.counter = &speculated.Add(with("outcome", "rejected"));
  series->preemptions.counter = &preemptions.Add(of_model);
  series->forced_tokens.counter = &forced_tokens.Add(of_model);
  return series;
}

std::string Metrics::Families::KnownRoute(std::string_view route) {
  if (routes.contains(route)) return std::string(route);
  if (route.empty() || routes.size() >= kRoutesMax) return "other";
  return *routes.emplace(route).first;
}

Metrics::Metrics(BuildInfo build) : families_(std::make_unique<Families>()) {
  prometheus::BuildGauge()
      .Name("pano_build_info")
      .Help("Always 1; the labels say what is running.")
      .Register(families_->registry)
      .Add({{"version", build.version}, {"commit", build.commit}, {"isa", build.isa}})
      .Set(1);
}

Metrics::~Metrics() = default;

ModelMetrics& Metrics::ForModel(std::string_view label) {
  MutexLock lock(families_->mu);
  auto& models = families_->models;
  auto found = models.find(label);
  if (found == models.end()) {
    const std::string name = models.size() < kModelsMax ? std::string(label) : "other";
    found = models.try_emplace(name).first;
    if (!found->second) {
      found->second = std::make_unique<ModelMetrics>(families_->MakeSeries(name));
    }
  }
  return *found->second;
}

void Metrics::CountRequest(std::string_view model, std::string_view route, int code,
                           double seconds) {
  MutexLock lock(families_->mu);
  const bool known = model.empty() || families_->models.contains(model);
  const std::string model_label = known ? std::string(model) : "other";
  const std::string route_label = families_->KnownRoute(route);
  if (code < 100 || code > 599) code = 0;
  Counter*& counter = families_->counted[{model_label, route_label, code}];
  Histogram*& histogram = families_->timed[{model_label, route_label}];
  if (counter == nullptr) {
    counter = &families_->requests.Add({{"model", model_label},
                                        {"route", route_label},
                                        {"code", code == 0 ? "other" : StrCat(code)}});
  }
  if (histogram == nullptr) {
    histogram = &families_->request_seconds.Add({{"model", model_label}, {"route", route_label}},
                                                kRequestSeconds);
  }
  counter->Increment();
  histogram->Observe(seconds);
}

MetricRegistry& Metrics::registry() { return families_->lower_layers; }

void Metrics::OnScrape(std::function<void()> callback) {
  MutexLock lock(families_->scrape_mu);
  families_->on_scrape.push_back(std::move(callback));
}

std::string Metrics::Text() {
  MutexLock lock(families_->scrape_mu);
  families_->process.Update();
  for (const auto& callback : families_->on_scrape) callback();
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace pano::telemetry
