#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/quota/admission.h"
#include "base/result.h"

namespace pano::quota {

// Usage that several servers share. Thread-safe.
class SharedUsage {
 public:
  virtual ~SharedUsage() = default;

  // What was taken, to be settled under `id`.
  struct Taken {
    std::string id;
    std::vector<Claim> claims;
    std::vector<int64_t> slots;  // a claim's windows each, in their order
    int64_t tokens = 0;          // that were counted, at most
  };
  struct Answer {
    std::vector<Standing> standings;    // the request included, where it was taken
    std::optional<Refusal> refusal;     // none: it was taken
    Taken taken;
  };
  // Decides and counts in one step for all servers. May wait for the network, a bounded time: never
  // called on a thread of sockets or of an engine. Unavailable: nobody could be asked, at once where
  // this was so a moment ago.
  virtual Result<Answer> Admit(std::string id, std::span<const Claim> claims, int64_t tokens) = 0;
  // The request is done and used so many tokens; nothing: it was not begun, and counts for nothing.
  // Never waits.
  virtual void Settle(Taken taken, std::optional<int64_t> tokens) = 0;
};

}  // namespace pano::quota
