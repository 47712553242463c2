#pragma once

#include "app/api/context.h"

namespace pano::api::native {

// GET /livez: the process answers.
void Live(Context& context, CallPtr call);
// GET /readyz: there are models, none of their engines has stood still with work at hand, and the
// server is not draining; else 503 with the reasons.
void Ready(Context& context, CallPtr call);
// GET /health: the same in one word, under the name that load balancers and agents try first.
void Health(Context& context, CallPtr call);
// GET /.well-known/oauth-protected-resource: whose tokens are taken (RFC 9728).
void ProtectedResourceMetadata(Context& context, CallPtr call);
// GET /metrics: Prometheus' text format.
void MetricsText(Context& context, CallPtr call);
// GET /openapi.json.
void OpenApi(Context& context, CallPtr call);

}  // namespace pano::api::native
