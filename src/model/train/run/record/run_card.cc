#include "model/train/run/record/run_card.h"

#include <cstdio>

#include "base/strings.h"

namespace pano::train {
namespace {

// A text in a line of Markdown or YAML: no line breaks, no control characters.
std::string Inline(std::string_view text) { return Printable(text, 300); }

std::string Figure(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.4f", value);
  return buffer;
}

// A text of several lines between fences that it cannot end.
std::string Fenced(const std::string& language, const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  return StrCat(fence, language, "\n", text, text.ends_with('\n') ? "" : "\n", fence, "\n");
}

std::string Header(const RunCard& card) {
  std::string out = "---\n";
  if (!card.base_model.empty()) {
    std::string quoted;
    json::AppendQuoted(quoted, Inline(card.base_model));  // JSON's quotes are YAML's
    out += StrCat("base_model: ", quoted, "\n");
  }
  if (card.adapter) out += "library_name: peft\n";
  return StrCat(out, "tags:\n- pano\n- ", Inline(card.task), "\n---\n\n");
}

}  // namespace

std::string RunCardMarkdown(const RunCard& card) {
  std::string out = Header(card);
  out += StrCat("# ", Inline(card.name.empty() ? "model" : card.name), "\n\n");
  out += card.adapter ? "A low-rank adapter" : "A model";
  out += StrCat(" trained by `pano train` for the task `", Inline(card.task), "`");
  out += card.base_model.empty() ? std::string(" from random weights.\n\n")
                                 : StrCat(" from `", Inline(card.base_model), "`.\n\n");
  out += "## Training\n\n| | |\n|---|---|\n";
  auto row = [&](const std::string& name, const std::string& value) {
    out += StrCat("| ", name, " | ", value, " |\n");
  };
  row("trained parameters", StrCat(card.parameters));
  row("steps", StrCat(card.steps));
  row("tokens", StrCat(card.tokens));
  if (card.train_loss) row("loss of the last step", Figure(*card.train_loss));
  if (card.held_out_loss) {
    row("best held-out loss", StrCat(Figure(*card.held_out_loss), " at step ", card.best_step));
  }
  for (const auto& [name, value] : card.figures) row(Inline(name), Figure(value));
  row("seed", StrCat(card.record.seed));
  row("processes", StrCat(card.record.members));
  row("build", StrCat(Inline(card.record.version), " ", Inline(card.record.commit)));
  out += StrCat("\n## Data\n\nVersion `", DataVersion(card.record.data),
                "` (SHA-256 over those of the files).\n\n| file | bytes | SHA-256 |\n|---|---|---|\n");
  for (const DataFile& file : card.record.data) {
    out += StrCat("| ", Inline(file.path), " | ", file.bytes, " | `", file.sha256, "` |\n");
  }
  for (const DataFile& file : card.record.data) {
    if (!file.version) continue;
    out += StrCat("\n`", Inline(file.path), "` is of the data version `", file.version->id, "` of `", Inline(file.version->path), "`",
                  file.version->current ? "" : ", changed since",
                  file.version->committed ? StrCat(", in commit `", file.version->commit, "`") : std::string(), ".\n");
  }
  out += "\n## Recipe\n\nThe same recipe, data, seed and build give the same model, bit for bit, on "
         "a machine with the same instruction set.\n\n";
  return out + Fenced("yaml", card.record.recipe);
}

}  // namespace pano::train
