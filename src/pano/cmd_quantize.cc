#include <cstdio>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/convert/output.h"
#include "model/quant/quantize.h"
#include "pano/cli.h"
#include "pano/model_path.h"
#include "pano/progress.h"
#include "pano/quantize_auto.h"
#include "pano/type_choice/report.h"

namespace pano::cli {
namespace {

double BitsPerWeight(const quant::Report& report) {
  return 8.0 * static_cast<double>(report.matrix_bytes) / static_cast<double>(report.parameters);
}

struct QuantizeOptions {
  std::string model, to, out;
  int64_t threads = 0;
  bool force = false, json = false;
  AutoTypeOptions automatic;

  void Declare(OptionSet& options) {
    options.String("model", &model, "Model folder, .gguf file or hf:ORG/NAME to read.", "PATH");
    options.String("to", &to,
                   "Type of the matrices: q8_0 w8a8 q4_0 q4g q4_k, or auto: the one that is fastest "
                   "on this machine within an error bound, measured.",
                   "TYPE");
    options.String("out", &out, "Folder to write.", "DIR");
    options.Int("threads", &threads, 0, 1024, "Threads that quantise; 0 takes all cores.");
    options.Flag("force", &force, "Replace an existing model folder at --out.");
    options.Flag("json", &json, "Print what was written as JSON.");
    automatic.Declare(options);
  }

  // What is wrong with the options together; "" when nothing is.
  std::string Contradiction() const {
    if (model.empty() || to.empty() || out.empty()) return "give --model, --to and --out";
    if (to != "auto") {
      if (automatic.any()) return "a bound, work, --text and --candidates go with --to auto";
      const auto type = quant::TypeByName(to);
      return type.ok() ? "" : StrCat("--to: ", type.error().message(), ", auto");
    }
    const auto types = automatic.Types();
    return types.ok() ? "" : types.error().message();
  }
};

Result<quant::Report> Write(const QuantizeOptions& o, const std::string& model,
                            const std::string& type, ComputePool& pool) {
  Progress progress("quantize");
  PANO_ASSIGN_OR_RETURN(const tensor::DType dtype, quant::TypeByName(type));
  return quant::Quantize({.model = model,
                          .out = o.out,
                          .type = dtype,
                          .overwrite = o.force,
                          .progress = [&](double share) { progress.Update(share); }},
                         pool);
}

json::Value ToJson(const QuantizeOptions& o, const std::string& type,
                   const quant::Report& report) {
  json::Array notes(report.notes.begin(), report.notes.end());
  return json::Object{{"out", o.out},
                      {"type", type},
                      {"matrices", static_cast<int64_t>(report.matrices)},
                      {"parameters", report.parameters},
                      {"bits_per_weight", BitsPerWeight(report)},
                      {"bytes", report.bytes},
                      {"notes", std::move(notes)}};
}

// `choice`: null where the type was named.
void Print(const QuantizeOptions& o, const std::string& type, const quant::Report& report,
           const AutoType* choice) {
  if (o.json) {
    json::Value value = ToJson(o, type, report);
    if (choice != nullptr) value.Set("auto", choice->report);
    std::printf("%s\n", json::Dump(value).c_str());
    return;
  }
  if (choice != nullptr) std::fputs(type_choice::FormatTable(choice->report).c_str(), stdout);
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
  std::printf("%s: %zu matrices as %s, %.3f bits a weight, %.1f MB in all\n", o.out.c_str(),
              report.matrices, type.c_str(), BitsPerWeight(report),
              static_cast<double>(report.bytes) / 1e6);
}

int FailWith(const Command& self, const QuantizeOptions& o, const Status& status) {
  const bool stands = status.code() == StatusCode::kAlreadyExists;
  return Fail(self, status, stands && !o.force ? "--force replaces it" : "");
}

int RunAuto(const Command& self, const QuantizeOptions& o, const std::string& model,
            ComputePool& pool) {
  // Before minutes are spent on measuring.
  if (Status status = convert::FolderWriter::Check(o.out, o.force); !status.ok()) {
    return FailWith(self, o, status);
  }
  const Result<ScratchFolder> scratch = ScratchFolder::Beside(o.out);
  if (!scratch.ok()) return Fail(self, scratch.error());
  const Result<AutoType> choice = ChooseAutoType(model, scratch->path(), o.automatic, pool);
  if (!choice.ok()) return Fail(self, choice.error());
  if (!choice->type) {
    if (o.json) {
      std::printf("%s\n", json::Dump(json::Object{{"auto", choice->report}}).c_str());
    } else {
      std::fputs(type_choice::FormatTable(choice->report).c_str(), stdout);
    }
    return Fail(self, InvalidArgument(choice->why_nothing),
                "raise --max-kl, or keep the model as it is: nothing was written");
  }
  const Result<quant::Report> report = Write(o, choice->model, *choice->type, pool);
  if (!report.ok()) return FailWith(self, o, report.error());
  Print(o, *choice->type, *report, &*choice);
  return 0;
}

}  // namespace

int RunQuantize(const Command& self, Args args) {
  QuantizeOptions o;
  OptionSet options;
  o.Declare(options);
  if (auto code = Parse(self, options, args)) return *code;
  if (std::string wrong = o.Contradiction(); !wrong.empty()) return FailUsage(self, wrong);
  MappedFile::SurviveFaults();   // a model that is cut short ends the writing, which cleans up
  const Result<std::string> local = ResolveModel(o.model);
  if (!local.ok()) return Fail(self, local.error());
  ComputePool pool(static_cast<int>(o.threads));
  if (o.to == "auto") return RunAuto(self, o, *local, pool);
  const Result<quant::Report> report = Write(o, *local, o.to, pool);
  if (!report.ok()) return FailWith(self, o, report.error());
  Print(o, o.to, *report, nullptr);
  return 0;
}

}  // namespace pano::cli
