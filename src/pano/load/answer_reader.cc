#include "pano/load/answer_reader.h"

#include "base/strings.h"

namespace pano::load {
namespace {

int64_t IntMember(const json::Value& object, std::string_view key) {
  const json::Value* found = object.Find(key);
  return found != nullptr && found->is_int() ? found->as_int() : 0;
}

bool IsNonEmpty(const json::Value* value) {
  if (value == nullptr) return false;
  if (value->is_string()) return !value->as_string().empty();
  return value->is_array() && !value->as_array().empty();
}

}  // namespace

std::string ErrorMessage(std::string_view body) {
  const auto parsed = json::Parse(body);
  if (parsed.ok()) {
    const json::Value* error = parsed->Find("error");
    const json::Value* message =
        error != nullptr ? error->Find("message") : parsed->Find("message");
    if (message != nullptr && message->is_string()) return Printable(message->as_string(), 200);
    if (error != nullptr && error->is_string()) return Printable(error->as_string(), 200);
  }
  return Printable(Trim(body), 200);
}

AnswerReader::AnswerReader(Dialect dialect, TimePoint due)
    : dialect_(dialect), due_(due), sse_([this](const http::SseEvent& e) { OnEvent(e); }) {}

bool AnswerReader::Feed(std::string_view bytes, TimePoint now) {
  now_ = now;
  if (dialect_ == Dialect::kEmbeddings) {
    whole_.append(bytes);
    return true;
  }
  if (!sse_.Feed(bytes)) Fail("an event of the stream is too long");
  return outcome_.status.ok();
}

void AnswerReader::Fail(std::string message) {
  if (outcome_.status.ok()) outcome_.status = Status(StatusCode::kUnavailable, std::move(message));
}

void AnswerReader::OnEvent(const http::SseEvent& event) {
  if (event.data == "[DONE]") {
    complete_ = true;
    return;
  }
  const auto data = json::Parse(event.data);
  if (!data.ok() || !data->is_object()) return Fail("an event of the stream is no JSON object");
  if (event.event == "error" || data->Find("error") != nullptr) {
    return Fail(ErrorMessage(event.data));
  }
  dialect_ == Dialect::kOpenAi ? OnOpenAi(event, *data) : OnPredict(event, *data);
}

void AnswerReader::OnOpenAi(const http::SseEvent&, const json::Value& data) {
  ReadUsage(data.Find("usage"));
  const json::Value* choices = data.Find("choices");
  if (choices == nullptr || !choices->is_array()) return;
  for (const json::Value& choice : choices->as_array()) {
    if (IsNonEmpty(choice.Find("text")) || IsNonEmpty(choice.Find("token_ids"))) OnToken();
    const json::Value* reason = choice.Find("finish_reason");
    if (reason != nullptr && reason->is_string()) complete_ = true;
  }
}

void AnswerReader::OnPredict(const http::SseEvent& event, const json::Value& data) {
  if (event.event == "progress") OnToken();
  if (event.event == "done") {
    ReadUsage(data.Find("usage"));
    complete_ = true;
  }
}

void AnswerReader::OnToken() {
  ++events_;
  if (last_token_) {
    outcome_.itl.push_back(Seconds(now_ - *last_token_));
  } else {
    outcome_.ttft = Seconds(now_ - due_);
  }
  last_token_ = now_;
}

void AnswerReader::ReadUsage(const json::Value* usage) {
  if (usage == nullptr || !usage->is_object()) return;
  has_usage_ = true;
  outcome_.prompt_tokens = IntMember(*usage, "prompt_tokens");
  outcome_.generated_tokens = IntMember(*usage, "completion_tokens");
}

void AnswerReader::OnWhole(const http::ClientResponse& response) {
  const auto answer = json::Parse(whole_.empty() ? response.body : whole_);
  const json::Value* data = answer.ok() ? answer->Find("data") : nullptr;
  if (!IsNonEmpty(data)) return Fail("the answer holds no embedding");
  ReadUsage(answer->Find("usage"));
}

Outcome AnswerReader::Finish(const Result<http::ClientResponse>& response, TimePoint now) {
  outcome_.e2e = Seconds(now - due_);
  if (!has_usage_) outcome_.generated_tokens = events_;
  if (!outcome_.status.ok()) return std::move(outcome_);
  if (!response.ok()) {
    outcome_.status = response.status();
  } else if (response->status != 200) {
    outcome_.refused = (response->status == 429 || response->status == 503) &&
                       !response->Header("Retry-After").empty();
    Fail(StrCat("HTTP ", response->status, ": ", ErrorMessage(response->body)));
  } else if (dialect_ == Dialect::kEmbeddings) {
    OnWhole(*response);
  } else if (!complete_) {
    Fail("the stream ended before its last event");
  } else if (events_ == 0) {
    Fail("the answer holds no token");
  }
  return std::move(outcome_);
}

}  // namespace pano::load
