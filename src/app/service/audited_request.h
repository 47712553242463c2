#pragma once

#include "app/api/call.h"
#include "app/audit/audit_event.h"

namespace pano::service {

// Whether a request belongs into the audit log: one that was refused for who sent it, an act of administration, and where `all` every
// one of a caller that showed credentials.
bool IsAudited(const api::RequestRecord& record, bool all);

// The request as an event: who, which route and model, how it ended; no text of it.
audit::Event RequestEvent(const api::RequestRecord& record);
// An act of administration that is about to be done.
audit::Event AdministrationEvent(const api::RequestRecord& record);

}  // namespace pano::service
