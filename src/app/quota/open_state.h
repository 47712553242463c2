#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/quota/ledger.h"
#include "base/clock.h"
#include "base/result.h"

namespace pano::quota {

// A ledger for the tenants file at `tenants_path` ("": no limits for anybody; null), with its usage kept
// where `state` says: "" in memory, "redis://..." in Redis, else an SQLite file in that folder.
// Fails with what is wrong with the file, the address or the folder; Redis need not be there yet.
Result<std::shared_ptr<QuotaLedger>> OpenLedger(const std::string& tenants_path,
                                                const std::string& state,
                                                Clock& clock = Clock::Real());

}  // namespace pano::quota
