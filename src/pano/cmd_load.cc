#include <cstdio>

#include "app/http/url.h"
#include "base/json.h"
#include "base/options.h"
#include "base/strings.h"
#include "pano/cli.h"
#include "pano/load/capacity.h"
#include "pano/load/load_report.h"
#include "pano/load/load_run.h"
#include "pano/load/target_model.h"
#include "pano/load/workload.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

// Ids that every vocabulary has, where the server does not say how large its own is.
constexpr int64_t kVocabSizeGuess = 1000;

struct LoadOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string api = "openai";
  std::optional<double> rate;
  std::string shares;
  double seconds = 10;
  int64_t seed = 1;
  int64_t timeout_seconds = 600;
  bool json = false;
  load::WorkloadOptions workload;
  load::RunOptions run;

  void Declare(OptionSet& options) {
    options.String("url", &url, "Address of the server.", "URL");
    options.String("model", &workload.model, "Model to ask. Default: the server's first.", "ID");
    options.String("api-key", &workload.api_key, "API key to send.", "KEY");
    options.Choice("api", &api, {"openai", "predict", "embeddings"},
                   "Call /v1/completions (openai), /v1/models/ID/predict (predict) or /v1/embeddings (embeddings).");
    options.Int("concurrency", &run.concurrency, 1, load::kConnectionsMax,
                "Requests in flight; each is followed by the next.");
    options.MaybeDouble("rate", &rate, 1e-3, 1e5,
                        "Requests a second at random times (Poisson), in place of --concurrency.");
    options.String("capacity-shares", &shares,
                   "Measures how many requests a second the server can answer, with --concurrency in flight, then "
                   "offers these shares of it at random times and prints what became of them, such as 0.6,1.5.",
                   "SHARES");
    options.Double("seconds", &seconds, 0.1, 86'400, "How long each run of --capacity-shares takes.", "SECONDS");
    options.Int("priority", &workload.priority, 0, 64,
                "The priority that requests for embeddings ask for. 0 sends none.");
    options.Int("requests", &run.requests, 1, 10'000'000, "Requests in total.");
    options.Int("prompt-tokens", &workload.prompt_tokens, 1, 1 << 20, "Tokens of each prompt.");
    options.Flag("text", &workload.text, "Send prompts of words in place of random token ids.");
    options.Int("max-tokens", &workload.max_tokens, 1, 1 << 20,
                "Tokens that each request generates at most.");
    options.Int("seed", &seed, 0, INT64_MAX, "Seed of prompts and arrival times.");
    options.Flag("ignore-eos", &workload.ignore_eos,
                 "Generate all of --max-tokens; --ignore-eos=false lets the model end earlier.");
    options.Int("timeout", &timeout_seconds, 1, 86'400,
                "Time without an answer after which a request has failed.", "SECONDS");
    options.Flag("json", &json, "Print the result as JSON.");
  }
};

bool HasControlCharacter(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

Status FillIn(LoadOptions& o, const http::Url& url) {
  http::Client client(url);
  PANO_ASSIGN_OR_RETURN(const load::TargetModel model,
                        load::FindTargetModel(client, o.workload.model, o.workload.api_key));
  o.workload.model = model.id;
  o.workload.vocab_size = model.vocab_size.value_or(kVocabSizeGuess);
  o.workload.ask_token_ids = model.vocab_size.has_value();
  return {};
}

int MeasureShares(const Command& self, const LoadOptions& o, const http::Url& url,
                  const std::vector<double>& shares) {
  const load::CapacityOptions capacity{
      .shares = shares, .concurrency = o.run.concurrency, .seconds = o.seconds, .client = o.run.client};
  const auto result = load::MeasureCapacity(url, o.workload, capacity, [](const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
  });
  if (!result.ok()) return Fail(self, result.error());
  std::fputs((o.json ? json::Dump(load::CapacityReport(*result)) + "\n" : load::FormatCapacity(*result)).c_str(),
             stdout);
  return 0;
}

}  // namespace

int RunLoad(const Command& self, Args args) {
  LoadOptions o;
  OptionSet options;
  o.Declare(options);
  if (auto code = Parse(self, options, args)) return *code;
  const auto url = http::ParseUrl(o.url);
  if (!url.ok()) return FailUsage(self, url.error().message());
  if (HasControlCharacter(o.workload.api_key)) {
    return FailUsage(self, "--api-key holds a control character");
  }
  const auto shares = load::ParseShares(o.shares);
  if (!o.shares.empty() && !shares.ok()) {
    return FailUsage(self, StrCat("--capacity-shares: ", shares.error().message()));
  }
  o.workload.dialect = o.api == "openai"    ? load::Dialect::kOpenAi
                       : o.api == "predict" ? load::Dialect::kPredict
                                            : load::Dialect::kEmbeddings;
  o.workload.seed = static_cast<uint64_t>(o.seed);
  o.run.rate = o.rate.value_or(0);
  o.run.client.quiet_timeout = std::chrono::seconds(o.timeout_seconds);

  if (o.workload.dialect == load::Dialect::kEmbeddings && o.shares.empty()) {
    return FailUsage(self, "--api embeddings is for --capacity-shares: there are no tokens to time");
  }
  if (Status status = FillIn(o, *url); !status.ok()) {
    return Fail(self, status, "is the server running there? 'pano serve' starts one");
  }
  if (!o.shares.empty()) return MeasureShares(self, o, *url, *shares);
  load::RunResult result;
  {
    Progress progress("load");
    result = load::SendAll(*url, o.workload, o.run, [&](int64_t done, int64_t errors) {
      progress.Update(static_cast<double>(done) / static_cast<double>(o.run.requests),
                      StrCat(done, " of ", o.run.requests, " requests, ", errors, " errors"));
    });
  }
  const json::Value report = load::MakeReport(o.workload, o.run, result);
  std::fputs((o.json ? json::Dump(report) + "\n" : load::FormatReport(report)).c_str(), stdout);
  if (report.Find("errors")->as_int() < o.run.requests) return 0;
  return Fail(self, result.outcomes.front().status.Wrap("every request failed"));
}

}  // namespace pano::cli
