#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pano::audit {

// What an audit log says of one act: who did what to what, and how it ended. Never a prompt, an answer, a
// secret or a token. A value. docs/audit.md has the format.
struct Event {
  std::string action = {};     // "client.create", "request.denied"
  std::string outcome = {};    // "started", "ok", "denied", "failed"
  std::string actor = {};      // subject, client or key; a user of this machine for commands; "" = nobody known
  std::string tenant = {};     // of the actor; "" = none
  std::string target = {};     // what it is done to: a client, a key, a model; "" = nothing
  std::string peer = {};       // "127.0.0.1:4711"; "" = none
  std::string request_id = {};
  std::vector<std::pair<std::string, std::string>> details = {};  // more of it: "status", "scope"
};

// The event as a line of JSON with its '\n', at the time `unix_seconds`. Texts are cut at kTextBytesMax, so a
// line has a bounded length.
inline constexpr size_t kTextBytesMax = 512;
std::string FormatEvent(const Event& event, int64_t unix_seconds);

// "2026-01-31T23:59:59Z".
std::string FormatTime(int64_t unix_seconds);

}  // namespace pano::audit
