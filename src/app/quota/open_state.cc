#include "app/quota/open_state.h"

#include <utility>

#include "app/quota/redis_usage.h"
#include "app/quota/sqlite_journal.h"
#include "app/quota/tenants_file.h"

namespace pano::quota {

Result<OpenedLedger> OpenLedger(const std::string& tenants_path, const std::string& state, Clock& clock) {
  OpenedLedger opened;
  if (tenants_path.empty()) {
    if (state.empty()) return opened;
    return InvalidArgument("there is a place for usage (--quota-state), but no --tenants file");
  }
  QuotaLedger::Options options;
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(tenants_path, kTenantsFileBytesMax));
  PANO_ASSIGN_OR_RETURN(options.policies, ParseTenants(text, tenants_path));
  if (state.find("://") != std::string::npos) {
    PANO_ASSIGN_OR_RETURN(RedisAddress address, ParseRedisAddress(state));
    options.shared = std::make_unique<RedisUsage>(std::move(address), RedisUsage::Options(), clock);
  } else if (!state.empty()) {
    PANO_ASSIGN_OR_RETURN(options.journal, SqliteJournal::Open(state, clock));
  }
  opened.ledger = QuotaLedger::Create(std::move(options), clock);
  opened.tenants =
      std::make_unique<FollowedTenants>(opened.ledger, tenants_path, std::move(text), Env::Real(), clock);
  return opened;
}

}  // namespace pano::quota
