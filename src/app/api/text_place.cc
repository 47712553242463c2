#include "app/api/text_place.h"

#include <string>

#include "base/strings.h"
#include "model/serving/reasons.h"

namespace pano::api {
namespace {

// What would be accepted, to go behind the message.
std::string_view HintFor(const Status& status) {
  if (status.reason() == serving::kContextLengthExceeded) {
    return "; \"truncate\": true cuts what is too long";
  }
  if (status.reason() == "no_tokenizer") return ", as 'input_ids'";
  return "";
}

}  // namespace

Status AtPlace(const TextPlace& place, const Status& status) {
  if (status.ok()) return {};
  return Status(status.code(), StrCat(place.where, ": ", status.message(), HintFor(status)))
      .WithReason(status.reason())
      .WithField(std::string(place.field));
}

}  // namespace pano::api
