#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/client.h"
#include "app/http/sse.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "pano/load/workload.h"

namespace pano::load {

// What one request came to. Times in seconds since it was due.
struct Outcome {
  Status status;                 // why it failed
  double ttft = 0;               // to the first token
  double e2e = 0;                // to the end
  std::vector<double> itl;       // between the events that brought tokens
  int64_t prompt_tokens = 0;     // as the server counts them; 0 where it does not say
  int64_t generated_tokens = 0;  // as the server counts them, else the events
  bool refused = false;  // 429 or 503 with the time to come back: the server is full, and says so
};

// Reads one answer as it arrives: a stream, or (of /v1/embeddings) one whole. Thread-compatible.
class AnswerReader {
 public:
  // `due`: when the request was to be sent, which its times count from.
  AnswerReader(Dialect dialect, TimePoint due);

  // Bytes of the body at `now`; false when the stream is broken.
  bool Feed(std::string_view bytes, TimePoint now);
  // After the last byte.
  Outcome Finish(const Result<http::ClientResponse>& response, TimePoint now);

 private:
  void OnWhole(const http::ClientResponse& response);
  void OnEvent(const http::SseEvent& event);
  void OnOpenAi(const http::SseEvent& event, const json::Value& data);
  void OnPredict(const http::SseEvent& event, const json::Value& data);
  void OnToken();
  void ReadUsage(const json::Value* usage);
  void Fail(std::string message);

  const Dialect dialect_;
  const TimePoint due_;
  http::SseParser sse_;
  TimePoint now_;
  std::optional<TimePoint> last_token_;
  int64_t events_ = 0;
  bool has_usage_ = false;
  bool complete_ = false;  // the stream said that it is over
  std::string whole_;  // of an answer that is no stream
  Outcome outcome_;
};

// The message in an error body of whatever dialect, else the start of the text.
std::string ErrorMessage(std::string_view body);

}  // namespace pano::load
