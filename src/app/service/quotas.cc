#include "app/service/quotas.h"

#include "app/quota/open_state.h"

namespace pano::service {

Result<Quotas> MakeQuotas(const std::string& tenants_file, const std::string& state, telemetry::Metrics& metrics) {
  PANO_ASSIGN_OR_RETURN(quota::OpenedLedger opened, quota::OpenLedger(tenants_file, state));
  if (!opened.ledger) return Quotas();
  auto gate = std::make_shared<api::QuotaGate>();
  gate->ledger = std::move(opened.ledger);
  Counter& all = metrics.registry().GetCounter(
      {.name = "pano_quota_rejections_total", .help = "Requests that a quota refused."});
  gate->refused = [&metrics, &all](std::string_view model, std::string_view reason) {
    all.Add();
    if (!model.empty()) metrics.ForModel(model).rejections(reason).Add();
  };
  return Quotas{std::move(gate), std::move(opened.tenants)};
}

}  // namespace pano::service
