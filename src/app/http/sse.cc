#include "app/http/sse.h"

#include <algorithm>

namespace pano::http {

void AppendSseEvent(std::string& out, std::string_view event, std::string_view id,
                    std::string_view data) {
  out.reserve(out.size() + event.size() + id.size() + data.size() + 24);
  if (!event.empty()) out.append("event: ").append(event).push_back('\n');
  if (!id.empty()) out.append("id: ").append(id).push_back('\n');
  while (true) {
    const size_t end = std::min(data.find_first_of("\r\n"), data.size());
    out.append("data: ").append(data.substr(0, end)).push_back('\n');
    if (end == data.size()) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out.push_back('\n');
}

bool SseParser::Feed(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    if (after_cr_ && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      after_cr_ = false;
      continue;
    }
    after_cr_ = false;
    const size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    if (end > event_bytes_max_ - std::min(event_bytes_max_, line_.size() + event_.data.size())) {
      failed_ = true;
      break;
    }
    line_.append(bytes.substr(0, end));
    if (end < bytes.size()) {
      after_cr_ = bytes[end] == '\r';
      EndLine();
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return !failed_;
}

void SseParser::EndLine() {
  std::string_view line = line_;
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  if (line.empty()) {
    EndEvent();
  } else {
    const size_t colon = std::min(line.find(':'), line.size());
    const std::string_view field = line.substr(0, colon);
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      if (has_data_) event_.data.push_back('\n');
      event_.data.append(value);
      has_data_ = true;
    } else if (field == "event") {
      event_.event = value;
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
      event_.id = value;
    }
  }
  line_.clear();
}

void SseParser::EndEvent() {
  if (has_data_) {
    if (event_.event.empty()) event_.event = "message";
    sink_(event_);
  }
  event_.event.clear();
  event_.data.clear();
  has_data_ = false;
}

}  // namespace pano::http
