#include "model/serving/tenant_accounts.h"

#include <algorithm>

#include "base/check.h"

namespace pano::serving {

void TenantAccounts::Account::Begin() {
  --stats_.waiting_requests;
  ++stats_.running_requests;
}

TenantAccounts::TenantAccounts(size_t tenants_max) : tenants_max_(tenants_max) {
  other_.stats_.tenant = kOther;
}

TenantAccounts::Account& TenantAccounts::Open(const std::string& tenant) {
  Account& account = Find(tenant);
  account.used_ = ++opened_;
  ++account.stats_.requests;
  ++account.stats_.waiting_requests;
  return account;
}

void TenantAccounts::Close(Account& account, bool begun) {
  int64_t& open = begun ? account.stats_.running_requests : account.stats_.waiting_requests;
  PANO_CHECK(open > 0);
  --open;
}

int64_t TenantAccounts::WaitingBefore(const std::string& tenant) const {
  const auto own = accounts_.find(tenant);
  const int64_t mine = own == accounts_.end() ? 0 : own->second.stats_.waiting_requests;
  int64_t before = mine + std::min(mine + 1, other_.stats_.waiting_requests);
  for (auto it = accounts_.begin(); it != accounts_.end(); ++it) {
    if (it != own) before += std::min(mine + 1, it->second.stats_.waiting_requests);
  }
  return before;
}

TenantAccounts::Account& TenantAccounts::Find(const std::string& tenant) {
  if (auto it = accounts_.find(tenant); it != accounts_.end()) return it->second;
  if (accounts_.size() >= tenants_max_ && !ForgetOldestIdle()) return other_;
  Account& account = accounts_[tenant];
  account.stats_.tenant = tenant;
  return account;
}

bool TenantAccounts::ForgetOldestIdle() {
  auto oldest = accounts_.end();
  for (auto it = accounts_.begin(); it != accounts_.end(); ++it) {
    if (!it->second.idle()) continue;
    if (oldest == accounts_.end() || it->second.used_ < oldest->second.used_) oldest = it;
  }
  if (oldest == accounts_.end()) return false;
  other_.stats_.requests += oldest->second.stats_.requests;
  other_.stats_.tokens += oldest->second.stats_.tokens;
  accounts_.erase(oldest);
  return true;
}

std::vector<TenantStats> TenantAccounts::List() const {
  std::vector<TenantStats> list;
  for (const auto& [tenant, account] : accounts_) list.push_back(account.stats_);
  if (other_.stats_.requests > 0) list.push_back(other_.stats_);
  return list;
}

}  // namespace pano::serving
