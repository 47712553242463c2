#include "app/service/quotas.h"

#include "app/quota/open_state.h"

namespace pano::service {

Result<std::shared_ptr<const api::QuotaGate>> MakeQuotas(const std::string& tenants_file,
                                                         const std::string& state,
                                                         telemetry::Metrics& metrics) {
  auto gate = std::make_shared<api::QuotaGate>();
  PANO_ASSIGN_OR_RETURN(gate->ledger, quota::OpenLedger(tenants_file, state));
  if (!gate->ledger) return std::shared_ptr<const api::QuotaGate>();
  Counter& all = metrics.registry().GetCounter(
      {.name = "pano_quota_rejections_total", .help = "Requests that a quota refused."});
  gate->refused = [&metrics, &all](std::string_view model, std::string_view reason) {
    all.Add();
    if (!model.empty()) metrics.ForModel(model).rejections(reason).Add();
  };
  return std::shared_ptr<const api::QuotaGate>(std::move(gate));
}

}  // namespace pano::service
