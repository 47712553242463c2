#include "app/quota/open_state.h"

#include <utility>

#include "app/quota/redis_usage.h"
#include "app/quota/sqlite_journal.h"
#include "app/quota/tenants_file.h"

namespace pano::quota {

Result<std::shared_ptr<QuotaLedger>> OpenLedger(const std::string& tenants_path,
                                                const std::string& state, Clock& clock) {
  if (tenants_path.empty()) {
    if (state.empty()) return std::shared_ptr<QuotaLedger>();
    return InvalidArgument("there is a place for usage (--quota-state), but no --tenants file");
  }
  QuotaLedger::Options options;
  PANO_ASSIGN_OR_RETURN(options.policies, ReadTenantsFile(tenants_path));
  if (state.find("://") != std::string::npos) {
    PANO_ASSIGN_OR_RETURN(RedisAddress address, ParseRedisAddress(state));
    options.shared = std::make_unique<RedisUsage>(std::move(address), RedisUsage::Options(), clock);
  } else if (!state.empty()) {
    PANO_ASSIGN_OR_RETURN(options.journal, SqliteJournal::Open(state, clock));
  }
  return QuotaLedger::Create(std::move(options), clock);
}

}  // namespace pano::quota
