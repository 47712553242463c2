#include "app/service/service.h"

#include <algorithm>
#include <utility>

#include "app/api/batches/upload.h"
#include "app/api/policy/guard.h"
#include "app/auth/renewal.h"
#include "app/grpc/dialect.h"
#include "app/grpc/handlers.h"
#include "app/http/body_sink.h"
#include "app/models/generator.h"
#include "app/models/predictor.h"
#include "app/repository/adapter_scan.h"
#include "app/service/audited_request.h"
#include "app/service/dialects.h"
#include "app/service/quotas.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "base/process_limits.h"
#include "base/strings.h"

namespace pano::service {
namespace {

// Where a model's service counts while it runs: its series.
engine::Observer MakeObserver(const telemetry::ModelMetrics& series) {
  engine::Observer observer;
  observer.ttft_seconds = &series.ttft_seconds();
  observer.inter_token_seconds = &series.inter_token_seconds();
  observer.mask_seconds = &series.grammar_mask_seconds();
  serving::Observer& serving = observer.serving;
  serving.queue_seconds = &series.queue_seconds();
  serving.step_seconds = &series.step_seconds();
  serving.step_tokens = &series.step_tokens();
  serving.step_rows = &series.step_sequences();
  for (size_t i = 0; i < serving::kEndReasons; ++i) {
    const auto reason = static_cast<serving::EndReason>(i);
    serving.cancellations[i] = &series.cancellations(serving::EndReasonName(reason));
  }
  for (size_t i = 0; i < serving::kRejectionReasons; ++i) {
    const auto reason = static_cast<serving::RejectionReason>(i);
    serving.rejections[i] = &series.rejections(serving::RejectionReasonName(reason));
  }
  return observer;
}

// "http://127.0.0.1:8080"; every address is loopback's, for who asks on this machine.
std::string AddressUrl(bool tls, std::string_view host, uint16_t port) {
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  const bool v6 = host.find(':') != std::string_view::npos;
  return StrCat(tls ? "https://" : "http://", v6 ? "[" : "", host, v6 ? "]" : "", ":", port);
}

}  // namespace

Service::Service(int threads, telemetry::BuildInfo build)
    : pool_(threads), metrics_(std::move(build)) {}

Status Service::Load(const ServiceOptions& options) {
  models::ObserverFactory observers = [this](const std::string& label) {
    return MakeObserver(metrics_.ForModel(label));
  };
  // Of a folder's models several come sooner or later.
  constexpr size_t kExpectedOfFolder = 4;
  memory_ = std::make_unique<models::MemoryBudget>(static_cast<int64_t>(
      options.models.size() + (options.repository.folder.empty() ? 0 : kExpectedOfFolder)));
  models::LoadSettings settings = options.load;
  settings.memory = memory_.get();
  for (const models::ModelSource& source : options.models) {
    PANO_ASSIGN_OR_RETURN(std::vector<models::ModelVersionPtr> versions,
                          models::LoadModelVersions(source, settings, pool_, observers));
    for (models::ModelVersionPtr& version : versions) {
      PANO_RETURN_IF_ERROR(models_.Add(std::move(version)));
    }
  }
  PANO_ASSIGN_OR_RETURN(std::vector<repository::PinnedAdapter> adapters, LoadAdapters(options));
  if (!options.repository.folder.empty() || !adapters.empty()) {
    PANO_RETURN_IF_ERROR(StartRepository(options, std::move(adapters), settings));
  }
  for (const models::ModelAlias& alias : options.aliases) {
    Status added = models_.AddAlias(alias);
    if (!added.ok()) {
      return InvalidArgument(StrCat("--alias ", Printable(alias.name), ": ", added.message()));
    }
  }
  return options.any_model ? models_.AnswerAnyName().Wrap("--any-model") : Status();
}

Result<std::vector<repository::PinnedAdapter>> Service::LoadAdapters(const ServiceOptions& options) {
  std::vector<repository::PinnedAdapter> adapters;
  for (const models::AdapterSource& source : options.adapters) {
    const std::string where = StrCat("--adapter ", source.id);
    PANO_ASSIGN_OR_RETURN(const models::ModelVersionPtr base,
                          models::BaseOfAdapter(source, models_).Wrap(where));
    const uint64_t content = repository::ScanAdapter(source.path, Env::Real(), StampOf).content;
    PANO_ASSIGN_OR_RETURN(models::ModelVersionPtr version,
                          models::LoadAdapterVersion(source, base, memory_.get()).Wrap(where));
    LogInfo("[models] adapter ", source.id, " of ", base->FullName(), ": ", source.path, ", ",
            FormatBytes(version->weight_bytes));
    PANO_RETURN_IF_ERROR(models_.Add(version).Wrap(where));
    adapters.push_back({source, base, std::move(version), content});
  }
  return adapters;
}

Status Service::StartRepository(const ServiceOptions& options, std::vector<repository::PinnedAdapter> adapters,
                                const models::LoadSettings& settings) {
  repository::Options folder = options.repository;
  folder.adapters = std::move(adapters);
  for (const models::ModelSource& source : options.models) folder.taken.insert(source.id);
  for (const models::AdapterSource& source : options.adapters) folder.taken.insert(source.id);
  models::LoadSettings load = settings;
  if (const uint64_t budget = folder.decision.memory_bytes; budget > 0 && load.engine.kv_bytes_max == 0) {
    // An eighth of the budget for keys and values of each, so that several fit, within the usual bounds.
    load.engine.kv_bytes_max = std::clamp(static_cast<int64_t>(std::min<uint64_t>(budget / 8, INT64_MAX)),
                                          models::MemoryBudget::kKvBytesLeast,
                                          models::MemoryBudget::kKvBytesDefault);
  }
  folder.state_bytes = static_cast<uint64_t>(load.engine.kv_bytes_max);
  repository::Hooks hooks;
  hooks.load = [this, load](const repository::LoadJob& job) -> Result<models::ModelVersionPtr> {
    if (job.base) return models::LoadAdapterVersion({job.target.id, job.path}, job.base, memory_.get());
    models::ObserverFactory observers = [this](const std::string& label) {
      return MakeObserver(metrics_.ForModel(label));
    };
    PANO_RETURN_IF_ERROR(CheckMemoryLeft(job.weight_bytes, job.target.FullName()));
    std::string label = job.only_version ? job.target.id : job.target.FullName();
    return models::LoadModelVersion({job.target.id, job.path}, {job.target.version, job.path},
                                    std::move(label), load, pool_, observers);
  };
  const serving::FixedBatchOptions& fixed = load.predictor.batch;
  const batch::Batching server{
      .max_batch_size = fixed.rows_max, .tokens_max = fixed.tokens_max, .max_queue_delay = fixed.delay};
  hooks.configure = [server](const models::ModelVersionPtr& version,
                             const model_settings::ModelSettings& changed) {
    if (const models::Generator* generator = version->AsGenerator()) generator->OverrideDefaults(changed.defaults);
    if (const models::Predictor* predictor = version->AsPredictor()) {
      predictor->predictor->SetBatching(changed.batching.Over(server));
    }
  };
  hooks.unloaded = [this](const models::ModelVersion& version) {
    memory_->Release(version.state_bytes);
    telemetry::ModelMetrics& series = metrics_.ForModel(version.label);
    series.SetQueueRequests(0);
    series.SetRunningSequences(0);
    series.SetKvBlocks(0, 0, 0);
  };
  Result<std::unique_ptr<repository::Repository>> started =
      repository::Repository::Start(std::move(folder), std::move(hooks), models_);
  if (!started.ok()) return started.error().Wrap("--models-dir");
  repository_ = std::move(started).value();
  api_->SetCatalog(repository_.get());
  return {};
}

// Gauges and totals are read from the engines when somebody looks.
void Service::FollowEngines() {
  for (const models::ModelVersionPtr& version : models_.List()) {
    if (!version->parent.empty()) {
      (void)metrics_.ForModel(version->label);  // its requests are counted by its name; tokens and blocks by its base's engine
      continue;
    }
    const engine::Stats stats = version->EngineStats();
    telemetry::ModelMetrics& series = metrics_.ForModel(version->label);
    series.SetQueueRequests(stats.serving.waiting_requests);
    series.SetRunningSequences(stats.serving.running_rows);
    series.SetKvBlocks(stats.kv_blocks.used, stats.kv_blocks.cached, stats.kv_blocks.free);
    const serving::TokenCounts& tokens = stats.serving.tokens;
    series.SetTokensTotal(tokens.input, tokens.cached, tokens.output);
    series.SetSpeculatedTotal(stats.drafts_accepted, stats.drafts_rejected);
    series.SetPreemptionsTotal(stats.preemptions);
    series.SetForcedTokensTotal(stats.forced_tokens);
  }
}

Result<std::unique_ptr<Service>> Service::Start(ServiceOptions options) {
  if (!options.callers.auth_state.empty() && options.http.port != 0) {
    options.callers.address = AddressUrl(options.http.tls.enabled(), options.http.host, options.http.port);
  }
  PANO_ASSIGN_OR_RETURN(Callers callers, MakeCallers(options.callers));
  std::unique_ptr<Service> service(new Service(options.threads, std::move(options.build)));

  // A model's file that is cut short costs that model, not the others.
  MappedFile::SurviveFaults();
  Service* self = service.get();
  service->metrics_.OnScrape([self] { self->FollowEngines(); });
  api::Hooks hooks;
  hooks.metrics_text = [self] { return self->metrics_.Text(); };
  if (!options.audit_log.empty()) {
    Result<std::unique_ptr<audit::AuditLog>> audit = audit::AuditLog::Open(options.audit_log);
    if (!audit.ok()) return audit.error().Wrap("--audit-log").WithReason("audit_log");
    service->audit_ = *std::move(audit);
    hooks.administer = [self](const api::RequestRecord& record) {
      return self->audit_->Record(AdministrationEvent(record));
    };
  }
  hooks.record = [self, log = options.request_log, all = options.audit_requests](const api::RequestRecord& record) {
    self->metrics_.CountRequest(record.model, record.route, record.status, record.seconds);
    if (self->audit_ && IsAudited(record, all)) self->audit_->Note(RequestEvent(record));
    if (log) log(MakeRequestLine(record));
  };
  // What the HTTP layer refuses before it is a request: it has no method and path yet.
  http::Server::ErrorBody refuse = [log = options.request_log, callers = options.api.callers](
                                       const http::Server::OwnError& error) {
    constexpr int kDropped = 500;  // was a request, and is recorded as one
    if (log && error.status != kDropped) {
      log(MakeRequestLine({.status = error.status, .id = error.request_id}));
    }
    return api::HttpErrorBody(callers, error);
  };
  PANO_ASSIGN_OR_RETURN(Quotas quotas, MakeQuotas(options.tenants_file, options.quota_state, service->metrics_));
  options.api.quotas = std::move(quotas.gate);
  service->tenants_ = std::move(quotas.tenants);
  options.api.callers.loopback = api::IsLoopbackHost(options.http.host);
  options.api.callers.keyless = !callers.authenticator->required();
  options.api.resource.authorization_servers = callers.Issuers();
  service->auth_file_ = callers.auth_file;
  if (options.api.resource.url.empty()) options.api.resource.url = options.callers.issuer;
  options.api.resource.certificate_bound_tokens = !options.http.tls.client_ca_file.empty();
  const std::shared_ptr<issuer::TokenIssuer> issuer = callers.issuer;
  api::oauth::OAuthServerPtr oauth;
  if (issuer) oauth = std::make_shared<api::oauth::OAuthServer>(issuer, service->audit_.get());
  if (!options.state.empty()) {
    Result<std::unique_ptr<batches::BatchStore>> store = batches::BatchStore::Open(options.state, {});
    if (!store.ok()) return store.error().Wrap("--state").WithReason("batch_state");
    options.batches.input.line_bytes_max = options.http.body_bytes_max;
    service->batches_ = std::make_shared<api::batches::BatchServer>(std::move(store).value(), options.batches,
                                                                         options.upload_bytes_max);
  }
  options.api.document_order = OpenApiOrder();
  options.api.grammars.metrics = &service->metrics_.registry();
  auth::Authenticator* const authenticator = callers.authenticator.get();
  PANO_ASSIGN_OR_RETURN(service->api_,
                        api::Api::Create(DialectsWith(oauth, service->batches_), options.api, service->models_,
                                         std::move(callers.authenticator), std::move(hooks)));
  // The port first: an address in use is known before a long load, and callers are told to wait.
  service->api_->SetLoading(true);
  auto handle = [self](std::shared_ptr<http::Exchange> exchange) {
    self->api_->Handle(std::move(exchange));
  };
  auto check_head = [self](const http::Request& head, http::Server::Decide decide) {
    return self->api_->CheckHead(head, std::move(decide));
  };
  // Asked while the connection is there, which ends before the API that keeps the authenticator.
  auto tenant_of = [authenticator](const http::Request& head) {
    const auto who = authenticator->TryAuthenticate(
        {head.Header("Authorization"), head.Header("X-Api-Key"), head.client_certificate_sha256});
    return who && who->ok() ? (*who)->tenant : std::string();
  };
  auto body_rules = [self, tenant_of](const http::Request& head) -> std::optional<http::BodyRule> {
    return self->batches_ ? api::batches::BodyRuleOf(*self->batches_, head, tenant_of) : std::nullopt;
  };
  PANO_ASSIGN_OR_RETURN(service->server_,
                        http::StartServer(options.http, std::move(handle), std::move(refuse),
                                          Clock::Real(), std::move(check_head), std::move(body_rules)));
  PANO_RETURN_IF_ERROR(service->StartGrpc(options));
  // Where the port was not known before.
  if (issuer && issuer->name().empty()) issuer->SetName(AddressUrl(options.http.tls.enabled(), options.http.host, service->port()));
  LogInfo("[serve] port ", service->port(), " is bound, models load");
  PANO_RETURN_IF_ERROR(service->Load(options));
  service->api_->SetLoading(false);
  if (service->batches_) {
    // The API, which is there until batches have stopped, keeps the authenticator.
    service->batches_->Start(*service->api_, Clock::Real(), [authenticator](const auth::Principal& maker) {
      return auth::RenewRights(*authenticator, maker);
    });
  }
  return service;
}

// The same address, limits and certificates as HTTP has.
Status Service::StartGrpc(const ServiceOptions& options) {
  if (!options.grpc_port) return {};
  const http::ServerOptions& http = options.http;
  grpc::ServerOptions rpc;
  rpc.host = http.host;
  rpc.port = *options.grpc_port;
  rpc.tls = http.tls;
  rpc.message_bytes_max = http.body_bytes_max;
  rpc.message_bytes_total_max = http.body_bytes_total_max;
  rpc.metadata_bytes_max = http.header_bytes_max;
  rpc.read_timeout = http.body_timeout;
  rpc.write_timeout = http.write_timeout;
  grpc::Service methods;
  methods.methods = grpc::Methods();
  methods.handle = [this](std::shared_ptr<http::Exchange> exchange) {
    api_->Handle(std::move(exchange), api::Transport::kGrpc);
  };
  methods.check_head = [this](const http::Request& head, http::Server::Decide decide) {
    return api_->CheckHead(head, std::move(decide), api::Transport::kGrpc);
  };
  methods.stream_error = grpc::StreamError;
  Result<std::unique_ptr<grpc::Server>> started = grpc::Server::Start(std::move(rpc), std::move(methods));
  if (!started.ok()) return started.error().Wrap("--grpc-port").WithReason("grpc_port");
  grpc_ = std::move(started).value();
  return {};
}

// Requests that wait for a model go on in the API: they end while it is there.
Service::~Service() {
  if (batches_) batches_->Stop();
  if (repository_) repository_->Stop();
}

void Service::Reload() {
  // What is wrong with the files is logged by who follows them.
  if (auth_file_) (void)auth_file_->Reload();
  if (tenants_) (void)tenants_->Reload();
  if (!audit_) return;
  if (Status opened = audit_->Reopen(); !opened.ok()) {
    LogError("[audit] the old file is kept: ", opened.message());
  } else {
    LogInfo("[audit] the file is opened anew");
  }
}

std::string Service::Stuck(Duration limit) const {
  for (const models::ModelVersionPtr& version : models_.List()) {
    const double idle = version->service().GetStats().seconds_since_progress;
    if (idle > Seconds(limit)) {
      return StrCat(version->FullName(), ": no step for ", static_cast<int64_t>(idle),
                    " s while there is work");
    }
  }
  return "";
}

bool Service::Drain(std::chrono::milliseconds timeout) {
  TimePoint until = Clock::Real().Now() + timeout;
  if (batches_) batches_->Stop();  // their lines begin anew when there is a server again
  api_->BeginDrain();
  // The listener stays open for now: /readyz has to say that this server is going away.
  bool all = true;
  for (const models::ModelVersionPtr& version : models_.List()) {
    Duration left = std::max<Duration>(until - Clock::Real().Now(), Duration::zero());
    all = version->service().Drain(left) && all;
  }
  // The engines are done; what they said is still on its way to the sockets.
  constexpr std::chrono::milliseconds kFlush{2'000};
  all = api_->WaitUntilIdle(kFlush) && all;
  if (grpc_) all = grpc_->Drain(kFlush) && all;
  return server_->Drain(kFlush) && all;
}

}  // namespace pano::service
