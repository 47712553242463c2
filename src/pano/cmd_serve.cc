#include <algorithm>
#include <chrono>
#include <cstdio>

#include "app/api/policy/guard.h"
#include "app/api/native/example.h"
#include "app/service/routes_page.h"
#include "app/service/service.h"
#include "app/systemd/listen_socket.h"
#include "app/systemd/notifier.h"
#include "app/systemd/watchdog.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process_limits.h"
#include "base/strings.h"
#include "model/engine/engine.h"
#include "model/kernels/cpu.h"
#include "pano/cli.h"
#include "pano/doctor/report.h"
#include "pano/local_model.h"
#include "pano/log_setup.h"
#include "pano/serve_signals.h"
#include "pano/model_path.h"
#include "pano/version.h"

namespace pano::cli {
namespace {

using std::chrono::milliseconds;

struct ServeOptions {
  std::vector<std::string> models, adapters, aliases;
  std::string models_dir;
  bool any_model = false;
  std::string host = "127.0.0.1";
  int64_t port = 8080, grpc_port = -1;
  int64_t threads = 0;
  std::vector<std::string> api_keys, allow_origins, allow_hosts;
  std::string auth, auth_state, issuer, audit_log;
  bool audit_requests = false;
  http::TlsOptions tls;
  std::string tenants, quota_state, state;
  int64_t batch_requests = 8;
  bool insecure = false, routes = false;
  ArithmeticOptions arithmetic;
  SpeculationSettings speculation;
  std::string log_level = "info", log_format = "text", config;

  int64_t context = 0, kv_blocks = 0, kv_bytes = 0;
  int64_t max_sequences = 64, max_queue = 256, step_tokens = 512;
  bool no_prefix_cache = false;
  int64_t batch_max = 32, batch_tokens = 128;
  double batch_delay = 0;

  bool lazy_load = false;
  int64_t memory_budget = 0, load_queue = 256;
  double idle_unload = 0, load_wait = 30, models_poll = 1, models_quiet = 3;

  int64_t http_threads = 2, work_threads = 2, max_held_bytes = 256 << 20, max_connections = 0, max_body_bytes = 4 << 20, max_upload_bytes = 512 << 20,
          max_header_bytes = 16 << 10;
  double header_timeout = 10, body_timeout = 30, idle_timeout = 60, write_timeout = 30;
  double slow_client_timeout = 30, drain_timeout = 30, sse_keep_alive = 15, stall_timeout = 30,
         stream_retention = 120, response_retention = 3600;
  int64_t stream_memory = 256 << 20;

  // Whether SIGHUP has something to read or open anew.
  bool reloads() const { return !audit_log.empty() || !auth.empty() || !tenants.empty(); }
  // Whether everybody may call.
  bool open() const { return api_keys.empty() && auth.empty() && auth_state.empty(); }

  void Declare(OptionSet& options);
  void DeclareRepository(OptionSet& options);
  void DeclareLimits(OptionSet& options);
};

void ServeOptions::Declare(OptionSet& options) {
  options.Strings("model", &models,
                  "A model folder, a .gguf file, a folder of numbered versions, or hf:ORG/NAME; fake:MS is a "
                  "model that computes nothing and says a token every MS milliseconds. May be given "
                  "several times. The default is the starter model.",
                  "[ID=]PATH");
  options.String("models-dir", &models_dir,
                 "A folder of models, DIR/ID or DIR/ID/VERSION, that is watched: what comes, changes and "
                 "goes there is loaded and unloaded while the server runs (docs/models-dir.md).",
                 "DIR");
  options.Strings("adapter", &adapters,
                  "A low-rank adapter, a folder as PEFT saves it, that is served as a model of its own without "
                  "being merged: its requests are computed in one batch with the base's (docs/adapters.md). May "
                  "be given several times.",
                  "ID=PATH");
  options.Strings("alias", &aliases,
                  "Another name, of any form, for a model that is served. May be given several "
                  "times.",
                  "NAME=ID");
  options.Flag("any-model", &any_model,
               "The one model that is served answers to any name in a request.");
  options.String("host", &host, "The address to listen on.", "ADDRESS");
  options.Int("port", &port, 0, 65535, "The port to listen on. 0 takes a free one.");
  options.Int("grpc-port", &grpc_port, -1, 65535,
              "The port for KServe's v2 protocol over gRPC, on the same address with the same keys, limits and "
              "certificates. 0 takes a free one; without this option there is none. A build on a machine without "
              "libgrpc++-dev refuses it and says what to install.");
  options.Int("threads", &threads, 0, 1024, "The number of compute threads. 0 means one per core that this process may use.");
  options.Strings("api-key", &api_keys,
                  "A key that callers have to show. May be given several times.", "KEY");
  options.String("auth", &auth,
                 "A YAML file that names the issuers of tokens that callers may show, and API keys "
                 "(docs/auth.md). It is read again when it changes, and on SIGHUP.",
                 "FILE");
  options.String("auth-state", &auth_state,
                 "The folder of the built-in issuer of tokens and API keys, which pano auth init makes.", "DIR");
  options.String("issuer", &issuer,
                 "The name of the built-in issuer: the URL by which clients reach this server. Without it, the address "
                 "that it listens on.",
                 "URL");
  options.String("audit-log", &audit_log,
                 "A file for a line of JSON on each act of administration and each request that was denied. SIGHUP opens "
                 "it anew.",
                 "FILE");
  options.Flag("audit-requests", &audit_requests, "Writes a line on each request of a known caller, too.");
  options.String("tls-cert", &tls.certificate_file,
                 "The server's certificate in PEM, followed by those that lead to its authority: HTTPS is "
                 "spoken, and no plain HTTP. It is read again when it changes.",
                 "FILE");
  options.String("tls-key", &tls.key_file, "The private key of that certificate in PEM.", "FILE");
  options.String("tls-client-ca", &tls.client_ca_file,
                 "Authorities in PEM: clients may show a certificate of theirs, to which tokens may be "
                 "bound (RFC 8705).",
                 "FILE");
  options.Strings("allow-origin", &allow_origins,
                  "An origin whose pages may call from a browser, such as http://localhost:3000. "
                  "May be given several times; * allows every page.",
                  "ORIGIN");
  options.String("tenants", &tenants,
                 "A YAML file with the limits and weights of tenants (docs/quotas.md). Without it everybody "
                 "may use as much as there is. It is read again when it changes, and on SIGHUP.",
                 "FILE");
  options.String("quota-state", &quota_state,
                 "Where it is kept what tenants have used: a folder, so that it survives a restart, or "
                 "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], so that servers share it. Without it, "
                 "in memory. With --tenants only.",
                 "PLACE");
  options.String("state", &state,
                 "The folder where files and batches are kept (docs/batches.md). It is made where it is missing. Without it "
                 "there are none.",
                 "DIR");
  options.Int("batch-requests", &batch_requests, 1, 4096,
              "How many requests of batches are answered at once, with what other requests leave.");
  options.Strings("allow-host", &allow_hosts,
                  "A name, beside loopback's, by which a server on loopback may be called, such as "
                  "host.docker.internal. May be given several times; * allows every name.",
                  "NAME");
  options.Flag("insecure", &insecure, "Listens beyond loopback without an API key.");
  options.Flag("routes", &routes,
               "Prints every path that is answered with who may call it, and serves nothing.");
  options.Int("context", &context, 0, INT32_MAX,
              "The number of positions a request may have. 0 means the model's own limit.");
  options.Int("kv-bytes", &kv_bytes, 0, INT64_MAX,
              "The memory for keys and values of each model. 0 means 1 GiB, or less where this "
              "process may take less.",
              "BYTES");
  options.Int("kv-blocks", &kv_blocks, 0, INT32_MAX,
              "The same in blocks of 32 tokens. 0 goes by --kv-bytes.");
  arithmetic.Declare(options);
  speculation.Declare(options);
  options.Int("max-sequences", &max_sequences, 1, 65536, "How many sequences run at once.");
  options.Int("max-queue", &max_queue, 1, 1 << 20,
              "How many requests may wait. One more is answered 429.");
  options.Int("step-tokens", &step_tokens, 1, 1 << 20, "How many tokens one step computes.");
  options.Flag("no-prefix-cache", &no_prefix_cache, "Computes every prompt whole.");
  options.Int("batch-max", &batch_max, 1, 4096,
              "How many inputs are computed at once by models that make embeddings, labels and "
              "the like.");
  options.Int("batch-tokens", &batch_tokens, 1, 1 << 24, "How many tokens such a batch has; a longer input is computed alone.");
  options.Double("batch-delay", &batch_delay, 0, 10'000,
                 "How long such an input waits for others at most. 0 means that it never waits.",
                 "MILLISECONDS");
  options.String("config", &config, "A YAML file with these settings.", "FILE");
  options.Choice("log-level", &log_level, {"debug", "info", "warning", "error"},
                 "The least severe kind of messages that is logged.");
  options.Choice("log-format", &log_format, {"text", "json"},
                 "How the log, with a line a request, is written: as text, or as a JSON object a "
                 "line.");
  DeclareRepository(options);
  DeclareLimits(options);
}

void ServeOptions::DeclareRepository(OptionSet& options) {
  constexpr double kDay = 86400;
  options.Flag("lazy-load", &lazy_load,
               "Loads the models of --models-dir when the first request for each comes, not before.");
  options.Int("memory-budget", &memory_budget, 0, INT64_MAX,
              "The memory that the models of --models-dir may take together, with their keys and values. A model "
              "that is asked for makes room: what was used longest ago is unloaded. 0 sets no limit of its own.",
              "BYTES");
  options.Double("idle-unload", &idle_unload, 0, 365 * kDay,
                 "How long nobody may use a model of --models-dir before it is unloaded. 0 never unloads one.",
                 "SECONDS");
  options.Double("load-wait", &load_wait, 0, kDay,
                 "How long a request waits for its model of --models-dir to be loaded before it is answered 503. 0 "
                 "does not let it wait.",
                 "SECONDS");
  options.Int("load-queue", &load_queue, 0, 1 << 20, "How many requests may wait for one model to be loaded.");
  options.Double("models-poll", &models_poll, 0.01, kDay, "The time between looks at --models-dir.", "SECONDS");
  options.Double("models-quiet", &models_quiet, 0, kDay,
                 "How long nothing may change in a folder without manifest.json before it counts as complete.",
                 "SECONDS");
}

void ServeOptions::DeclareLimits(OptionSet& options) {
  constexpr double kDay = 86400;
  options.Int("http-threads", &http_threads, 1, 64, "The number of threads for connections.");
  options.Int("work-threads", &work_threads, 1, 64,
              "The number of threads that read requests: JSON, chat templates, tokens. All but one "
              "may have long ones at a time.");
  options.Int("max-held-bytes", &max_held_bytes, 1 << 20, 1ll << 40,
              "The memory for the bodies of requests that are being read, and as much again for "
              "requests that wait or run, and for large answers that are not read yet. More is answered "
              "503 or 429.",
              "BYTES");
  options.Int("max-connections", &max_connections, 0, 1 << 20,
              "How many connections may be open. One more is answered 503. 0 means 4096, or as many as "
              "this process may have descriptors for.");
  options.Int("max-body-bytes", &max_body_bytes, 1024, 1 << 30,
              "The largest body of a request. A larger one is answered 413.");
  options.Int("max-upload-bytes", &max_upload_bytes, 1024, int64_t{1} << 40,
              "The largest form with a file for a batch (with --state): it goes to that folder as it comes, and is not held "
              "in memory. A larger one is answered 413. By default 512 MiB.");
  options.Int("max-header-bytes", &max_header_bytes, 1024, 1 << 20,
              "The largest head of a request. A larger one is answered 431.");
  options.Double("header-timeout", &header_timeout, 0.1, kDay,
                 "How long the head of a request may take.", "SECONDS");
  options.Double("body-timeout", &body_timeout, 0.1, kDay,
                 "How long the body of a request may take.", "SECONDS");
  options.Double("idle-timeout", &idle_timeout, 0.1, kDay,
                 "How long a connection is kept open between requests.", "SECONDS");
  options.Double("write-timeout", &write_timeout, 0.1, kDay,
                 "How long one write to a client may take.", "SECONDS");
  options.Double("slow-client-timeout", &slow_client_timeout, 0.1, kDay,
                 "How long nobody may read a stream before it is cancelled.", "SECONDS");
  options.Double("sse-keep-alive", &sse_keep_alive, 0, kDay,
                 "The time between comments on a silent stream. 0 sends none.", "SECONDS");
  options.Double("stream-retention", &stream_retention, 0.1, kDay,
                 "How long a resumable stream is kept after its end. One that nobody reads for as long is "
                 "cancelled.",
                 "SECONDS");
  options.Int("stream-memory", &stream_memory, 1 << 16, 1ll << 40,
              "The memory for the events of all resumable streams. A tenant may hold three times what is "
              "free of it; then its new ones are answered 429.",
              "BYTES");
  options.Double("response-retention", &response_retention, 0.1, 30 * kDay,
                 "How long a response of /v1/responses is kept for its caller, unless it asks not to.", "SECONDS");
  options.Double("stall-timeout", &stall_timeout, 0.1, kDay,
                 "How long a model may make no step while it has work, before /readyz says 503.",
                 "SECONDS");
  options.Double("drain-timeout", &drain_timeout, 0, kDay,
                 "How long running requests may go on after SIGTERM.", "SECONDS");
}

milliseconds Millis(double seconds) { return milliseconds(static_cast<int64_t>(seconds * 1e3)); }

Result<service::ServiceOptions> MakeServiceOptions(const ServeOptions& options) {
  service::ServiceOptions service;
  std::vector<std::string> models = options.models;
  if (models.empty() && options.models_dir.empty()) {
    PANO_ASSIGN_OR_RETURN(std::string starter, FindStarterModel());
    models.push_back(std::move(starter));
  }
  for (const std::string& model : models) {
    PANO_ASSIGN_OR_RETURN(const std::string local, ResolveServedModel(model));
    PANO_ASSIGN_OR_RETURN(models::ModelSource source, models::ParseModelSource(local));
    service.models.push_back(std::move(source));
  }
  for (const std::string& adapter : options.adapters) {
    PANO_ASSIGN_OR_RETURN(models::AdapterSource source,
                          models::ParseAdapterSource(adapter).Wrap("--adapter"));
    service.adapters.push_back(std::move(source));
  }
  for (const std::string& alias : options.aliases) {
    PANO_ASSIGN_OR_RETURN(models::ModelAlias parsed, models::ParseModelAlias(alias));
    service.aliases.push_back(std::move(parsed));
  }
  repository::Options& repository = service.repository;
  repository.folder = options.models_dir;
  repository.decision.eager = !options.lazy_load;
  repository.decision.memory_bytes = static_cast<uint64_t>(options.memory_budget);
  repository.decision.idle_unload = Millis(options.idle_unload);
  repository.load_wait = Millis(options.load_wait);
  repository.waiting_max = static_cast<size_t>(options.load_queue);
  repository.poll = Millis(options.models_poll);
  repository.quiet = Millis(options.models_quiet);
  service.any_model = options.any_model;
  service.threads = static_cast<int>(options.threads);
  service.tenants_file = options.tenants;
  service.quota_state = options.quota_state;
  service.state = options.state;
  service.upload_bytes_max = static_cast<size_t>(options.max_upload_bytes);
  service.batches.window = static_cast<size_t>(options.batch_requests);
  service.callers = {.api_keys = options.api_keys, .auth_file = options.auth, .auth_state = options.auth_state, .issuer = options.issuer};
  service.audit_log = options.audit_log;
  service.audit_requests = options.audit_requests;

  service.load.load = options.arithmetic.LoadOptions();
  engine::Options& engine = service.load.engine;
  engine.context_max = options.context;
  engine.kv_blocks = options.kv_blocks;
  engine.kv_bytes_max = options.kv_bytes;
  engine.sequences_max = options.max_sequences;
  engine.queue_max = options.max_queue;
  engine.step_tokens_max = options.step_tokens;
  engine.slow_client_timeout = Millis(options.slow_client_timeout);
  engine.prefix_cache = !options.no_prefix_cache;
  PANO_ASSIGN_OR_RETURN(engine.speculation, options.speculation.Options());
  Result<std::string> draft_model = ResolveModel(options.speculation.draft_model);
  if (!draft_model.ok()) return draft_model.error().Wrap("--draft-model");
  service.load.draft_model = *draft_model;

  batch::PredictorOptions& predictor = service.load.predictor;
  predictor.queue_max = options.max_queue;
  predictor.batch.rows_max = options.batch_max;
  predictor.batch.tokens_max = options.batch_tokens;
  predictor.batch.delay =
      std::chrono::microseconds(static_cast<int64_t>(options.batch_delay * 1e3));

  http::ServerOptions& http = service.http;
  http.host = options.host;
  http.port = static_cast<uint16_t>(options.port);
  http.tls = options.tls;
  if (options.grpc_port >= 0) service.grpc_port = static_cast<uint16_t>(options.grpc_port);
  http.threads = static_cast<int>(options.http_threads);
  http.connections_max = static_cast<size_t>(options.max_connections);
  http.body_bytes_max = static_cast<size_t>(options.max_body_bytes);
  http.header_bytes_max = static_cast<size_t>(options.max_header_bytes);
  http.header_timeout = Millis(options.header_timeout);
  http.body_timeout = Millis(options.body_timeout);
  http.idle_timeout = Millis(options.idle_timeout);
  http.write_timeout = Millis(options.write_timeout);

  for (const std::string& text : options.allow_origins) {
    Result<std::string> origin = api::ParseAllowedOrigin(text);
    if (!origin.ok()) return origin.error().Wrap("--allow-origin");
    service.api.callers.origins.push_back(std::move(origin).value());
  }
  for (const std::string& text : options.allow_hosts) {
    Result<std::string> host = api::ParseAllowedHost(text);
    if (!host.ok()) return host.error().Wrap("--allow-host");
    service.api.callers.hosts.push_back(std::move(host).value());
  }
  service.api.keep_alive = Millis(options.sse_keep_alive);
  service.api.work.threads = static_cast<int>(options.work_threads);
  service.api.grammars.threads = 2;
  service.http.body_bytes_total_max = static_cast<size_t>(
      std::max(options.max_held_bytes, options.max_body_bytes));
  service.api.answer_bytes_max = static_cast<size_t>(options.max_held_bytes);
  service.api.held_bytes_max = static_cast<size_t>(options.max_held_bytes);
  service.api.streams.retention = Millis(options.stream_retention);
  service.api.response_retention = Millis(options.response_retention);
  service.api.streams.bytes_total_max = static_cast<size_t>(options.stream_memory);
  service.api.streams.log_bytes_max =
      std::min(service.api.streams.log_bytes_max, service.api.streams.bytes_total_max / 4);
  service.api.stall_limit = Millis(options.stall_timeout);
  return service;
}

void LogStart(const ServeOptions& options, const service::Service& service) {
  std::vector<models::ModelVersionPtr> versions = service.models().List();
  for (const models::ModelVersionPtr& version : versions) {
    LogInfo("[models] ", version->FullName(), ": ", version->path, version->Summary());
  }
  bool v6 = options.host.find(':') != std::string::npos;
  std::string url =
      StrCat(options.tls.enabled() ? "https://" : "http://", v6 ? "[" : "", options.host, v6 ? "]" : "", ":", service.port());
  std::string key = options.open() ? "" : " -H 'Authorization: Bearer KEY'";
  LogInfo("[serve] ", service.threads(), " compute threads, listening on ", url);
  if (service.grpc_port() != 0) {
    LogInfo("[serve] gRPC on ", v6 ? "[" : "", options.host, v6 ? "]" : "", ":", service.grpc_port());
  }
  if (options.open() && std::find(options.allow_origins.begin(), options.allow_origins.end(),
                                            "*") != options.allow_origins.end()) {
    LogWarning("[serve] --allow-origin * without --api-key: every page that a browser opens may call");
  }
  if (!options.open() && !options.tls.enabled() && !api::IsLoopbackHost(options.host)) {
    LogWarning("[serve] keys and tokens travel in the open: --tls-cert and --tls-key, or a proxy that speaks "
               "TLS, hide them");
  }
  if (versions.empty()) return;
  LogInfo("[serve] try: curl -N ", url, "/v1/models/", versions[0]->id, "/predict", key,
          " -H 'Content-Type: application/json' -d '",
          api::native::ExampleBody(versions[0]->input_form()), "'");
}

// What is said to a service manager, where there is one: that requests are answered, twice within its
// watchdog's limit that no model is stuck, when files are opened anew, and that the service stops. Thread-safe.
class Manager {
 public:
  Manager(service::Service& service, Duration stall_limit) : service_(service) {
    Result<systemd::Notifier> notifier = systemd::Notifier::FromEnvironment();
    Tell(notifier.status());
    if (!notifier.ok() || !notifier->active()) return;
    notifier_ = std::move(notifier).value();
    if (const std::optional<Duration> limit = systemd::WatchdogLimit()) {
      watchdog_.emplace(*notifier_, *limit,
                        [&service, stall_limit] { return service.Stuck(stall_limit); });
    }
  }
  void Ready() const {
    if (!notifier_) return;
    Tell(notifier_->Ready(StrCat("serving ", service_.models().List().size(), " model versions on port ",
                                 service_.port())));
  }
  // Reads and opens anew what SIGHUP asks for.
  void Reload() const {
    if (notifier_) Tell(notifier_->Reloading(Clock::Real().Now()));
    service_.Reload();
    Ready();
  }
  void Stopping() const {
    if (notifier_) Tell(notifier_->Stopping("draining"));
  }

 private:
  // A manager that cannot be told is no reason to stop serving.
  static void Tell(const Status& sent) {
    if (!sent.ok()) LogWarning("[serve] the service manager was not told: ", sent.message());
  }

  service::Service& service_;
  std::optional<systemd::Notifier> notifier_;
  std::optional<systemd::Watchdog> watchdog_;
};

// For what follows the drain, until the process is ended: answers on their way, threads at work.
constexpr milliseconds kEndTime{10'000};

std::string_view HintFor(const Status& status) {
  if (status.reason() == "auth_state" && status.code() == StatusCode::kNotFound) return "pano auth init --state DIR makes one";
  if (status.reason() == "auth_state") return "pano auth --help lists what can be done with a state";
  if (status.reason() == "audit_log") return "the folder has to be there and writable";
  if (status.reason() == "auth_settings") return "docs/auth.md says what the file holds";
  if (status.reason() == "tls_files" || status.reason() == "batch_state") return {};
  if (status.reason() == "grpc_port" && status.code() == StatusCode::kUnavailable) return "another --grpc-port, or --grpc-port 0 for a free one";
  if (status.reason() == "grpc_port") return {};
  if (status.code() == StatusCode::kUnavailable)
    return "another --port, or --port 0 for a free one";
  if (status.code() == StatusCode::kNotFound) return "give a model: --model PATH";
  if (status.code() == StatusCode::kAlreadyExists)
    return "give the second one another name: --model ID=PATH";
  if (status.code() == StatusCode::kCorruption) return "pano inspect PATH says more about a file";
  return {};
}

}  // namespace

int RunServe(const Command& self, Args args) {
  ServeOptions options;
  OptionSet set;
  options.Declare(set);
  if (std::optional<int> code = Parse(self, set, args)) return *code;
  if (options.routes) {
    std::fputs(service::RouteLines().c_str(), stdout);
    return 0;
  }
  EventLog log = SetUpLogging(options.log_level, options.log_format);
  const auto socket = systemd::TakeListenSocket();
  if (!socket.ok()) return Fail(self, socket.error());
  if (*socket) {      // in place of --host and --port
    options.host = (*socket)->host;
    options.port = (*socket)->port;
  }
  if (!api::IsLoopbackHost(options.host) && options.open() && !options.insecure) {
    return Fail(self,
                InvalidArgument(StrCat("--host ", Printable(options.host),
                                       " is reachable from elsewhere, and there is no --api-key")),
                "set --api-key KEY, --auth FILE or --auth-state DIR, or say --insecure if everybody may call");
  }
  if (options.tls.certificate_file.empty() != options.tls.key_file.empty()) {
    return FailUsage(self, "--tls-cert and --tls-key go together");
  }
  if (!options.tls.client_ca_file.empty() && !options.tls.enabled()) {
    return FailUsage(self, "--tls-client-ca needs --tls-cert and --tls-key");
  }
  ServeSignals signals(Millis(options.drain_timeout) + kEndTime,
                       /*hangup_reopens=*/options.reloads());

  Result<service::ServiceOptions> service_options = MakeServiceOptions(options);
  if (!service_options.ok()) {
    return Fail(self, service_options.error(), HintFor(service_options.error()));
  }
  const std::string set_in_use = kernels::CpuMaskName(kernels::ActiveCpuMask());
  LogInfo(StrCat("[kernels] ", set_in_use, " (this machine has ",
                 kernels::CpuMaskName(kernels::MachineCpuMask()), "; PANO_CPU chooses)"));
  LogInfo("[host] ", doctor::DescribeLimits(ReadProcessLimits()));
  if (*socket) service_options->http.listen_descriptor = (*socket)->descriptor;
  service_options->build = {kVersion, kCommit, set_in_use};
  service_options->request_log = [log](const service::RequestLine& line) {
    log(line.level, line.text, line.members);
  };
  Result<std::unique_ptr<service::Service>> service =
      service::Service::Start(std::move(service_options).value());
  if (!service.ok()) return Fail(self, service.error(), HintFor(service.error()));
  LogStart(options, **service);
  {
    const Manager manager(**service, Millis(options.stall_timeout));
    if (options.reloads()) signals.OnHangup([&manager] { manager.Reload(); });
    signals.SetReady();
    manager.Ready();   // whoever is told may send signals at once
    signals.AwaitFirst();
    manager.Stopping();
    LogInfo("[serve] draining: running requests get ", options.drain_timeout,
            " s; a second signal ends at once");
    bool all = (*service)->Drain(Millis(options.drain_timeout));
    if (!all) LogWarning("[serve] not every request ended in time");
    signals.OnHangup({});
  }
  service->reset();   // under the eyes of `signals`: a thread that is at work holds nothing up
  LogInfo("[serve] stopped");
  return 0;
}

}  // namespace pano::cli
