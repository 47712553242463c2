#pragma once

#include <memory>
#include <string>

#include "app/api/policy/quota_gate.h"
#include "app/telemetry/metrics.h"
#include "base/result.h"

namespace pano::service {

// The gate for a tenants file, with usage kept at `state` (quota::OpenLedger); null where there is no
// file. Counts refusals: pano_rejections_total{model,reason="quota"} of those whose model is known by
// then, pano_quota_rejections_total of all. `metrics` outlives it.
Result<std::shared_ptr<const api::QuotaGate>> MakeQuotas(const std::string& tenants_file,
                                                         const std::string& state,
                                                         telemetry::Metrics& metrics);

}  // namespace pano::service
