#include "model/train/run/events/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace pano::train {
namespace {

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, values...);
  return buffer;
}

// "812", "12.3k", "4.56M".
std::string Short(double value) {
  if (value >= 1e6) return Format("%.2fM", value / 1e6);
  if (value >= 1e4) return Format("%.1fk", value / 1e3);
  return Format("%.0f", value);
}

std::string Bar(double fraction, int cells) {
  const int full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * cells));
  return StrCat("[", std::string(static_cast<size_t>(full), '#'),
                std::string(static_cast<size_t>(cells - full), '.'), "]");
}

std::string EvalText(const EvalEvent& e) {
  std::string text = StrCat("step ", e.step, ": held out loss ", Format("%.4f", e.loss));
  for (const auto& [name, value] : e.more) text += StrCat("  ", name, " ", Format("%.4f", value));
  return e.best ? text + "  (best)" : text;
}

std::string CheckpointText(const CheckpointEvent& e) {
  if (!e.status.ok()) {
    return StrCat("step ", e.step, ": no checkpoint: ", e.status.message(),
                  "; training goes on, earlier checkpoints stand");
  }
  return StrCat("step ", e.step, ": ", e.path, ", ", Format("%.1f", static_cast<double>(e.bytes) / 1e6), " MB in ",
                Format("%.1f", e.seconds), " s");
}

std::string DoneText(const DoneEvent& e) {
  std::string text = StrCat("done at step ", e.step, " (", e.reason, ") after ",
                            TimeText(e.seconds));
  if (e.best_step >= 0) {
    text += StrCat(", best at step ", e.best_step, ": ", Format("%.4f", e.best_loss));
  }
  return e.output.empty() ? text : StrCat(text, "; ", e.output);
}

}  // namespace

std::string TimeText(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "?";
  const auto total = static_cast<long>(std::lround(seconds));
  if (total >= 3600) {
    return Format("%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
  }
  return Format("%ld:%02ld", total / 60, total % 60);
}

ProgressBar::ProgressBar(Options options)
    : options_(std::move(options)), start_(options_.clock->Now()), shown_(start_) {}

std::string ProgressBar::StepText(const StepEvent& step) const {
  const double elapsed = Seconds(options_.clock->Now() - start_);
  const auto done = static_cast<double>(step.step - options_.first_step);
  const double left = done > 0 && options_.total_steps > 0
                          ? elapsed / done * static_cast<double>(options_.total_steps - step.step)
                          : -1;
  const double tok_s = elapsed > 0 ? static_cast<double>(tokens_) / elapsed : 0;
  return StrCat("step ", step.step, "/", options_.total_steps, "  loss ",
                Format("%.4f", step.loss), "  lr ", Format("%.2e", step.lr), "  ", Short(tok_s),
                " tok/s  ", TimeText(left), " left");
}

Status ProgressBar::Show(const StepEvent& step) {
  tokens_ += step.tokens;
  const TimePoint now = options_.clock->Now();
  const double between = options_.terminal ? options_.seconds_between / 20
                                           : options_.seconds_between;
  const bool last = step.step == options_.total_steps;
  if (anything_shown_ && !last && Seconds(now - shown_) < between) return {};
  anything_shown_ = true;
  shown_ = now;
  const std::string text = StepText(step);
  if (!options_.terminal) return options_.output(text + "\n");
  std::string line = text;
  const int cells = std::min(24, options_.columns - static_cast<int>(text.size()) - 5);
  if (cells >= 6 && options_.total_steps > 0) {
    line = StrCat(Bar(static_cast<double>(step.step) / static_cast<double>(options_.total_steps),
                      cells),
                  " ", text);
  }
  line.resize(std::min(line.size(), static_cast<size_t>(std::max(1, options_.columns - 1))));
  open_line_ = true;
  return options_.output(StrCat("\r", line, "\x1b[K"));  // ECMA-48: erase to the end of the line
}

Status ProgressBar::Line(const std::string& text) {
  const std::string begin = open_line_ ? "\r\x1b[K" : "";
  open_line_ = false;
  anything_shown_ = false;  // the next step is drawn at once
  return options_.output(StrCat(begin, text, "\n"));
}

Status ProgressBar::Write(const Event& event) {
  MutexLock lock(mu_);
  if (const auto* step = std::get_if<StepEvent>(&event)) return Show(*step);
  if (const auto* eval = std::get_if<EvalEvent>(&event)) return Line(EvalText(*eval));
  if (const auto* saved = std::get_if<CheckpointEvent>(&event)) return Line(CheckpointText(*saved));
  if (const auto* done = std::get_if<DoneEvent>(&event)) return Line(DoneText(*done));
  return Line(std::get<NoteEvent>(event).text);
}

}  // namespace pano::train
