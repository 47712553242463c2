#pragma once

#include <vector>

#include "app/api/batches/batch_server.h"
#include "app/api/dialect.h"
#include "app/api/document/document_order.h"
#include "app/api/oauth/oauth_server.h"

namespace pano::service {

// Every dialect that a server speaks: to add one, add its line.
std::vector<api::Dialect> AllDialects();
// The same with a built-in issuer, without which its routes answer as paths that are not there, and with files and
// batches, without which theirs say that there are none.
std::vector<api::Dialect> DialectsWith(api::oauth::OAuthServerPtr issuer, api::batches::BatchServerPtr batches);

// The order of /openapi.json, which is by subject: server, models, generation, text. A route or a
// schema that is not in it comes last.
api::DocumentOrder OpenApiOrder();

}  // namespace pano::service
