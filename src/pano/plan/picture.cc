#include "pano/plan/picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/strings.h"

namespace pano::plan {
namespace {

struct Piece {
  const char* name;
  int64_t bytes;
  const char* colour;
};

std::vector<Piece> Pieces(const planner::Memory& m) {
  return {{"weights", m.weights, "#4269d0"},       {"kv", m.kv, "#efb118"},
          {"activations", m.activations, "#ff725c"}, {"workspace", m.workspace, "#6cc5b0"},
          {"optimizer", m.optimizer, "#3ca951"},   {"gradients", m.gradients, "#ff8ab7"},
          {"other", m.other, "#9c6b4e"}};
}

std::string Printed(const char* format, double a, double b = 0) {
  char text[96];
  std::snprintf(text, sizeof text, format, a, b);
  return text;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}

}  // namespace

std::string BothUnits(double bytes) {
  if (bytes < 1e9) return Printed("%.1f MB (%.1f MiB)", bytes / 1e6, bytes / (1 << 20));
  return Printed("%.2f GB (%.2f GiB)", bytes / 1e9, bytes / (1 << 30));
}

std::string MemoryBars(const planner::Memory& memory, int columns) {
  const auto scale = static_cast<double>(std::max<int64_t>({memory.capacity, memory.total(), 1}));
  const int width = std::clamp(columns - 52, 10, 60);
  std::string out;
  auto line = [&](const char* name, double bytes, char mark) {
    const int filled = static_cast<int>(std::lround(bytes / scale * width));
    char text[64];
    std::snprintf(text, sizeof text, "  %-12s", name);
    out += text;
    out += std::string(static_cast<size_t>(filled), mark) + std::string(static_cast<size_t>(std::max(0, width - filled)), '.');
    out += "  " + BothUnits(bytes) + "\n";
  };
  for (const Piece& piece : Pieces(memory)) {
    if (piece.bytes > 0) line(piece.name, static_cast<double>(piece.bytes), '#');
  }
  line("total", static_cast<double>(memory.total()), '=');
  line("capacity", static_cast<double>(memory.capacity), '-');
  return out;
}

std::string MemorySvg(const planner::Memory& memory, const std::string& title) {
  const auto scale = static_cast<double>(std::max<int64_t>({memory.capacity, memory.total(), 1}));
  constexpr double kWidth = 680, kLeft = 20;
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"280\" font-family=\"sans-serif\" font-size=\"13\">\n";
  out += "<rect width=\"720\" height=\"280\" fill=\"white\"/>\n<text x=\"20\" y=\"24\" font-size=\"15\">" + Escaped(title) + "</text>\n";
  double x = kLeft;
  int row = 0;
  for (const Piece& piece : Pieces(memory)) {
    if (piece.bytes <= 0) continue;
    const double width = static_cast<double>(piece.bytes) / scale * kWidth;
    out += StrCat("<rect x=\"", Printed("%.2f", x), "\" y=\"40\" width=\"", Printed("%.2f", width), "\" height=\"40\" fill=\"", piece.colour, "\"/>\n");
    out += StrCat("<rect x=\"20\" y=\"", 108 + 22 * row, "\" width=\"12\" height=\"12\" fill=\"", piece.colour, "\"/><text x=\"40\" y=\"",
                  119 + 22 * row, "\">", piece.name, ": ", BothUnits(static_cast<double>(piece.bytes)), "</text>\n");
    x += width;
    ++row;
  }
  const double capacity = kLeft + static_cast<double>(memory.capacity) / scale * kWidth;
  out += StrCat("<line x1=\"", Printed("%.2f", capacity), "\" y1=\"34\" x2=\"", Printed("%.2f", capacity),
                "\" y2=\"88\" stroke=\"black\" stroke-width=\"2\"/>\n<text x=\"360\" y=\"119\">total: ", BothUnits(static_cast<double>(memory.total())),
                "</text>\n<text x=\"360\" y=\"141\">capacity: ", BothUnits(static_cast<double>(memory.capacity)), memory.fits() ? "" : " - does not fit",
                "</text>\n</svg>\n");
  return out;
}

}  // namespace pano::plan
