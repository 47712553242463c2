#include "model/serving/reasons.h"

#include "base/strings.h"

namespace pano::serving {

Status ContextLengthExceeded(int64_t length_max, std::string_view given) {
  return InvalidArgument(StrCat("This model's maximum context length is ", length_max,
                                " tokens, and ", given))
      .WithReason(kContextLengthExceeded);
}

}  // namespace pano::serving
