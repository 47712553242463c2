#include "app/http/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace pano::http {
namespace {

constexpr size_t kOthers = 256;  // models, logs, stores, connections that are being refused

}  // namespace

Result<DescriptorPlan> PlanDescriptors(size_t wanted, size_t soft_limit, size_t hard_limit) {
  const size_t connections = wanted > 0 ? wanted : kConnectionsDefault;
  if (connections + kOthers <= hard_limit) {
    return DescriptorPlan{std::max(soft_limit, connections + kOthers), connections};
  }
  const size_t fit = hard_limit > kOthers ? hard_limit - kOthers : 1;
  if (wanted == 0) return DescriptorPlan{hard_limit, fit};
  return Status(StatusCode::kExhausted,
                StrCat("[http] ", connections, " connections need ", connections + kOthers,
                       " descriptors, and this process may have ", hard_limit,
                       ": raise its limit (ulimit -n, LimitNOFILE= of a service) or take ", fit,
                       " connections"));
}

Result<size_t> FitConnections(size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted > 0 ? wanted : kConnectionsDefault;
  PANO_ASSIGN_OR_RETURN(const DescriptorPlan plan,
                        PlanDescriptors(wanted, limit.rlim_cur, limit.rlim_max));
  if (plan.connections < kConnectionsDefault && wanted == 0) {
    LogWarning("[http] this process may have ", limit.rlim_max, " descriptors, so at most ",
               plan.connections, " connections are taken");
  }
  if (limit.rlim_cur >= plan.descriptors) return plan.connections;
  limit.rlim_cur = plan.descriptors;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    LogWarning("[http] the limit on descriptors cannot be raised to ", plan.descriptors);
  }
  return plan.connections;
}

}  // namespace pano::http
