#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace pano::http {

// One event of a text/event-stream.
struct SseEvent {
  std::string event;  // "message" where the stream names none
  std::string data;   // its lines joined by '\n'
  std::string id;     // the last one the stream has sent
};

// Appends one event to a text/event-stream, as the WHATWG HTML standard has it (9.2): "event:" and
// "id:" where they are not "", a "data:" for each line of `data` (LF, CR or CR LF end one), an
// empty line. REQUIRES: no line ends, and no NUL, in `event` and `id`; all is UTF-8.
void AppendSseEvent(std::string& out, std::string_view event, std::string_view id,
                    std::string_view data);

// A comment, which parsers skip: keeps a silent connection alive.
inline constexpr std::string_view kSseKeepAlive = ": keep-alive\n\n";

// Takes an event stream apart as it arrives, as the WHATWG HTML standard has it (9.2): LF, CR or
// CR LF end a line, comments and unknown fields are skipped, an event without data is none.
// Thread-compatible.
class SseParser {
 public:
  using Sink = std::function<void(const SseEvent&)>;

  // An event longer than `event_bytes_max` makes Feed fail.
  explicit SseParser(Sink sink, size_t event_bytes_max = 16 << 20)
      : sink_(std::move(sink)), event_bytes_max_(event_bytes_max) {}

  // Calls the sink for each event that is complete; false once an event was too long.
  bool Feed(std::string_view bytes);

 private:
  void EndLine();
  void EndEvent();

  const Sink sink_;
  const size_t event_bytes_max_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
  bool failed_ = false;
};

}  // namespace pano::http
