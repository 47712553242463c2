#include "app/api/batches/batches.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "app/api/batches/batch_call.h"
#include "app/api/batches/bodies.h"
#include "app/batches/principal_text.h"
#include "base/strings.h"

namespace pano::api::batches {
namespace {

using json::Value;
using pano::batches::BatchStatus;

constexpr int64_t kListed = 20;
constexpr int64_t kListedMax = 100;
constexpr size_t kMetadataMax = 16;
constexpr size_t kMetadataKeyBytesMax = 64;
constexpr size_t kMetadataTextBytesMax = 512;

// What a batch can be about.
constexpr auto kEndpoints = std::to_array<std::string_view>({"/v1/chat/completions", "/v1/completions", "/v1/embeddings",
                                                             "/v1/responses", "/v1/rerank", "/v1/score", "/v1/messages"});

Value TextOrNull(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value TimeOrNull(int64_t seconds) { return seconds == 0 ? Value() : Value(seconds); }

Value BatchJson(const BatchRecord& batch) {
  const auto since = [&](BatchStatus status) { return TimeOrNull(batch.since[static_cast<size_t>(status)]); };
  Value errors;
  if (!batch.errors.empty()) {
    errors.Set("object", "list");
    errors.Set("data", json::Parse(batch.errors).value_or(Value(json::Array())));
  }
  Value counts;
  counts.Set("total", batch.total);
  counts.Set("completed", batch.completed);
  counts.Set("failed", batch.failed);
  Value body;
  body.Set("id", batch.id);
  body.Set("object", "batch");
  body.Set("endpoint", batch.endpoint);
  body.Set("errors", std::move(errors));
  body.Set("input_file_id", batch.input_file);
  body.Set("completion_window", batch.window);
  body.Set("status", pano::batches::BatchStatusName(batch.status));
  body.Set("output_file_id", TextOrNull(batch.output_file));
  body.Set("error_file_id", TextOrNull(batch.error_file));
  body.Set("created_at", batch.created);
  body.Set("in_progress_at", since(BatchStatus::kInProgress));
  body.Set("expires_at", batch.expires);
  body.Set("finalizing_at", since(BatchStatus::kFinalizing));
  body.Set("completed_at", since(BatchStatus::kCompleted));
  body.Set("failed_at", since(BatchStatus::kFailed));
  body.Set("expired_at", since(BatchStatus::kExpired));
  body.Set("cancelling_at", since(BatchStatus::kCancelling));
  body.Set("cancelled_at", since(BatchStatus::kCancelled));
  body.Set("request_counts", std::move(counts));
  body.Set("metadata", batch.metadata.empty() ? Value() : json::Parse(batch.metadata).value_or(Value()));
  return body;
}

Status ReadMetadata(const Value& body, BatchRecord& batch) {
  const Value* metadata = body.Find("metadata");
  if (!metadata || metadata->is_null()) return {};
  if (metadata->as_object().size() > kMetadataMax) {
    return BadField("metadata", StrCat("'metadata' has more than ", kMetadataMax, " members"));
  }
  for (const auto& [name, value] : metadata->as_object()) {
    if (!value.is_string() || name.size() > kMetadataKeyBytesMax || value.as_string().size() > kMetadataTextBytesMax) {
      return BadField("metadata", StrCat("'metadata' takes texts of up to ", kMetadataTextBytesMax, " bytes under names of up to ",
                                         kMetadataKeyBytesMax));
    }
  }
  batch.metadata = json::Dump(*metadata);
  return {};
}

Status ReadBatch(const Call& call, int64_t now, BatchRecord& batch) {
  Parameters unused;
  PANO_RETURN_IF_ERROR(ReadFields(call.body, BatchBody(), unused));
  batch.input_file = call.body.Find("input_file_id")->as_string();
  batch.endpoint = call.body.Find("endpoint")->as_string();
  if (std::find(kEndpoints.begin(), kEndpoints.end(), batch.endpoint) == kEndpoints.end()) {
    std::string names;
    for (std::string_view name : kEndpoints) names += StrCat(names.empty() ? "" : ", ", name);
    return BadField("endpoint", StrCat("'endpoint' must be one of ", names));
  }
  batch.window = call.body.Find("completion_window")->as_string();
  PANO_ASSIGN_OR_RETURN(const int64_t seconds, ParseWindow(batch.window));
  PANO_RETURN_IF_ERROR(ReadMetadata(call.body, batch));
  batch.tenant = call.principal.tenant;
  batch.principal = pano::batches::PrincipalText(call.principal);
  batch.created = now;
  batch.expires = now + seconds;
  return {};
}

}  // namespace

Result<int64_t> ParseWindow(std::string_view text) {
  constexpr int64_t kDay = 86'400;
  const std::string_view digits = text.substr(0, text.size() - std::min<size_t>(text.size(), 1));
  const int64_t number = digits.size() <= 7 ? ParseInt(digits).value_or(0) : 0;
  int64_t unit = 0;
  if (text.ends_with('s')) unit = 1;
  if (text.ends_with('m')) unit = 60;
  if (text.ends_with('h')) unit = 3600;
  if (text.ends_with('d')) unit = kDay;
  if (number > 0 && unit > 0 && number * unit <= 7 * kDay) return number * unit;
  return BadField("completion_window", "'completion_window' must be a time such as \"24h\", at most 7 days");
}

void CreateBatch(Context& context, BatchServer& server, const CallPtr& call) {
  BatchRecord batch;
  if (Status read = ReadBatch(*call, context.clock.UnixSeconds(), batch); !read.ok()) return call->Fail(read);
  const Result<BatchRecord> added = server.store().AddBatch(std::move(batch));
  if (!added.ok()) {
    const bool no_file = added.error().reason() == "file_not_found";
    return call->Fail(no_file ? added.error().WithField("input_file_id") : ForCaller(added.error()));
  }
  server.Wake();
  call->RespondJson(BatchJson(*added));
}

void ListBatches(Context&, BatchServer& server, const CallPtr& call) {
  const Result<BatchStore::Page> page = ReadPage(call->request(), kListed, kListedMax);
  if (!page.ok()) return call->Fail(page.error());
  const auto list = server.store().ListBatches(call->principal.tenant, *page);
  if (!list.ok()) return call->Fail(ForCaller(list.error()));
  json::Array data;
  for (const BatchRecord& batch : list->records) data.push_back(BatchJson(batch));
  call->RespondJson(ListJson(std::move(data), list->has_more));
}

void RetrieveBatch(Context&, BatchServer& server, const CallPtr& call) {
  const Result<BatchRecord> batch = server.store().FindBatch(call->principal.tenant, call->PathParam("batch_id"));
  if (!batch.ok()) return call->Fail(ForCaller(batch.error()));
  call->RespondJson(BatchJson(*batch));
}

void CancelBatch(Context& context, BatchServer& server, const CallPtr& call) {
  const Result<BatchRecord> batch =
      server.store().CancelBatch(call->principal.tenant, call->PathParam("batch_id"), context.clock.UnixSeconds());
  if (!batch.ok()) return call->Fail(ForCaller(batch.error()));
  server.Wake();
  call->RespondJson(BatchJson(*batch));
}

}  // namespace pano::api::batches
