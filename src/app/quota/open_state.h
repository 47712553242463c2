#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/quota/followed_tenants.h"
#include "app/quota/ledger.h"
#include "base/clock.h"
#include "base/result.h"

namespace pano::quota {

// A ledger and the file that its limits come from. Both null: no limits for anybody.
struct OpenedLedger {
  std::shared_ptr<QuotaLedger> ledger;
  std::unique_ptr<FollowedTenants> tenants;
};

// A ledger for the tenants file at `tenants_path` ("": none), which is followed from now on, with its usage kept
// where `state` says: "" in memory, "redis://..." in Redis, else an SQLite file in that folder.
// Fails with what is wrong with the file, the address or the folder; Redis need not be there yet.
Result<OpenedLedger> OpenLedger(const std::string& tenants_path, const std::string& state,
                                Clock& clock = Clock::Real());

}  // namespace pano::quota
