#include "pano/cmd_plan.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>

#include "base/env.h"
#include "pano/local_model.h"
#include "pano/model_path.h"
#include "pano/plan/explain.h"
#include "pano/plan/interview.h"
#include "pano/plan/make_plan.h"
#include "pano/plan/picture.h"

namespace pano::cli {
namespace {

std::optional<std::string> AskHere(const std::string& question) {
  std::printf("%s", question.c_str());
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

int Evaluate(const Command& self, const plan::PlanOptions& o, const std::string& path) {
  const Status status = plan::EvaluatePlans(o, path, [](const json::Value& row) { std::printf("%s\n", json::Dump(row).c_str()); });
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace

int RunPlan(const Command& self, Args args) {
  plan::PlanOptions o;
  std::string evaluate, plot;
  bool explain = false, as_json = false;
  OptionSet options;
  o.Declare(options);
  options.String("evaluate", &evaluate, "Predicts each plan of this file (a JSON object a line) and searches none. With --task train.", "FILE");
  options.Flag("explain", &explain, "Says how each figure came about, and what was assumed. `pano plan --explain guide` works out two rules of thumb.");
  options.String("plot", &plot, "Writes the picture of the memory as SVG, too.", "FILE");
  options.Flag("json", &as_json, "Prints the answer as JSON. The exit code is 0 whether it fits or not.");
  Positionals topics{"TOPIC", "guide: with --explain, the memory formula and two rules of thumb, worked out.", 0, 1, {}};
  if (auto code = Parse(self, options, args, &topics)) return *code;
  if (!topics.values.empty()) {
    if (topics.values[0] != "guide" || !explain) return FailUsage(self, "the only topic is guide, as in pano plan --explain guide");
    const auto guide = plan::ExplainGuide(o.hardware == "auto" || o.hardware == "cpu" ? "" : o.hardware);
    if (!guide.ok()) return Fail(self, guide.error());
    std::fputs(guide->c_str(), stdout);
    return 0;
  }
  if (args.empty() && ::isatty(STDIN_FILENO) != 0 && StdoutIsTerminal()) {
    const auto starter = FindStarterModel();
    auto asked = plan::Interview(AskHere, starter.ok() ? *starter : "7B");
    if (!asked.ok()) return Fail(self, asked.error());
    o = std::move(*asked);
    std::printf("\n");
  }
  if (o.model.empty()) return FailUsage(self, "--model is missing: a model folder, a config.json, or a shape as 7B");
  if (o.model.starts_with("hf:")) {
    const auto local = ResolveModel(o.model);
    if (!local.ok()) return Fail(self, local.error());
    o.model = *local;
  }
  if (!evaluate.empty()) return Evaluate(self, o, evaluate);
  const auto answer = plan::MakePlan(o);
  if (!answer.ok()) return Fail(self, answer.error());
  if (!plot.empty()) {
    if (const Status written = WriteFile(plot, plan::MemorySvg(answer->memory, answer->title)); !written.ok()) return Fail(self, written.Wrap(plot));
  }
  if (as_json) {
    json::DumpOptions pretty;
    pretty.indent = 2;
    std::printf("%s\n", json::Dump(answer->json, pretty).c_str());
    return 0;
  }
  std::fputs(plan::FormatAnswer(*answer, 96).c_str(), stdout);
  if (explain) std::fputs(plan::FormatExplanation(*answer).c_str(), stdout);
  return 0;
}

}  // namespace pano::cli
