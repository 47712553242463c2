#include "model/train/run/events/curve_svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/strings.h"

namespace pano::train {
namespace {

constexpr double kWidth = 800, kHeight = 420, kLeft = 70, kRight = 20, kTop = 40, kBottom = 50;

std::string Number(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}
std::string Pixel(double value) { return Number("%.1f", value); }

std::string Escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void Settle() {
    if (!(low <= high)) low = 0, high = 1;
    if (low == high) low -= 0.5, high += 0.5;
  }
};

// About five round values within the range: 1, 2 or 5 times a power of ten apart.
std::vector<double> Ticks(const Range& range) {
  const double rough = (range.high - range.low) / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double apart = power * 10;
  for (double factor : {1.0, 2.0, 5.0}) {
    if (power * factor >= rough) {
      apart = power * factor;
      break;
    }
  }
  std::vector<double> ticks;
  constexpr size_t kTicksMax = 12;
  for (double tick = std::ceil(range.low / apart) * apart;
       tick <= range.high + apart * 1e-9 && ticks.size() < kTicksMax; tick += apart) {
    ticks.push_back(std::abs(tick) < apart * 1e-9 ? 0 : tick);
  }
  return ticks;
}

struct Frame {
  Range x, y;
  double X(double step) const {
    return kLeft + (step - x.low) / (x.high - x.low) * (kWidth - kLeft - kRight);
  }
  double Y(double value) const {
    return kHeight - kBottom - (value - y.low) / (y.high - y.low) * (kHeight - kTop - kBottom);
  }
};

std::string Axes(const Frame& frame) {
  std::string out;
  for (double tick : Ticks(frame.y)) {
    const std::string y = Pixel(frame.Y(tick));
    out += StrCat("<line x1=\"", Pixel(kLeft), "\" y1=\"", y, "\" x2=\"", Pixel(kWidth - kRight),
                  "\" y2=\"", y, "\" stroke=\"#ddd\"/>\n<text x=\"", Pixel(kLeft - 8), "\" y=\"",
                  y, "\" text-anchor=\"end\" dominant-baseline=\"middle\">",
                  Number("%.6g", tick), "</text>\n");
  }
  for (double tick : Ticks(frame.x)) {
    out += StrCat("<text x=\"", Pixel(frame.X(tick)), "\" y=\"", Pixel(kHeight - kBottom + 18),
                  "\" text-anchor=\"middle\">", Number("%.6g", tick), "</text>\n");
  }
  return StrCat(out, "<polyline fill=\"none\" stroke=\"#333\" points=\"", Pixel(kLeft), ",",
                Pixel(kTop), " ", Pixel(kLeft), ",", Pixel(kHeight - kBottom), " ",
                Pixel(kWidth - kRight), ",", Pixel(kHeight - kBottom), "\"/>\n<text x=\"",
                Pixel((kLeft + kWidth - kRight) / 2), "\" y=\"", Pixel(kHeight - 12),
                "\" text-anchor=\"middle\">step</text>\n");
}

std::string Line(const Frame& frame, const Curve& curve) {
  std::string points;
  for (const CurvePoint& p : curve.points) {
    points += StrCat(points.empty() ? "" : " ", Pixel(frame.X(p.step)), ",",
                     Pixel(frame.Y(p.value)));
  }
  if (curve.points.size() == 1) {
    return StrCat("<circle cx=\"", Pixel(frame.X(curve.points[0].step)), "\" cy=\"",
                  Pixel(frame.Y(curve.points[0].value)), "\" r=\"3\" fill=\"", curve.color,
                  "\"/>\n");
  }
  return StrCat("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"", curve.color,
                "\" points=\"", points, "\"/>\n");
}

}  // namespace

std::string CurveSvg(const std::string& title, const std::vector<Curve>& curves) {
  Frame frame;
  for (const Curve& curve : curves) {
    for (const CurvePoint& p : curve.points) {
      frame.x.Add(p.step);
      frame.y.Add(p.value);
    }
  }
  frame.x.Settle();
  frame.y.Settle();
  std::string out =
      StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", Pixel(kWidth), "\" height=\"",
             Pixel(kHeight), "\" viewBox=\"0 0 ", Pixel(kWidth), " ", Pixel(kHeight),
             "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
             "fill=\"white\"/>\n<text x=\"",
             Pixel(kLeft), "\" y=\"22\" font-size=\"15\">", Escape(title), "</text>\n",
             Axes(frame));
  double legend = kTop + 12;
  for (const Curve& curve : curves) {
    if (curve.points.empty()) continue;
    out += Line(frame, curve);
    out += StrCat("<text x=\"", Pixel(kWidth - kRight - 8), "\" y=\"", Pixel(legend),
                  "\" text-anchor=\"end\" fill=\"", curve.color, "\">", Escape(curve.name),
                  "</text>\n");
    legend += 16;
  }
  return out + "</svg>\n";
}

}  // namespace pano::train
