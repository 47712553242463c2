#include "pano/chat/remote_backend.h"

#include <algorithm>

#include "base/clock.h"
#include "base/strings.h"
#include "pano/chat/stream_reader.h"

namespace pano::chat {
namespace {

constexpr size_t kModelsMax = 1000;
constexpr size_t kModelNameBytesMax = 256;

// The length that servers say about a model, under the names that they have for it.
std::optional<int64_t> ContextOf(const json::Value& entry) {
  for (const char* key : {"context_length", "max_model_len", "context_window", "max_context_length"}) {
    const json::Value* value = entry.Find(key);
    if (value != nullptr && value->is_int() && value->as_int() > 0) return value->as_int();
  }
  return std::nullopt;
}

// A server of pano says what its models are for.
bool Generates(const json::Value& entry) {
  const json::Value* task = entry.Find("task");
  return task == nullptr || !task->is_string() || task->as_string() == "generation";
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Result<std::unique_ptr<RemoteBackend>> RemoteBackend::Create(RemoteOptions options,
                                                             Transport& transport) {
  if (HasControlCharacter(options.api_key)) {
    return InvalidArgument("the API key holds a control character");
  }
  while (options.url.ends_with('/')) options.url.pop_back();
  if (options.url.ends_with("/v1")) options.url.resize(options.url.size() - 3);
  PANO_ASSIGN_OR_RETURN(
      std::unique_ptr<HttpCaller> caller,
      MakeHttpCaller(options.url, {.quiet_timeout = options.timeout}, transport));
  std::unique_ptr<RemoteBackend> backend(
      new RemoteBackend(std::move(options), std::move(caller)));
  const std::string wanted = backend->options_.model;
  Result<std::vector<Listed>> models = backend->FetchModels({});
  if (!models.ok()) {
    // Servers without a list are fine where the model was named.
    const bool no_list = models.error().code() == StatusCode::kNotFound;
    if (wanted.empty() || !no_list) return models.error();
    return backend;
  }
  for (const Listed& model : *models) {
    if (wanted.empty() ? !model.generates : model.id != wanted) continue;
    backend->options_.model = model.id;
    backend->context_ = model.context;
    return backend;
  }
  if (wanted.empty()) return NotFound("the server lists no model that writes text; see --model");
  return backend;  // it may answer to names that it does not list
}

HttpCall RemoteBackend::Call(std::string_view path, std::string body) const {
  HttpCall call;
  call.method = body.empty() ? "GET" : "POST";
  call.path = path;
  if (!body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  if (!options_.api_key.empty()) {
    call.headers.emplace_back("Authorization", StrCat("Bearer ", options_.api_key));
  }
  call.body = std::move(body);
  return call;
}

Status RemoteBackend::Refused(const HttpReply& reply) const {
  const std::string number = StrCat("HTTP ", reply.status);
  if (reply.status == 401 || reply.status == 403) {
    const Status said = ServerError(reply.body, StatusCode::kUnauthenticated, number);
    return Status(StatusCode::kUnauthenticated,
                  StrCat(options_.api_key.empty() ? "the server wants a key (PANO_API_KEY, --api-key): "
                                                  : "the server does not take the key: ",
                         said.message()));
  }
  if (reply.status / 100 == 3) {
    return Status(StatusCode::kUnavailable,
                  StrCat(number, ": the server points to ", Printable(reply.location, 200),
                         "; give that to --url if it is to be trusted"));
  }
  StatusCode code = StatusCode::kInvalidArgument;
  if (reply.status == 404) code = StatusCode::kNotFound;
  if (reply.status == 429) code = StatusCode::kExhausted;
  if (reply.status >= 500) code = StatusCode::kUnavailable;
  Status status = ServerError(reply.body, code, "");
  std::string text = number;
  if (!status.message().empty()) text += StrCat(": ", status.message());
  if (!reply.retry_after.empty()) {
    text += StrCat(" (again after ", Printable(reply.retry_after, 40), " s)");
  }
  return Status(code, std::move(text)).WithReason(status.reason());
}

Result<std::vector<RemoteBackend::Listed>> RemoteBackend::FetchModels(const std::stop_token& stop) {
  PANO_ASSIGN_OR_RETURN(const HttpReply reply, caller_->Send(Call("/v1/models", ""), {}, stop));
  if (reply.status == 404 || reply.status == 405 || reply.status == 501) {
    return NotFound(StrCat("HTTP ", reply.status, ": the server lists no models; name one with --model"));
  }
  if (reply.status != 200) return Refused(reply);
  const auto list = json::Parse(reply.body, {.depth_max = 32});
  const json::Value* data = list.ok() ? list->Find("data") : nullptr;
  if (data == nullptr || !data->is_array()) {
    return NotFound("GET /v1/models is not answered as OpenAI's API does; is this the right --url?");
  }
  std::vector<Listed> out;
  for (const json::Value& entry : data->as_array()) {
    const json::Value* id = entry.Find("id");
    if (id == nullptr || !id->is_string() || id->as_string().size() > kModelNameBytesMax) continue;
    out.push_back({id->as_string(), ContextOf(entry), Generates(entry)});
    if (out.size() == kModelsMax) break;
  }
  return out;
}

Result<std::vector<std::string>> RemoteBackend::ListModels() {
  PANO_ASSIGN_OR_RETURN(const std::vector<Listed> models, FetchModels({}));
  std::vector<std::string> names;
  for (const Listed& model : models) {
    if (model.generates) names.push_back(model.id);
  }
  return names;
}

Status RemoteBackend::Use(const std::string& model, const std::stop_token& stop) {
  Result<std::vector<Listed>> models = FetchModels(stop);
  std::optional<int64_t> context;
  if (models.ok()) {
    const auto found = std::find_if(models->begin(), models->end(),
                                    [&](const Listed& one) { return one.id == model; });
    if (found == models->end()) {
      return NotFound(StrCat("the server has no model '", Printable(model), "'; /model lists them"));
    }
    context = found->context;
  } else if (models.error().code() != StatusCode::kNotFound) {
    return models.error();
  }
  options_.model = model;
  context_ = context;
  return {};
}

Result<int64_t> RemoteBackend::CountTokens(const json::Value& messages) {
  const Status nobody = Unimplemented("this server does not count tokens");
  if (!counts_) return nobody;
  if (messages.as_array().empty()) return int64_t{0};
  json::Value body;
  body.Set("model", options_.model);
  body.Set("messages", messages);
  PANO_ASSIGN_OR_RETURN(const HttpReply reply,
                        caller_->Send(Call("/v1/tokenize", json::Dump(body)), {}, {}));
  const auto parsed = reply.status == 200 ? json::Parse(reply.body) : Result<json::Value>(nobody);
  const json::Value* ids = parsed.ok() ? parsed->Find("ids") : nullptr;
  if (ids == nullptr || !ids->is_array()) {
    // A refusal may be about this conversation; a route that is not there is not.
    if (reply.status == 200 || reply.status == 404 || reply.status == 405) counts_ = false;
    return nobody;
  }
  return static_cast<int64_t>(ids->as_array().size());
}

Result<AnswerEnd> RemoteBackend::Ask(const json::Value& messages, const Sampling& sampling,
                                     ThinkingSplitter& answer, const std::stop_token& stop) {
  json::Value body;
  body.Set("model", options_.model);
  body.Set("messages", messages);
  body.Set("stream", true);
  json::Value& stream_options = body.Set("stream_options", json::Object());
  stream_options.Set("include_usage", true);
  for (auto& [name, value] : sampling.ToJson()) body.Set(name, std::move(value));

  StreamReader reader(answer);
  const TimePoint start = Clock::Real().Now();
  std::optional<TimePoint> first;
  const auto sink = [&](std::string_view bytes) {
    const bool more = reader.Feed(bytes);
    if (!first && reader.any_text()) first = Clock::Real().Now();
    return more;
  };
  const Result<HttpReply> reply =
      caller_->Send(Call("/v1/chat/completions", json::Dump(body)), sink, stop);
  if (stop.stop_requested()) return AnswerEnd{.reason = "cancelled"};
  PANO_RETURN_IF_ERROR(reader.failure());
  if (!reply.ok()) return reply.error();
  if (reply->status != 200) return Refused(*reply);
  PANO_ASSIGN_OR_RETURN(AnswerEnd end, reader.Finish());
  if (first) {
    end.first_seconds = Seconds(*first - start);
    const double seconds = Seconds(Clock::Real().Now() - *first);
    if (end.answer_tokens.value_or(0) > 1 && seconds > 0) {
      end.tokens_per_second = static_cast<double>(*end.answer_tokens - 1) / seconds;
    }
  }
  return end;
}

}  // namespace pano::chat
