#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "base/threads.h"
#include "data/version/dvc_file.h"
#include "data/version/git_ignore.h"
#include "data/version/pipeline/repro.h"
#include "pano/command_line/interrupt.h"
#include "pano/data/commands.h"
#include "pano/data/session.h"

namespace pano::data {
namespace {

json::Value Names(const std::vector<std::string>& names) {
  return json::Value(json::Array(names.begin(), names.end()));
}

std::vector<Output> OfDvcFiles(const Index& index) {
  std::vector<Output> outputs;
  for (const Output& output : index.outputs) {
    if (output.stage.empty()) outputs.push_back(output);
  }
  return outputs;
}

Result<pipeline::ReproReport> Repro(pipeline::ReproOptions& options) {
  PANO_ASSIGN_OR_RETURN(Session session, Session::Open());
  const Repository& repository = *session.repository;
  const auto files = FileSource::OfWorkspace(repository);
  PANO_ASSIGN_OR_RETURN(pipeline::Pipelines pipelines,
                        pipeline::Pipelines::Load(repository, *files));
  const std::vector<Output> outputs = OfDvcFiles(session.index);
  options.here = repository.Here();
  options.keep_from_git = [&repository](const std::string& path) {
    return AddToGitIgnore(repository, path);
  };
  options.save_output = [&repository](const Output& output) -> Status {
    PANO_ASSIGN_OR_RETURN(DvcFile file, DvcFile::Load(repository, output.source));
    for (size_t i = 0; i < file.outputs().size(); ++i) {
      if (file.outputs()[i].path == output.path) PANO_RETURN_IF_ERROR(file.Update(i, output));
    }
    return file.Save(repository);
  };
  // Commands may call `pano data` and `dvc` themselves.
  options.unlock = [&session] { session.lock.reset(); };
  options.lock = [&session]() -> Status {
    PANO_ASSIGN_OR_RETURN(session.lock,
                          RepositoryLock::Take(*session.repository, /*wait_seconds=*/60));
    return {};
  };
  auto report = pipeline::Reproduce(repository, *session.workspace, pipelines, outputs, options);
  session.workspace->Close();
  return report;
}

}  // namespace

int RunRepro(const cli::Command& self, cli::Args args) {
  pipeline::ReproOptions options;
  bool as_json = false;
  int64_t parallel = 1;
  OptionSet set;
  set.Flag("force", &options.force, "Run also what did not change.")
      .Flag("single-item", &options.single, "Run the targets alone, not what they need.")
      .Flag("downstream", &options.downstream, "Run the targets and what needs them.")
      .Flag("dry", &options.dry, "Only say what would run.")
      .Flag("no-commit", &options.no_commit, "Write dvc.lock, but store nothing in the cache.")
      .Flag("no-run-cache", &options.no_run_cache, "Run also what ran before with the same inputs.")
      .Flag("keep-going", &options.keep_going,
            "Go on with stages that do not need one that failed.")
      .Int("parallel", &parallel, 0, 1024,
           "How many stages may run at once; 0 takes one for each core.")
      .Flag("json", &as_json,
            "Print what was done as JSON; what commands print goes to standard error.");
  cli::Positionals words{
      "TARGET",
      "Stages, groups of a loop, dvc.yaml files or outputs; without any, the dvc.yaml here.",
      0,
      SIZE_MAX,
      {}};
  if (const auto code = cli::Parse(self, set, args, &words)) return *code;
  const cli::StopOnSignal stop;
  options.targets = words.values;
  options.parallel = parallel == 0 ? AvailableCores() : static_cast<int>(parallel);
  options.output_to_stderr = as_json;
  options.stop = stop.token();
  options.say = [as_json](const std::string& line) {
    std::fprintf(as_json ? stderr : stdout, "%s\n", line.c_str());
    std::fflush(as_json ? stderr : stdout);  // before what a command prints
  };
  const auto report = Repro(options);
  if (!report.ok()) return cli::Fail(self, report.error());
  if (as_json) {
    json::Value value;
    value.Set("ran", Names(report->ran));
    value.Set("restored", Names(report->restored));
    value.Set("unchanged", Names(report->unchanged));
    std::printf("%s\n", json::Dump(value).c_str());
  } else if (report->ran.empty() && report->restored.empty()) {
    std::printf("Data and pipelines are up to date.\n");
  }
  return 0;
}

int RunDag(const cli::Command& self, cli::Args args) {
  bool dot = false, mermaid = false, as_json = false, full = false;
  OptionSet set;
  set.Flag("dot", &dot, "Print Graphviz's language.")
      .Flag("mermaid", &mermaid, "Print Mermaid's language.")
      .Flag("full", &full, "Show also what needs the targets.")
      .Flag("json", &as_json, "Print nodes and what they need as JSON.");
  cli::Positionals words{
      "TARGET",
      "Stages or outputs to show with all that they need; without any, everything.",
      0,
      SIZE_MAX,
      {}};
  if (const auto code = cli::Parse(self, set, args, &words)) return *code;
  if (dot + mermaid + as_json > 1)
    return cli::FailUsage(self, "--dot, --mermaid and --json exclude each other");
  const auto session = Session::Open();
  if (!session.ok()) return cli::Fail(self, session.error());
  const auto files = FileSource::OfWorkspace(*session->repository);
  const auto pipelines = pipeline::Pipelines::Load(*session->repository, *files);
  if (!pipelines.ok()) return cli::Fail(self, pipelines.error());
  const std::vector<Output> outputs = OfDvcFiles(session->index);
  const auto graph = pipeline::GraphOf(*pipelines, outputs);
  if (!graph.ok()) return cli::Fail(self, graph.error());
  std::vector<size_t> chosen;
  if (words.values.empty()) {
    chosen = graph->Order({});
  } else {
    const auto targets = pipeline::FindNodes(*session->repository, *pipelines, outputs,
                                             words.values, session->repository->Here());
    if (!targets.ok()) return cli::Fail(self, targets.error());
    chosen = graph->Order(full ? graph->Downstream(*targets) : *targets);
  }
  if (as_json) {
    json::Array nodes;
    for (const size_t node : chosen) {
      json::Value entry;
      entry.Set("name", graph->nodes()[node].name);
      json::Array needs;
      for (const size_t need : graph->needs(node)) needs.push_back(graph->nodes()[need].name);
      entry.Set("needs", std::move(needs));
      nodes.push_back(std::move(entry));
    }
    std::printf("%s\n", json::Dump(json::Value(std::move(nodes))).c_str());
  } else {
    const std::string text = dot       ? graph->Dot(chosen)
                             : mermaid ? graph->Mermaid(chosen)
                                       : graph->Tree(chosen);
    std::fputs(text.c_str(), stdout);
  }
  return 0;
}

}  // namespace pano::data
