// log: which versions data had, and which data made a model.

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "base/strings.h"
#include "data/version/git.h"
#include "data/version/index.h"
#include "data/version/lineage/model_lineage.h"
#include "data/version/pipeline/pipelines.h"
#include "pano/data/commands.h"
#include "pano/data/session.h"

namespace pano::data {
namespace {

constexpr size_t kCommitsMax = 10'000;

std::string TimeText(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return std::string(text, size);
}

void Row(const char* name, const std::string& value) {
  std::printf("%-10s %s\n", name, Printable(value, 500).c_str());
}

void PrintLineage(const ModelLineage& lineage) {
  Row("data", lineage.data_version);
  for (const LearntFile& file : lineage.data) {
    Row("", StrCat(file.path, ", ", file.bytes, " bytes, SHA-256 ", file.sha256));
    if (!file.version) {
      Row("", "  is no data of a repository");
      continue;
    }
    const DataReference& version = *file.version;
    Row("", StrCat("  version ", version.id, " of ", version.path,
                   version.file.empty() ? "" : StrCat(" (", version.file, ")"), ", ",
                   version.source, version.current ? "" : "; the file was changed since"));
    if (!version.commit.empty())
      Row("", StrCat("  commit ", version.commit,
                     version.committed ? "" : ", which does not have this version yet"));
  }
  Row("recipe", StrCat("SHA-256 ", lineage.recipe_sha256));
  for (const std::string_view line : Split(lineage.recipe, '\n')) {
    if (!line.empty()) std::printf("           %s\n", Printable(line, 500).c_str());
  }
  Row("base", lineage.base_model.empty() ? "random weights" : lineage.base_model);
  Row("seed", StrCat(lineage.seed));
  Row("build", StrCat(lineage.build_version, " ", lineage.build_commit));
  Row("started", TimeText(lineage.started));
}

int LogModel(const cli::Command& self, const std::string& model, bool as_json) {
  const auto lineage = ReadLineage(model);
  if (!lineage.ok()) return cli::Fail(self, lineage.error());
  if (as_json)
    std::fputs(LineageText(*lineage).c_str(), stdout);
  else
    PrintLineage(*lineage);
  return 0;
}

// A version that a commit gave to data. A value.
struct Entry {
  std::string commit, time, subject, path, id;
};

Result<std::vector<Entry>> History(const std::vector<std::string>& words) {
  PANO_ASSIGN_OR_RETURN(const Session session, Session::Open());
  const Repository& repository = *session.repository;
  if (repository.git_root().empty())
    return InvalidArgument("without git there are no versions but the one that is here");
  PANO_ASSIGN_OR_RETURN(const std::vector<Target> targets,
                        FindTargets(repository, session.index, words));
  PANO_ASSIGN_OR_RETURN(
      const std::string log,
      RunGit(repository.root(), {"log", StrCat("--max-count=", kCommitsMax),
                                 "--format=%H%x09%aI%x09%s", "--", "*.dvc", "*dvc.lock"}));
  std::vector<Entry> entries;
  std::vector<std::string> last(targets.size());
  const std::vector<std::string_view> lines = Split(log, '\n');
  for (size_t i = lines.size(); i-- > 0;) {  // the oldest first
    const std::vector<std::string_view> parts = Split(lines[i], '\t');
    if (parts.size() < 3) continue;
    PANO_ASSIGN_OR_RETURN(const auto files,
                          FileSource::OfRevision(repository, std::string(parts[0])));
    const auto index = Index::Collect(repository, *files, pipeline::StageOutputsOf);
    if (!index.ok()) continue;  // a commit that cannot be read has no versions
    for (size_t t = 0; t < targets.size(); ++t) {
      const Output* output = index->At(targets[t].output->path);
      const std::string id = output != nullptr && output->id ? output->id->ToString() : "";
      if (id == last[t]) continue;
      last[t] = id;
      entries.push_back({std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
                         targets[t].output->path, id});
    }
  }
  return entries;
}

}  // namespace

int RunLog(const cli::Command& self, cli::Args args) {
  std::string model;
  bool as_json = false;
  OptionSet set;
  set.String("model", &model,
             "Show which data, which recipe and which commit made the model in this folder.", "DIR")
      .Flag("json", &as_json, "Print JSON.");
  cli::Positionals words{"TARGET",
                         "Data whose versions are shown; without any, all that is tracked.",
                         0,
                         1'000'000,
                         {}};
  if (const auto code = cli::Parse(self, set, args, &words)) return *code;
  if (!model.empty()) {
    if (!words.values.empty())
      return cli::FailUsage(self, "--model and a target exclude each other");
    return LogModel(self, model, as_json);
  }
  const auto entries = History(words.values);
  if (!entries.ok()) return cli::Fail(self, entries.error());
  json::Array list;
  for (size_t i = entries->size(); i-- > 0;) {  // the newest first
    const Entry& entry = (*entries)[i];
    if (as_json) {
      json::Value value;
      value.Set("commit", entry.commit);
      value.Set("time", entry.time);
      value.Set("subject", entry.subject);
      value.Set("path", entry.path);
      value.Set("id", entry.id.empty() ? json::Value() : json::Value(entry.id));
      list.push_back(std::move(value));
    } else {
      std::printf("%s %s %s %s  %s\n", entry.commit.substr(0, 12).c_str(),
                  entry.time.substr(0, 10).c_str(),
                  entry.id.empty() ? "(removed)" : entry.id.c_str(),
                  Printable(entry.path, 200).c_str(), Printable(entry.subject, 200).c_str());
    }
  }
  if (as_json) std::printf("%s\n", json::Dump(json::Value(std::move(list))).c_str());
  return 0;
}

}  // namespace pano::data
