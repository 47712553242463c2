#include "model/train/run/record/non_finite.h"

#include <cmath>
#include <cstring>

#include "base/strings.h"

namespace pano::train {

NonFiniteCount CountNonFinite(std::span<const float> values) {
  NonFiniteCount count;
  count.of = static_cast<int64_t>(values.size());
  for (float value : values) {
    // By the bits: what options for fast arithmetic leave of isnan is up to the compiler.
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7F800000U) != 0x7F800000U) continue;
    ++((bits & 0x007FFFFFU) != 0 ? count.nan : count.infinite);
  }
  return count;
}

std::optional<int64_t> LayerOfName(std::string_view name) {
  for (std::string_view part : Split(name, '.')) {
    const std::optional<int64_t> number = ParseInt(part);
    if (number && *number >= 0) return number;
  }
  return std::nullopt;
}

Status NonFiniteLoss(const NonFiniteReport& report) {
  std::string text = StrCat("step ", report.step, ": the loss is ",
                            std::isnan(report.loss)   ? "NaN"
                            : std::isinf(report.loss) ? "infinite"
                                                      : "not usable");
  if (!report.place.empty()) {
    const std::optional<int64_t> layer = LayerOfName(report.place);
    text += StrCat("; first in ", layer ? StrCat("layer ", *layer, ", ") : std::string(),
                   report.kind, " of ", report.place, " (", report.count.nan, " NaN and ",
                   report.count.infinite, " infinite of ", report.count.of, " values)");
  } else {
    text += "; no layer's weights or gradients show it, only the loss";
  }
  text += report.last_checkpoint >= 0
              ? StrCat("; the checkpoint of step ", report.last_checkpoint, " stands")
              : std::string("; there is no checkpoint yet");
  text += "; a lower optimizer.lr, a longer warm-up or optimizer.clip may help";
  return InvalidArgument(std::move(text)).WithReason("non_finite_loss");
}

}  // namespace pano::train
