#include "app/service/audited_request.h"

#include "base/strings.h"

namespace pano::service {
namespace {

bool IsRefusal(int status) { return status == 401 || status == 403; }

bool IsKnown(const auth::Principal* who) {
  return who && (!who->subject.empty() || !who->client_id.empty() || !who->key_id.empty());
}

}  // namespace

bool IsAudited(const api::RequestRecord& record, bool all) {
  return IsRefusal(record.status) || record.administers || (all && IsKnown(record.principal));
}

audit::Event RequestEvent(const api::RequestRecord& record) {
  const bool refused = IsRefusal(record.status);
  audit::Event event{.action = record.administers ? "administration" : "request",
                     .outcome = refused ? "denied" : record.status < 400 ? "ok" : "failed",
                     .target = std::string(record.model),
                     .peer = std::string(record.peer),
                     .request_id = std::string(record.id)};
  if (IsKnown(record.principal)) {
    const auth::Principal& who = *record.principal;
    event.actor = !who.subject.empty() ? who.subject : !who.client_id.empty() ? who.client_id : who.key_id;
    event.tenant = who.tenant;
    event.details = {{"client_id", who.client_id}, {"key_id", who.key_id}, {"issuer", who.issuer}};
  }
  event.details.emplace_back("method", std::string(record.method));
  event.details.emplace_back("route", std::string(record.route));
  if (record.status != 0) event.details.emplace_back("status", StrCat(record.status));
  return event;
}

audit::Event AdministrationEvent(const api::RequestRecord& record) {
  audit::Event event = RequestEvent(record);
  event.outcome = "started";
  return event;
}

}  // namespace pano::service
