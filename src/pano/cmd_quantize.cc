#include <cstdio>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/quant/quantize.h"
#include "pano/cli.h"
#include "pano/model_path.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

double BitsPerWeight(const quant::Report& report) {
  return 8.0 * static_cast<double>(report.matrix_bytes) / static_cast<double>(report.parameters);
}

}  // namespace

int RunQuantize(const Command& self, Args args) {
  std::string model, to, out;
  int64_t threads = 0;
  bool force = false, json = false;
  OptionSet options;
  options.String("model", &model, "Model folder, .gguf file or hf:ORG/NAME to read.", "PATH");
  options.String("to", &to, "Type of the matrices: q8_0 w8a8 q4_0 q4g q4_k.", "TYPE");
  options.String("out", &out, "Folder to write.", "DIR");
  options.Int("threads", &threads, 0, 1024, "Threads that quantise; 0 takes all cores.");
  options.Flag("force", &force, "Replace an existing model folder at --out.");
  options.Flag("json", &json, "Print what was written as JSON.");
  if (auto code = Parse(self, options, args)) return *code;
  if (model.empty() || to.empty() || out.empty()) {
    return FailUsage(self, "give --model, --to and --out");
  }
  const auto type = quant::TypeByName(to);
  if (!type.ok()) return FailUsage(self, StrCat("--to: ", type.error().message()));
  MappedFile::SurviveFaults();   // a model that is cut short ends the writing, which cleans up
  const Result<std::string> local = ResolveModel(model);
  if (!local.ok()) return Fail(self, local.error());
  ComputePool pool(static_cast<int>(threads));
  Result<quant::Report> report = [&] {
    Progress progress("quantize");
    return quant::Quantize({.model = *local,
                            .out = out,
                            .type = *type,
                            .overwrite = force,
                            .progress = [&](double share) { progress.Update(share); }},
                           pool);
  }();
  if (!report.ok()) {
    const bool stands = report.error().code() == StatusCode::kAlreadyExists;
    return Fail(self, report.error(), stands && !force ? "--force replaces it" : "");
  }
  if (json) {
    json::Array notes(report->notes.begin(), report->notes.end());
    const json::Value value = json::Object{{"out", out},
                                           {"type", to},
                                           {"matrices", static_cast<int64_t>(report->matrices)},
                                           {"parameters", report->parameters},
                                           {"bits_per_weight", BitsPerWeight(*report)},
                                           {"bytes", report->bytes},
                                           {"notes", std::move(notes)}};
    std::printf("%s\n", json::Dump(value).c_str());
    return 0;
  }
  for (const std::string& note : report->notes) std::printf("note: %s\n", note.c_str());
  std::printf("%s: %zu matrices as %s, %.3f bits a weight, %.1f MB in all\n", out.c_str(),
              report->matrices, to.c_str(), BitsPerWeight(*report),
              static_cast<double>(report->bytes) / 1e6);
  return 0;
}

}  // namespace pano::cli
