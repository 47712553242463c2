#include <cstdio>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/merge/merge.h"
#include "pano/cli.h"
#include "pano/model_path.h"

namespace pano::cli {
namespace {

struct MergeOptions {
  std::string model, adapter, out;
  bool force = false, json = false;
};

json::Value ToJson(const adapter::MergeReport& report, const MergeOptions& o) {
  return json::Object{{"out", o.out},
                      {"architecture", report.architecture},
                      {"tensors", static_cast<int64_t>(report.tensors)},
                      {"merged", static_cast<int64_t>(report.merged)},
                      {"bytes", report.bytes},
                      {"untied", report.untied}};
}

void Print(const adapter::MergeReport& report, const MergeOptions& o) {
  if (report.untied) {
    std::printf("note: the head no longer shares the embedding's matrix (tie_word_embeddings)\n");
  }
  std::printf("%s: %zu of %zu tensors merged, %.1f MB\n", o.out.c_str(), report.merged,
              report.tensors, static_cast<double>(report.bytes) / 1e6);
}

}  // namespace

int RunMerge(const Command& self, Args args) {
  MergeOptions o;
  OptionSet options;
  options.String("model", &o.model, "Model folder, or hf:ORG/NAME, that the adapter was made for.",
                 "PATH");
  options.String("adapter", &o.adapter,
                 "Folder with adapter_config.json and adapter_model.safetensors, as PEFT and pano "
                 "train write it.",
                 "DIR");
  options.String("out", &o.out, "Folder to write the merged model to.", "DIR");
  options.Flag("force", &o.force, "Replace an existing model folder at --out.");
  options.Flag("json", &o.json, "Print what was written as JSON.");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.model.empty() || o.adapter.empty() || o.out.empty()) {
    return FailUsage(self, "give --model, --adapter and --out");
  }
  MappedFile::SurviveFaults();  // a model that is cut short ends the writing, which cleans up
  const Result<std::string> local = ResolveModel(o.model);
  if (!local.ok()) return Fail(self, local.error());
  ComputePool pool;
  const Result<adapter::MergeReport> report = adapter::Merge(
      {.model = *local, .adapter = o.adapter, .out = o.out, .overwrite = o.force}, pool);
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
