#pragma once

#include <string>
#include <vector>

#include "model/train/run/events/curve_points.h"

namespace pano::train {

struct Curve {
  std::string name;   // "train", "held out"
  std::string color;  // of SVG, as "#1f77b4"
  std::vector<CurvePoint> points;
};

// A picture (SVG 1.1) of curves over steps, with axes, ticks and a legend.
std::string CurveSvg(const std::string& title, const std::vector<Curve>& curves);

}  // namespace pano::train
