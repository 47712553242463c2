#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/api/api.h"
#include "app/api/batches/batch_server.h"
#include "app/audit/audit_log.h"
#include "app/batches/batch_runner.h"
#include "app/grpc/server.h"
#include "app/http/http.h"
#include "app/models/adapter_version.h"
#include "app/models/memory_budget.h"
#include "app/models/model_loader.h"
#include "app/quota/followed_tenants.h"
#include "app/repository/repository.h"
#include "app/service/callers.h"
#include "app/service/request_log.h"
#include "app/telemetry/metrics.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/threads.h"

namespace pano::service {

struct ServiceOptions {
  std::vector<models::ModelSource> models;
  // Adapters over the model of `models`, or over that which each was made for; followed as `repository` says.
  std::vector<models::AdapterSource> adapters;
  // A folder whose models come and go beside those; without a folder: none. `taken`, `state_bytes` are
  // filled in.
  repository::Options repository;
  std::vector<models::ModelAlias> aliases;
  bool any_model = false;  // the only model answers to any name
  int threads = 0;  // of the compute pool; 0: all cores
  models::LoadSettings load;
  http::ServerOptions http;
  std::optional<uint16_t> grpc_port;  // of KServe's protocol over gRPC, on the same address; 0: a free one
  CallerOptions callers;
  std::string tenants_file;  // limits and weights of tenants; "": none
  std::string quota_state;   // where usage is kept: a folder, redis://...; "": in memory
  std::string state;         // the folder of files and batches; "": there are none
  batches::BatchRunner::Options batches;
  size_t upload_bytes_max = api::batches::BatchServer::kUploadBytesMax;  // of a form with a file for a batch
  api::Options api;                   // `callers.loopback` is decided by http.host
  telemetry::BuildInfo build;         // for pano_build_info
  std::string audit_log;        // the file of docs/audit.md; "" = none
  bool audit_requests = false;  // every request of a known caller, too, not only what was denied
  // Told of each answered request, from any thread; none: nobody.
  std::function<void(const RequestLine&)> request_log;
};

// Models, API and HTTP server, put together. Thread-safe.
class Service {
 public:
  // Listens, then loads every model of `models`; until that is done callers are answered 503 with Retry-After and
  // /readyz says no. Those of the folder load afterwards, on their own. Fails with what is wrong with the address, or with a model.
  static Result<std::unique_ptr<Service>> Start(ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  uint16_t port() const { return server_->port(); }
  // 0: there is none.
  uint16_t grpc_port() const { return grpc_ ? grpc_->port() : uint16_t{0}; }
  int threads() const { return pool_.threads(); }
  const models::ModelHost& models() const { return models_; }
  telemetry::Metrics& metrics() { return metrics_; }

  // What is stuck: a model that has made no step for `limit` although it has work; "" when nothing is.
  std::string Stuck(Duration limit) const;

  // Reads the settings of --auth and --tenants anew, and opens the audit log anew under its name, where there are
  // such. What is wrong is logged and changes nothing.
  void Reload();

  // Refuses what is new, lets running requests end; those that have not by `timeout` are cancelled.
  // Returns whether all ended by themselves.
  bool Drain(std::chrono::milliseconds timeout);

 private:
  Service(int threads, telemetry::BuildInfo build);
  Status Load(const ServiceOptions& options);
  Result<std::vector<repository::PinnedAdapter>> LoadAdapters(const ServiceOptions& options);
  Status StartGrpc(const ServiceOptions& options);
  Status StartRepository(const ServiceOptions& options, std::vector<repository::PinnedAdapter> adapters,
                         const models::LoadSettings& settings);
  void FollowEngines();

  // In the order of who borrows whom: the server goes first, the pool last.
  ComputePool pool_;
  telemetry::Metrics metrics_;
  models::ModelHost models_;
  std::unique_ptr<audit::AuditLog> audit_;  // null: none
  std::unique_ptr<quota::FollowedTenants> tenants_;  // null: there are no limits
  std::unique_ptr<models::MemoryBudget> memory_;
  std::unique_ptr<repository::Repository> repository_;  // null: there is neither a folder nor an adapter
  api::batches::BatchServerPtr batches_;  // null: none
  std::unique_ptr<api::Api> api_;
  bearer::AuthFileAuthenticator* auth_file_ = nullptr;  // the API's; null: there is no --auth file
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<grpc::Server> grpc_;  // null: nobody asked for it
};

}  // namespace pano::service
