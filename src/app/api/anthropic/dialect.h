#pragma once

#include "app/api/dialect.h"

namespace pano::api::anthropic {

// Anthropic's protocol: messages, the count of their tokens, the list of models.
Dialect MakeDialect();

}  // namespace pano::api::anthropic
