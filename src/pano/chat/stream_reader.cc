#include "pano/chat/stream_reader.h"

#include "base/strings.h"

namespace pano::chat {
namespace {

constexpr size_t kMessageBytesMax = 400;

const json::Value* Member(const json::Value* object, std::string_view key) {
  return object == nullptr ? nullptr : object->Find(key);
}

std::string_view Text(const json::Value* value) {
  return value != nullptr && value->is_string() ? std::string_view(value->as_string())
                                                : std::string_view();
}

// Words that servers use for it: OpenAI and vLLM, llama.cpp, pano.
bool IsAboutLength(std::string_view text) {
  const std::string lower = ToLower(text);
  for (const char* words : {"maximum context length", "context_length_exceeded",
                            "exceed_context_size", "exceeds the available context size",
                            "context length exceeded"}) {
    if (lower.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Status ServerError(std::string_view body, StatusCode code, std::string_view otherwise) {
  std::string message;
  std::string detail;
  if (const auto parsed = json::Parse(body, {.depth_max = 32}); parsed.ok()) {
    const json::Value* error = parsed->Find("error");
    for (std::string_view found :
         {Text(error), Text(Member(error, "message")), Text(parsed->Find("message")),
          Text(parsed->Find("detail"))}) {
      if (message.empty()) message = found;
    }
    detail = StrCat(Text(Member(error, "code")), " ", Text(Member(error, "type")));
  } else if (body.find('<') == std::string_view::npos) {  // no page for a browser
    message = Trim(body);
  }
  const bool about_length = IsAboutLength(message) || IsAboutLength(detail);
  if (message.empty()) message = otherwise;
  Status status(code, Printable(message, kMessageBytesMax));
  return about_length ? std::move(status).WithReason(kContextFull) : status;
}

void StreamReader::Fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
}

bool StreamReader::Feed(std::string_view bytes) {
  if (!any_byte_) {
    const std::string_view start = Trim(bytes);
    if (start.empty()) return true;
    any_byte_ = true;
    is_whole_ = start[0] == '{';
  }
  if (is_whole_) {
    whole_.append(bytes);
    if (whole_.size() > kAnswerBytesMax) {
      Fail(Status(StatusCode::kExhausted, "the server's answer is too long"));
    }
  } else if (!sse_.Feed(bytes)) {
    Fail(Status(StatusCode::kExhausted, "an event of the server's stream is too long"));
  }
  return failure_.ok();
}

void StreamReader::OnEvent(const http::SseEvent& event) {
  if (!failure_.ok()) return;
  if (event.data == "[DONE]") {
    complete_ = true;
    return;
  }
  const auto data = json::Parse(event.data, {.depth_max = 32});
  if (!data.ok() || !data->is_object()) {
    return Fail(Corruption("the server sent an event that is no JSON object"));
  }
  const json::Value* error = data->Find("error");
  if ((error != nullptr && !error->is_null()) || event.event == "error") {
    return Fail(ServerError(event.data, StatusCode::kUnavailable, "the server ended with an error"));
  }
  OnUsage(data->Find("usage"));
  const json::Value* choices = data->Find("choices");
  if (choices == nullptr || !choices->is_array()) return;
  for (const json::Value& choice : choices->as_array()) OnChoice(choice, "delta");
}

void StreamReader::OnChoice(const json::Value& choice, std::string_view part) {
  const json::Value* message = choice.Find(part);
  // DeepSeek, SGLang and llama.cpp say reasoning_content, OpenRouter and newer vLLM reasoning.
  std::string_view thinking = Text(Member(message, "reasoning_content"));
  if (thinking.empty()) thinking = Text(Member(message, "reasoning"));
  const std::string_view content = Text(Member(message, "content"));
  text_bytes_ += thinking.size() + content.size();
  if (text_bytes_ > kAnswerBytesMax) {
    return Fail(Status(StatusCode::kExhausted, "the server's answer is too long"));
  }
  answer_.PushThinking(thinking);
  if (!content.empty()) answer_.Push(content);
  if (const std::string_view refusal = Text(Member(message, "refusal")); !refusal.empty()) {
    answer_.Push(refusal);
  }
  if (const std::string_view reason = Text(choice.Find("finish_reason")); !reason.empty()) {
    end_.reason = Printable(reason, 40);
    complete_ = true;
  }
}

void StreamReader::OnUsage(const json::Value* usage) {
  const auto count = [&](std::string_view key) -> std::optional<int64_t> {
    const json::Value* value = Member(usage, key);
    constexpr int64_t kBelievable = int64_t{1} << 40;
    if (value == nullptr || !value->is_int() || value->as_int() < 0 ||
        value->as_int() > kBelievable) {
      return std::nullopt;
    }
    return value->as_int();
  };
  if (const auto tokens = count("prompt_tokens")) end_.prompt_tokens = tokens;
  if (const auto tokens = count("completion_tokens")) end_.answer_tokens = tokens;
}

Result<AnswerEnd> StreamReader::Finish() {
  if (is_whole_ && failure_.ok()) {
    const auto data = json::Parse(whole_, {.depth_max = 32});
    if (!data.ok()) {
      Fail(Corruption("the server's answer is no JSON"));
    } else if (const json::Value* error = data->Find("error"); error && !error->is_null()) {
      Fail(ServerError(whole_, StatusCode::kUnavailable, "the server answered with an error"));
    } else {
      OnUsage(data->Find("usage"));
      const json::Value* choices = data->Find("choices");
      if (choices != nullptr && choices->is_array() && !choices->as_array().empty()) {
        OnChoice(choices->as_array()[0], "message");
      }
    }
  }
  PANO_RETURN_IF_ERROR(failure_);
  if (!complete_) {
    return Status(StatusCode::kUnavailable, "the server's stream ended before the answer did");
  }
  if (end_.reason.empty()) end_.reason = "stop";
  return end_;
}

}  // namespace pano::chat
