#include "app/batches/active_batch.h"

#include <algorithm>
#include <utility>

#include "app/batches/input_line.h"
#include "app/batches/principal_text.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::batches {

Result<ActiveBatch> ActiveBatch::Open(const BatchStore& store, BatchRecord record, std::set<int64_t> done,
                                      size_t line_bytes_max) {
  PANO_ASSIGN_OR_RETURN(auth::Principal principal, ParsePrincipal(record.principal));
  PANO_ASSIGN_OR_RETURN(LineReader reader, LineReader::Open(store.PathOf(record.input_file), line_bytes_max));
  return ActiveBatch(std::move(record), std::move(principal), std::move(reader), std::move(done));
}

Result<std::optional<ActiveBatch::Line>> ActiveBatch::Next(TimePoint now, TimePoint& at) {
  // Those that were refused for now come first: they are the earlier ones.
  const auto due = std::find_if(again_.begin(), again_.end(), [&](const Line& line) { return line.not_before <= now; });
  if (due != again_.end()) {
    Line line = std::move(*due);
    again_.erase(due);
    return std::optional<Line>(std::move(line));
  }
  for (const Line& line : again_) at = std::min(at, line.not_before);
  while (reader_) {
    PANO_ASSIGN_OR_RETURN(std::optional<std::string> text, reader_->Next());
    if (!text) {
      reader_.reset();
      break;
    }
    const int64_t number = read_++;
    if (done_.contains(number)) continue;
    PANO_ASSIGN_OR_RETURN(InputLine parsed, ParseInputLine(*text, record_.endpoint));
    return std::optional<Line>(Line{number, std::move(parsed.custom_id), std::move(parsed.body), 0, {}});
  }
  return std::optional<Line>();
}

void ActiveBatch::AddResult(const Line& line, const std::string& request_id, const LineAnswer& answer) {
  std::string text = StrCat(R"({"id":")", request_id, R"(","custom_id":)");
  json::AppendQuoted(text, line.custom_id);
  text += StrCat(R"(,"response":{"status_code":)", answer.status, R"(,"request_id":")", request_id, R"(","body":)");
  // The body is JSON of one line already.
  text += answer.body.empty() ? "null" : answer.body;
  text += R"(},"error":null})";
  results_.push_back({line.number, answer.status >= 200 && answer.status < 300, std::move(text)});
}

void ActiveBatch::AddUnanswered(const Line& line, std::string_view code, std::string_view message) {
  std::string text = StrCat(R"({"id":"batch_req_)", RandomHex(12), R"(","custom_id":)");
  json::AppendQuoted(text, line.custom_id);
  text += R"(,"response":null,"error":{"code":)";
  json::AppendQuoted(text, code);
  text += R"(,"message":)";
  json::AppendQuoted(text, message);
  text += "}}";
  results_.push_back({line.number, false, std::move(text)});
}

Status ActiveBatch::Write(BatchStore& store) {
  PANO_RETURN_IF_ERROR(store.AddResults(record_.id, results_));
  results_.clear();
  return {};
}

}  // namespace pano::batches
