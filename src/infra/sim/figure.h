#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"

namespace pano::sim {

// A figure of a simulation, by the name that errors give it, and what it may be.
struct Figure {
  std::string_view name;
  double value = 0, least = 0, most = 0;
};

// InvalidArgument with the first that is not within its bounds, NaN among them; `unit` goes behind its value.
inline Status CheckFigures(std::span<const Figure> figures, std::string_view unit) {
  for (const Figure& figure : figures) {
    if (!(figure.value >= figure.least && figure.value <= figure.most)) {
      return InvalidArgument(StrCat("[sim] ", figure.name, " is ", figure.value, unit, ", not between ", figure.least, " and ", figure.most));
    }
  }
  return {};
}

}  // namespace pano::sim
