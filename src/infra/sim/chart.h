#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pano::sim {

// Lines in a plane with logarithmic axes, as SVG. A value.
struct Chart {
  struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  // above 0; others are left out
    bool dashed = false;
  };
  std::string title;
  std::string x_label;
  std::string y_label;
  std::string footer;  // says whether figures are simulated, derived or measured
  std::vector<Series> series;
};

// Text is escaped; a chart without points has axes alone.
std::string DrawSvg(const Chart& chart);

}  // namespace pano::sim
