#include "infra/sim/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::sim {
namespace {

constexpr double kWidth = 860, kHeight = 520, kLeft = 80, kRight = 210, kTop = 50, kBottom = 80;
constexpr std::array kColours = {"#1b6ca8", "#d1495b", "#2e8b57", "#edae49", "#6a4c93", "#00798c", "#8d5524", "#444444"};

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string Fixed(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return buffer;
}

// Whole decades around what there is.
struct Axis {
  double low = 0, high = 1;  // exponents of 10
  void Include(double value) {
    const double exponent = std::log10(value);
    if (empty) low = std::floor(exponent), high = std::ceil(exponent + 1e-9);
    low = std::min(low, std::floor(exponent));
    high = std::max(high, std::ceil(exponent));
    empty = false;
  }
  double At(double value, double from, double to) const {
    return from + (std::log10(value) - low) / std::max(1.0, high - low) * (to - from);
  }
  bool empty = true;
};

bool Drawable(const std::pair<double, double>& point) {
  return point.first > 0 && point.second > 0 && std::isfinite(point.first) && std::isfinite(point.second);
}

std::string Power(double exponent) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "1e%d", static_cast<int>(exponent));
  return buffer;
}

void AddText(std::string& out, double x, double y, std::string_view anchor, int size, std::string_view text, std::string_view more = "") {
  out += StrCat("<text x=\"", Fixed(x), "\" y=\"", Fixed(y), "\" text-anchor=\"", anchor, "\" font-size=\"", size, "\"", more, ">", Escaped(text), "</text>\n");
}

void AddLine(std::string& out, double x1, double y1, double x2, double y2, std::string_view style) {
  out += StrCat("<line x1=\"", Fixed(x1), "\" y1=\"", Fixed(y1), "\" x2=\"", Fixed(x2), "\" y2=\"", Fixed(y2), "\" ", style, "/>\n");
}

}  // namespace

std::string DrawSvg(const Chart& chart) {
  Axis x, y;
  for (const Chart::Series& series : chart.series) {
    for (const auto& point : series.points) {
      if (!Drawable(point)) continue;
      x.Include(point.first);
      y.Include(point.second);
    }
  }
  const double right = kWidth - kRight, bottom = kHeight - kBottom;
  std::string out = StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", kWidth, " ", kHeight, "\" font-family=\"sans-serif\">\n",
                           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  AddText(out, kLeft, 28, "start", 16, chart.title);
  for (double e = x.low; e <= x.high; ++e) {
    const double at = x.At(std::pow(10, e), kLeft, right);
    AddLine(out, at, kTop, at, bottom, "stroke=\"#dddddd\"");
    AddText(out, at, bottom + 18, "middle", 12, Power(e));
  }
  for (double e = y.low; e <= y.high; ++e) {
    const double at = y.At(std::pow(10, e), bottom, kTop);
    AddLine(out, kLeft, at, right, at, "stroke=\"#dddddd\"");
    AddText(out, kLeft - 8, at + 4, "end", 12, Power(e));
  }
  AddText(out, (kLeft + right) / 2, bottom + 40, "middle", 13, chart.x_label);
  AddText(out, 20, (kTop + bottom) / 2, "middle", 13, chart.y_label, StrCat(" transform=\"rotate(-90 20 ", Fixed((kTop + bottom) / 2), ")\""));
  AddText(out, kLeft, kHeight - 14, "start", 11, chart.footer);
  size_t index = 0;
  for (const Chart::Series& series : chart.series) {
    const std::string colour = kColours[index % kColours.size()];
    const std::string style = StrCat("stroke=\"", colour, "\" stroke-width=\"2\"", series.dashed ? " stroke-dasharray=\"6 4\"" : "");
    std::string points;
    for (const auto& point : series.points) {
      if (!Drawable(point)) continue;
      points += StrCat(points.empty() ? "" : " ", Fixed(x.At(point.first, kLeft, right)), ",", Fixed(y.At(point.second, bottom, kTop)));
    }
    out += StrCat("<polyline fill=\"none\" ", style, " points=\"", points, "\"/>\n");
    const double at = kTop + 8 + 20 * static_cast<double>(index);
    AddLine(out, right + 14, at, right + 40, at, style);
    AddText(out, right + 46, at + 4, "start", 12, series.name);
    ++index;
  }
  return out + "</svg>\n";
}

}  // namespace pano::sim
