#include "app/quota/followed_tenants.h"

#include <utility>

#include "app/quota/tenants_file.h"
#include "base/log.h"
#include "base/strings.h"

namespace pano::quota {

FollowedTenants::FollowedTenants(std::shared_ptr<QuotaLedger> ledger, std::string path, std::string text, Env& env,
                                 Clock& clock, Duration poll)
    : follower_({.path = path, .bytes_max = kTenantsFileBytesMax, .log_name = "[quota] ", .poll = poll}, std::move(text),
                [ledger = std::move(ledger), path](const std::string& changed) -> Status {
                  PANO_ASSIGN_OR_RETURN(TenantPolicies policies, ParseTenants(changed, path));
                  LogInfo("[quota] ", Printable(path, 400), ": ", policies.tenants.size(), " tenants by name");
                  ledger->SetPolicies(std::move(policies));
                  return {};
                },
                env, clock) {}

}  // namespace pano::quota
