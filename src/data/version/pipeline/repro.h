#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/version/file_source.h"
#include "data/version/output.h"
#include "data/version/pipeline/pipelines.h"
#include "data/version/pipeline/stage_graph.h"
#include "data/version/repository.h"
#include "data/version/workspace.h"

namespace pano::pipeline {

struct ReproOptions {
  std::vector<std::string> targets =
      {};  // stages, groups of a loop, dvc.yaml files, .dvc files, outputs; none: the dvc.yaml here
  std::string here = {};    // where the user stands, from the root
  bool force = false;       // runs also what did not change
  bool single = false;      // the targets alone, not what they need
  bool downstream = false;  // the targets and what needs them
  bool dry = false;         // only says what would run
  bool no_commit = false;   // hashes, but stores nothing
  bool no_run_cache = false;
  bool keep_going = false;  // goes on with what does not need a stage that failed
  int parallel = 1;         // commands at once
  bool output_to_stderr = false;
  std::stop_token stop = {};

  // What happens, a line each: "Running stage 'train':". From the caller's thread.
  std::function<void(const std::string& line)> say = {};
  // Keeps an output away from git (adds it to .gitignore beside it). May be null.
  std::function<Status(const std::string& path)> keep_from_git = {};
  // Gives the repository's lock away while commands run and takes it again; null: nothing is
  // locked.
  std::function<void()> unlock = {};
  std::function<Status()> lock = {};
  // A .dvc output changed in the workspace and was stored anew: writes the .dvc file.
  std::function<Status(const data::Output& output)> save_output = {};
};

struct ReproReport {
  std::vector<std::string> ran, restored, unchanged, failed, skipped;  // addresses of stages
};

// The stages and .dvc outputs of a repository as a graph: nodes [0, stages) are the stages in their
// order, then the outputs.
Result<StageGraph> GraphOf(const Pipelines& pipelines, const std::vector<data::Output>& outputs);

// The nodes of GraphOf that the user's words mean; NotFound names the word.
Result<std::vector<size_t>> FindNodes(const data::Repository& repository,
                                      const Pipelines& pipelines,
                                      const std::vector<data::Output>& outputs,
                                      const std::vector<std::string>& words,
                                      const std::string& here);

// Runs what changed, in the order in which stages need each other, and writes dvc.lock after each
// stage, as `dvc repro` does: a stage is unchanged when its command, dependencies, parameters and
// outputs are what dvc.lock says; its outputs are removed before it runs, unless they are
// persistent; what ran before with the same inputs is restored from the run cache. `outputs` are
// those of .dvc files. A failure names the stage; what was done before it stays done. Confined to
// the caller's thread but for the commands themselves.
Result<ReproReport> Reproduce(const data::Repository& repository, data::Workspace& workspace,
                              Pipelines& pipelines, const std::vector<data::Output>& outputs,
                              const ReproOptions& options);

// Takes outputs, dependencies and parameters of the stages as they are now for what the command
// made (`dvc commit`).
Status CommitStages(const data::Repository& repository, data::Workspace& workspace,
                    Pipelines& pipelines, const std::vector<size_t>& stages);

}  // namespace pano::pipeline
