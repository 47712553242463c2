// A stream that is written, read, left and come back to in any order, with last event ids as a header
// may have them: no reader sees a gap, a double or another's bytes; what is not kept is refused by name.
#include <cstdint>
#include <map>
#include <string>

#include "app/http/sse.h"
#include "app/streams/event_id.h"
#include "app/streams/stream_store.h"
#include "base/check.h"
#include "base/strings.h"

namespace {

using namespace pano::streams;

struct Reader {
  StreamLog::ReaderId id;
  EventId seen;
};

// The ids of whole events that follow each other; the last one.
EventId Follow(const std::string& bytes, EventId seen) {
  pano::http::SseParser parser([&](const pano::http::SseEvent& event) {
    PANO_CHECK(event.id == pano::StrCat(seen + 1));
    ++seen;
  });
  PANO_CHECK(parser.Feed(bytes));
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pano::ManualClock clock;
  StreamStore store({.retention = std::chrono::seconds(4), .log_bytes_max = 2000, .bytes_total_max = 4000},
                    clock);
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The header of a reader, as it came: an id that was given, or a refusal by name.
  const pano::Result<EventId> last = ParseLastEventId(text.substr(0, text.find('\n')));
  if (last.ok()) {
    PANO_CHECK(*last >= 0);
    if (size > 0 && text[0] != '\n') PANO_CHECK(pano::StrCat(*last) == text.substr(0, text.find('\n')));
  } else {
    PANO_CHECK(last.error().reason() == "invalid_last_event_id");
  }
  std::map<int, bool> cancelled;                   // whether it was told that nobody wants the rest
  std::map<int, std::shared_ptr<StreamLog>> logs;  // what each of two owners writes
  std::map<int, Reader> readers;                   // one at a time of each
  for (size_t i = 0; i + 1 < size; i += 2) {
    const int who = data[i] & 1;
    const std::string owner = who ? "a" : "b";
    const uint8_t value = data[i + 1];
    auto& log = logs[who];
    switch ((data[i] >> 1) % 8) {
      case 0:
        if (auto made = store.Create(owner, "s", owner); made.ok()) {
          readers.erase(who);
          log = *made;
          cancelled[who] = false;
          log->SetProducer({.room = {}, .cancelled = [&cancelled, who] { cancelled[who] = true; }});
        }
        break;
      case 1:
        if (log && !log->ended() && !cancelled[who] && log->HasRoom()) {
          log->Append(value & 1 ? "progress" : "", pano::StrCat(who ? "a" : "b", std::string(value, 'x')));
        }
        break;
      case 2:
        if (log && !log->ended()) log->End();
        break;
      case 3: {
        auto found = store.Find(owner, "s");
        if (!found.ok() || readers.contains(who) || *found != log) break;
        const EventId after = (value & 0x80) && last.ok() ? *last : value & 0x7f;
        auto reader = log->AddReader(after, {});
        if (reader.ok()) {
          PANO_CHECK(after <= log->last());
          readers[who] = {*reader, after};
        } else if (reader.error().reason() == "invalid_last_event_id") {
          PANO_CHECK(after > log->last());
        } else {
          PANO_CHECK(reader.error().reason() == "stream_events_dropped");
        }
        break;
      }
      case 4:
        if (auto it = readers.find(who); it != readers.end()) {
          const StreamLog::Piece piece = log->Read(it->second.id, value * 8u);
          PANO_CHECK(!piece.lost || piece.bytes.empty());
          PANO_CHECK(piece.bytes.find(who ? "data: b" : "data: a") == std::string::npos);
          it->second.seen = Follow(piece.bytes, it->second.seen);
          if (piece.ended) PANO_CHECK(it->second.seen == log->last());
        }
        break;
      case 5:
        if (auto it = readers.find(who); it != readers.end()) {
          log->RemoveReader(it->second.id);
          readers.erase(it);
        }
        break;
      case 6:
        clock.Advance(std::chrono::milliseconds(value * 20));
        store.Sweep();
        break;
      case 7:
        if (value & 1) (void)store.Delete(owner, "s");
        break;
    }
    PANO_CHECK(store.bytes() <= 4000 + 2 * (255 + 128));
  }
  return 0;
}
