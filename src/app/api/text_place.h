#pragma once

#include <string_view>

#include "base/status.h"

namespace pano::api {

// Where a text or an instance stands in a request, for refusals. A value that lives for one call.
struct TextPlace {
  std::string_view field;  // "instances"
  std::string_view where;  // "instances[3]"
};

// What is wrong at that place, in the words of the request; an ok status stays ok.
Status AtPlace(const TextPlace& place, const Status& status);

}  // namespace pano::api
