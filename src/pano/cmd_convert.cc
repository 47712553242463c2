#include <cctype>
#include <cstdio>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "model/convert/convert.h"
#include "pano/cli.h"
#include "pano/model_path.h"

namespace pano::cli {
namespace {

struct ConvertOptions {
  std::string model, to, type, out;
  bool force = false, json = false;
};

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

json::Value ToJson(const convert::Report& report, const ConvertOptions& o) {
  json::Value types = json::Object{};
  for (const auto& [type, count] : report.types) types.Set(type, static_cast<int64_t>(count));
  json::Array notes(report.notes.begin(), report.notes.end());
  return json::Object{{"out", o.out},
                      {"to", o.to},
                      {"architecture", report.architecture},
                      {"tensors", static_cast<int64_t>(report.tensors)},
                      {"types", std::move(types)},
                      {"bytes", report.bytes},
                      {"notes", std::move(notes)}};
}

void Print(const convert::Report& report, const ConvertOptions& o) {
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
  std::string types;
  for (const auto& [type, count] : report.types) {
    types += StrCat(types.empty() ? "" : ", ", count, " ", type);
  }
  std::printf("%s: %zu tensors (%s), %.1f MB\n", o.out.c_str(), report.tensors, types.c_str(),
              static_cast<double>(report.bytes) / 1e6);
}

}  // namespace

int RunConvert(const Command& self, Args args) {
  ConvertOptions o;
  OptionSet options;
  options.String("model", &o.model, "Model folder, .gguf file or hf:ORG/NAME to read.", "PATH");
  options.Choice("to", &o.to, {"hf", "gguf"},
                 "Write a Hugging Face folder (hf) or a GGUF file (gguf).");
  options.String(
      "type", &o.type,
      "Type of the matrices: f32 f16 bf16, for gguf also q8_0 q5_1 q5_0 q4_1 q4_0 q4_k "
      "mxfp4 tq1_0 tq2_0. Without it they keep theirs; block types become f16 in a folder.",
      "TYPE");
  options.String("out", &o.out, "Folder or file to write.", "PATH");
  options.Flag("force", &o.force, "Replace an existing file, or model folder, at --out.");
  options.Flag("json", &o.json, "Print what was written as JSON.");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.model.empty() || o.to.empty() || o.out.empty()) {
    return FailUsage(self, "give --model, --to and --out");
  }
  MappedFile::SurviveFaults();   // a model that is cut short ends the writing, which cleans up
  const Result<std::string> local = ResolveModel(o.model);
  if (!local.ok()) return Fail(self, local.error());
  convert::Request request{
      .model = *local,
      .out = o.out,
      .to = o.to == "gguf" ? convert::Form::kGguf : convert::Form::kHuggingFace,
      .overwrite = o.force};
  if (!o.type.empty()) {
    request.type = tensor::DTypeByName(Upper(o.type));
    if (!request.type) return FailUsage(self, StrCat("--type: no type '", Printable(o.type), "'"));
  }
  const Result<convert::Report> report = convert::Convert(request);
  if (!report.ok()) {
    const bool stands = report.error().code() == StatusCode::kAlreadyExists;
    return Fail(self, report.error(), stands && !o.force ? "--force replaces it" : "");
  }
  if (o.json) {
    std::printf("%s\n", json::Dump(ToJson(*report, o)).c_str());
  } else {
    Print(*report, o);
  }
  return 0;
}

}  // namespace pano::cli
