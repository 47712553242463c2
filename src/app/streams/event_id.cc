#include "app/streams/event_id.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::streams {

Result<EventId> ParseLastEventId(std::string_view text) {
  constexpr size_t kDigitsMax = 18;  // of what fits into an int64 whatever the digits
  if (text.empty()) return EventId{0};
  const bool digits = text.size() <= kDigitsMax && std::all_of(text.begin(), text.end(), [](char c) {
                        return c >= '0' && c <= '9';
                      });
  if (!digits || (text.size() > 1 && text.front() == '0')) {
    return InvalidArgument(StrCat("the last event id '", Printable(text, 64),
                                  "' is no id of an event here: those are 1, 2, 3 and so on"))
        .WithReason("invalid_last_event_id");
  }
  EventId id = 0;
  for (char c : text) id = id * 10 + (c - '0');
  return id;
}

}  // namespace pano::streams
