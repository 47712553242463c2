#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/api/work/byte_budget.h"
#include "app/api/call.h"
#include "app/api/document/document_order.h"
#include "app/api/generation.h"
#include "app/api/policy/authorization.h"
#include "app/api/policy/challenge.h"
#include "app/api/policy/guard.h"
#include "app/api/policy/quota_gate.h"
#include "app/api/request_statistics.h"
#include "app/api/work/work_pool.h"
#include "app/constraints/compiler.h"
#include "app/models/generator.h"
#include "app/models/model_catalog.h"
#include "app/models/model_host.h"
#include "app/models/predictor.h"
#include "app/streams/stream_store.h"
#include "base/clock.h"
#include "base/result.h"

namespace pano::api {

struct Options {
  CallerPolicy callers;
  ProtectedResource resource;
  std::chrono::milliseconds keep_alive{15'000};  // between comments on a silent stream; 0: none
  Duration stall_limit =
      std::chrono::seconds(30);  // an engine with work and no step for longer is not ready
  size_t json_depth_max = 64;
  int64_t choices_max = 256;  // prompts times n in one request
  WorkPool::Options work;     // who reads requests; by default the thread that they came on
  Duration work_wait_max = std::chrono::seconds(30);  // for such a thread; then 503
  size_t held_bytes_max = 256 << 20;  // what all admitted requests may hold until they are answered
  streams::StreamStore::Options streams = {};  // of resumable streams
  Duration response_retention = std::chrono::hours(1);  // of what /v1/responses keeps
  std::shared_ptr<const QuotaGate> quotas;  // null: everybody may use as much as there is
  size_t answer_bytes_max = 256 << 20;  // whole answers, until their clients have read them
  DocumentOrder document_order = {};  // of /openapi.json
  // Who compiles what answers must be; by default the thread that asks.
  constraints::Compiler::Options grammars = {.threads = 0};
};

// What connects the API to the rest of the process; all optional.
struct Hooks {
  RequestRecorder record;
  // An act of administration is about to be done: when this fails, it must not be. May wait for a disk.
  std::function<Status(const RequestRecord&)> administer = {};
  std::function<std::string()> metrics_text;  // Prometheus' text format
};

// What handlers work with. Members are thread-safe or constant.
struct Context {
  Options options;
  Hooks hooks;
  models::ModelHost& models;
  Generations& generations;
  Clock& clock;
  std::string openapi;  // the document, made once
  WorkPool& work;
  ByteBudget& held;
  streams::StreamStore& streams;
  constraints::Compiler& grammars;
  const RequestStatistics& statistics;
  const bool credentials_required;  // open routes tell nobody which models there are
  std::atomic<bool> draining{false};
  std::atomic<bool> loading{false};  // not every model is there yet
  std::atomic<models::ModelCatalog*> catalog{nullptr};  // of models that come and go; null: none do
};

// Why a version that is loaded cannot answer now; "" when it can.
std::string NotReadyReason(const Context& context, const models::ModelVersion& version);

// Unavailable: not every model is there yet.
Status Loading();

// InvalidArgument, "model_not_managed": the model is loaded as long as the server runs, and why.
Status NotManaged(const Context& context, const std::string& id);

// How the request names its model: by its path or its `model` field.
ModelName NameOfModel(const Call& call);
// The version of that model, where the caller may see it; its label goes into the call.
Result<models::ModelVersionPtr> FindModel(Context& context, Call& call);
// The same as one kind. The other kind is refused by name: "model_does_not_generate" where texts
// are to be continued, "model_only_generates" where whole inputs are to be looked at.
Result<models::GeneratorPtr> FindGenerator(Context& context, Call& call);
Result<models::PredictorPtr> FindPredictor(Context& context, Call& call);

}  // namespace pano::api
