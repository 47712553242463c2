#include "model/train/run/events/curve_writer.h"

#include <optional>
#include <span>

#include "base/strings.h"
#include "model/train/run/events/curve_svg.h"

namespace pano::train {
namespace {

constexpr std::string_view kHead = "event,step,loss,grad_norm,lr,items,tokens,tok_s";
constexpr size_t kCsvBytesMax = size_t{1} << 30;

std::string Line(const StepEvent& e) {
  return StrCat("step,", e.step, ",", e.loss, ",", e.grad_norm, ",", e.lr, ",", e.items, ",",
                e.tokens, ",", e.tok_s, "\n");
}
std::string Line(const EvalEvent& e) { return StrCat("eval,", e.step, ",", e.loss, ",,,,,\n"); }

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

struct Row {
  bool eval = false;
  int64_t step = 0;
  double loss = 0;
};

// Nothing for a line that is none of ours.
std::optional<Row> ParseRow(std::string_view line) {
  const std::vector<std::string_view> cells = Split(line, ',');
  if (cells.size() != 8 || (cells[0] != "step" && cells[0] != "eval")) return std::nullopt;
  const std::optional<int64_t> step = ParseInt(cells[1]);
  const std::optional<double> loss = ParseDouble(cells[2]);
  if (!step || !loss) return std::nullopt;
  return Row{cells[0] == "eval", *step, *loss};
}

}  // namespace

Result<std::unique_ptr<CurveWriter>> CurveWriter::Create(std::string folder, int64_t step,
                                                         Env& env) {
  std::unique_ptr<CurveWriter> writer(new CurveWriter(std::move(folder), env));
  const std::string path = JoinPath(writer->folder_, "curves.csv");
  MutexLock lock(writer->mu_);
  PANO_RETURN_IF_ERROR(writer->Restore(step).Wrap(path));
  PANO_ASSIGN_OR_RETURN(writer->csv_, env.Open(path, Env::OpenMode::kAppend).Wrap(path));
  return writer;
}

Status CurveWriter::Restore(int64_t step) {
  const std::string path = JoinPath(folder_, "curves.csv");
  std::string kept = StrCat(kHead, "\n");
  if (step > 0 && env_.Stat(path).ok()) {
    PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kCsvBytesMax, env_));
    std::string_view rest = text;
    for (size_t end; (end = rest.find('\n')) != std::string_view::npos;
         rest.remove_prefix(end + 1)) {
      const std::string_view line = rest.substr(0, end);
      const std::optional<Row> row = ParseRow(line);
      if (!row || row->step > step) continue;
      (row->eval ? held_out_ : train_).Add(row->step, row->loss);
      kept += StrCat(line, "\n");
    }
  }
  return WriteFile(path, kept, env_);
}

Status CurveWriter::Draw() {
  return WriteFile(JoinPath(folder_, "curves.svg"),
                   CurveSvg("loss", {{"train", "#1f77b4", train_.Points()},
                                     {"held out", "#d62728", held_out_.Points()}}),
                   env_)
      .Wrap(folder_);
}

Status CurveWriter::Write(const Event& event) {
  MutexLock lock(mu_);
  const std::string path = JoinPath(folder_, "curves.csv");
  if (const auto* step = std::get_if<StepEvent>(&event)) {
    train_.Add(step->step, step->loss);
    return csv_->WriteAll(BytesOf(Line(*step))).Wrap(path);
  }
  if (const auto* eval = std::get_if<EvalEvent>(&event)) {
    held_out_.Add(eval->step, eval->loss);
    PANO_RETURN_IF_ERROR(csv_->WriteAll(BytesOf(Line(*eval))).Wrap(path));
    return Draw();
  }
  if (std::holds_alternative<NoteEvent>(event)) return {};
  return Draw();
}

}  // namespace pano::train
