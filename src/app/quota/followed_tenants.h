#pragma once

#include <memory>
#include <string>

#include "app/quota/ledger.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file_follower.h"
#include "base/status.h"

namespace pano::quota {

// A ledger's limits and weights as the tenants file says them now (FileFollower): a file that cannot be read, or
// is wrong, leaves them as they were. Thread-safe.
class FollowedTenants {
 public:
  // `text`: what the file said when the ledger was made. `env` and `clock` outlive it.
  FollowedTenants(std::shared_ptr<QuotaLedger> ledger, std::string path, std::string text, Env& env = Env::Real(),
                  Clock& clock = Clock::Real(), Duration poll = std::chrono::seconds(1));

  // Reads the file at once. What is wrong with it.
  Status Reload() { return follower_.Look(); }

 private:
  FileFollower follower_;
};

}  // namespace pano::quota
