#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/serving/stats.h"

namespace pano::serving {

// What each tenant has in a service and has used of it. The number of tenants is bounded, since
// their names come from outside: when it is reached, the tenant without requests whose last one is
// longest ago is forgotten, its totals go to "(others)"; while all have requests, a newcomer's are
// counted as "(others)" too. Thread-compatible.
class TenantAccounts {
 public:
  static constexpr size_t kTenantsMax = 256;
  static constexpr const char* kOther = "(others)";

  // One tenant's account. Its address stays the same while requests of it are open.
  class Account {
   public:
    void Begin();  // one of its requests leaves the queue
    void AddTokens(const TokenCounts& tokens) { stats_.tokens += tokens; }
    const TenantStats& stats() const { return stats_; }

   private:
    friend class TenantAccounts;
    bool idle() const { return stats_.waiting_requests + stats_.running_requests == 0; }
    TenantStats stats_;
    uint64_t used_ = 0;  // when it last took a request: larger is later
  };

  explicit TenantAccounts(size_t tenants_max = kTenantsMax);
  TenantAccounts(const TenantAccounts&) = delete;  // accounts are pointed to
  TenantAccounts& operator=(const TenantAccounts&) = delete;

  // A request of the tenant comes in and waits.
  Account& Open(const std::string& tenant);
  // It is done; `begun`: it had left the queue.
  void Close(Account& account, bool begun);

  // How many requests are served before a new one of the tenant, at most, when tenants share: its own that
  // wait, and as many of each other tenant that has some waiting.
  int64_t WaitingBefore(const std::string& tenant) const;

  // By name; "(others)" last, once something was counted there.
  std::vector<TenantStats> List() const;

 private:
  Account& Find(const std::string& tenant);
  bool ForgetOldestIdle();

  const size_t tenants_max_;
  std::map<std::string, Account> accounts_;
  Account other_;
  uint64_t opened_ = 0;
};

}  // namespace pano::serving
