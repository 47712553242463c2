#pragma once

#include <memory>
#include <string>

#include "app/api/policy/quota_gate.h"
#include "app/quota/followed_tenants.h"
#include "app/telemetry/metrics.h"
#include "base/result.h"

namespace pano::service {

// The gate for a tenants file, and what follows the file.
struct Quotas {
  std::shared_ptr<const api::QuotaGate> gate;       // null: there is no file
  std::unique_ptr<quota::FollowedTenants> tenants;  // the same
};

// With usage kept at `state` (quota::OpenLedger). Counts refusals: pano_rejections_total{model,reason="quota"} of those whose model is known by
// then, pano_quota_rejections_total of all. `metrics` outlives it.
Result<Quotas> MakeQuotas(const std::string& tenants_file, const std::string& state, telemetry::Metrics& metrics);

}  // namespace pano::service
