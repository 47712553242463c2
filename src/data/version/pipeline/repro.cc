#include "data/version/pipeline/repro.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/path_exists.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/thread_annotations.h"
#include "base/threads.h"
#include "data/version/pipeline/pipeline_file.h"
#include "data/version/pipeline/run_cache.h"
#include "data/version/pipeline/shell_command.h"
#include "data/version/pipeline/stage_inputs.h"
#include "data/version/relative_path.h"
#include "data/version/repository_lock.h"

namespace pano::pipeline {
namespace {

enum class State { kWaiting, kRunning, kDone, kFailed, kSkipped };

// Commands that ended, on their way back to the thread that started them. Thread-safe.
class Ended {
 public:
  void Put(size_t node, Status status) {
    MutexLock lock(mu_);
    queue_.emplace_back(node, std::move(status));
    changed_.NotifyOne();
  }
  std::pair<size_t, Status> Take() {
    MutexLock lock(mu_);
    while (queue_.empty()) changed_.Wait(mu_);
    auto first = std::move(queue_.front());
    queue_.pop_front();
    return first;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::deque<std::pair<size_t, Status>> queue_ PANO_GUARDED_BY(mu_);
};

// A command that runs, with what keeps others away from its files. Confined to the caller's thread.
struct Running {
  std::unique_ptr<data::PathLocks> locks;
  std::jthread thread;
};

std::vector<std::string> CommandsOf(const json::Value& cmd) {
  std::vector<std::string> commands;
  if (cmd.is_array()) {
    for (const json::Value& line : cmd.as_array()) commands.push_back(line.as_string());
  } else {
    for (const std::string_view line : Split(cmd.as_string(), '\n')) commands.emplace_back(line);
  }
  std::erase_if(commands, [](const std::string& command) { return Trim(command).empty(); });
  return commands;
}

// One `repro`. Confined to the caller's thread; commands run in threads of their own.
class Session {
 public:
  Session(const data::Repository& repository, data::Workspace& workspace, Pipelines& pipelines,
          const std::vector<data::Output>& outputs, const ReproOptions& options)
      : repository_(repository),
        workspace_(workspace),
        pipelines_(pipelines),
        outputs_(outputs),
        options_(options),
        inputs_(repository, workspace),
        run_cache_(repository.cache_folder(), repository.env()) {}

  Result<ReproReport> Run() {
    PANO_ASSIGN_OR_RETURN(const StageGraph graph, GraphOf(pipelines_, outputs_));
    PANO_ASSIGN_OR_RETURN(
        const std::vector<size_t> targets,
        FindNodes(repository_, pipelines_, outputs_, options_.targets, options_.here));
    const std::vector<size_t> order = options_.single       ? targets
                                      : options_.downstream ? graph.Downstream(targets)
                                      : targets.empty()     ? std::vector<size_t>()
                                                            : graph.Order(targets);
    states_.assign(graph.nodes().size(),
                   State::kDone);  // what is not chosen stands in nobody's way
    for (const size_t node : order) states_[node] = State::kWaiting;
    PANO_RETURN_IF_ERROR(Loop(graph, order));
    if (!first_failure_.ok()) return first_failure_;
    if (options_.stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    return std::move(report_);
  }

 private:
  bool is_stage(size_t node) const { return node < pipelines_.stages().size(); }
  const Stage& stage(size_t node) const { return pipelines_.stages()[node]; }
  std::string NameOf(size_t node) const {
    return is_stage(node) ? stage(node).Address()
                          : outputs_[node - pipelines_.stages().size()].source;
  }
  void Say(const std::string& line) const {
    if (options_.say) options_.say(line);
  }

  Status Loop(const StageGraph& graph, const std::vector<size_t>& order) {
    const auto stopped = [this] {
      return options_.stop.stop_requested() || (!first_failure_.ok() && !options_.keep_going);
    };
    size_t begin = 0;  // nodes before it are finished
    while (true) {
      bool progress = false;
      while (begin < order.size() && states_[order[begin]] != State::kWaiting &&
             states_[order[begin]] != State::kRunning)
        ++begin;
      for (size_t i = begin; i < order.size() && !stopped(); ++i) {
        if (static_cast<int>(running_.size()) >= std::max(1, options_.parallel)) break;
        const size_t node = order[i];
        if (states_[node] != State::kWaiting) continue;
        const auto& needs = graph.needs(node);
        if (std::any_of(needs.begin(), needs.end(), [this](size_t need) {
              return states_[need] == State::kFailed || states_[need] == State::kSkipped;
            })) {
          states_[node] = State::kSkipped;
          report_.skipped.push_back(NameOf(node));
          progress = true;
          continue;
        }
        if (!std::all_of(needs.begin(), needs.end(),
                         [this](size_t need) { return states_[need] == State::kDone; }))
          continue;
        const Status begun = Begin(node);
        if (!begun.ok()) Fail(node, begun);
        progress = true;
      }
      if (!running_.empty()) {
        if (progress && !stopped() && static_cast<int>(running_.size()) < options_.parallel)
          continue;
        PANO_RETURN_IF_ERROR(TakeOne());
        continue;
      }
      if (!progress) return {};
    }
  }

  Status TakeOne() {
    if (options_.unlock) options_.unlock();
    auto [node, status] = ended_.Take();
    running_.erase(node);
    if (options_.lock) PANO_RETURN_IF_ERROR(options_.lock());
    if (status.ok()) status = Finish(node, /*ran=*/true);
    if (!status.ok()) Fail(node, status);
    return {};
  }

  void Fail(size_t node, const Status& why) {
    states_[node] = State::kFailed;
    report_.failed.push_back(NameOf(node));
    Status failure = why.code() == StatusCode::kCancelled
                         ? why
                         : why.Wrap(StrCat("failed to reproduce '", NameOf(node), "'"));
    if (options_.keep_going && why.code() != StatusCode::kCancelled) Say(failure.message());
    if (first_failure_.ok()) first_failure_ = std::move(failure);
  }

  // Does all of the node but its command, which it starts.
  Status Begin(size_t node) {
    if (!is_stage(node)) return BeginOutput(node);
    const Stage& stage = this->stage(node);
    const LockedStage* locked = pipelines_.Locked(stage);
    PANO_ASSIGN_OR_RETURN(const bool changed, IsChanged(stage, locked));
    if (!changed && !options_.force) {
      Say(StrCat("Stage '", stage.Address(), "' didn't change, skipping"));
      report_.unchanged.push_back(stage.Address());
      states_[node] = State::kDone;
      return {};
    }
    if (stage.frozen) {
      Say(StrCat("Verifying outputs in frozen stage: '", stage.Address(), "'"));
      if (!options_.dry) return Finish(node, /*ran=*/false);
      states_[node] = State::kDone;
      return {};
    }
    if (options_.dry) {
      Say(StrCat("Running stage '", stage.Address(), "':"));
      for (const std::string& command : CommandsOf(stage.cmd)) Say(StrCat("> ", command));
      report_.ran.push_back(stage.Address());
      states_[node] = State::kDone;
      return {};
    }
    PANO_ASSIGN_OR_RETURN(const LockedStage now, inputs_.Of(stage));
    PANO_RETURN_IF_ERROR(CheckFolder(stage));
    PANO_RETURN_IF_ERROR(RemoveOutputs(stage));
    if (!options_.force) {
      PANO_ASSIGN_OR_RETURN(const bool restored, Restore(stage, locked, now));
      if (restored) {
        Say(StrCat("Stage '", stage.Address(), "' is cached - skipping run, checking out outputs"));
        report_.restored.push_back(stage.Address());
        return Finish(node, /*ran=*/false);
      }
    }
    return Start(node);
  }

  // Data of a .dvc file that changed is taken as it is now, as `dvc repro` does.
  Status BeginOutput(size_t node) {
    const data::Output& output = outputs_[node - pipelines_.stages().size()];
    states_[node] = State::kDone;
    PANO_ASSIGN_OR_RETURN(const bool unchanged, workspace_.Unchanged(output));
    if (unchanged || output.frozen) return {};
    PANO_ASSIGN_OR_RETURN(const bool there,
                          Exists(repository_.Absolute(output.path), repository_.env()));
    if (!there)
      return NotFound(StrCat("the data '", Printable(output.path, 200),
                             "' is missing: `pano data checkout` brings it back"));
    Say(StrCat("Data '", output.path, "' changed: it is stored anew"));
    if (options_.dry) return {};
    PANO_ASSIGN_OR_RETURN(const data::Output stored,
                          options_.no_commit ? workspace_.Hash(output) : workspace_.Store(output));
    return options_.save_output ? options_.save_output(stored) : OkStatus();
  }

  Result<bool> IsChanged(const Stage& stage, const LockedStage* locked) {
    if (locked == nullptr || !SameValue(locked->cmd, stage.cmd)) return true;
    if (!stage.frozen) {
      if (stage.always_changed || stage.is_callback()) return true;
      PANO_ASSIGN_OR_RETURN(const bool same, inputs_.Same(stage, *locked));
      if (!same) return true;
    }
    for (const StageOut& out : stage.outs) {
      const LockedPath* before = locked->Out(out.at.written);
      if (before == nullptr || !before->id) return true;
      PANO_ASSIGN_OR_RETURN(const data::Content content,
                            workspace_.Look(out.at.path, before->id->hash, before->id));
      if (!content.there || content.id != *before->id) return true;
      if (out.cache) {
        PANO_ASSIGN_OR_RETURN(const bool cached, IsCached(*before->id));
        if (!cached) return true;
      }
    }
    return false;
  }

  // Whether the object, of a folder all its objects, are in the cache.
  Result<bool> IsCached(const data::ObjectId& id) {
    if (!workspace_.store().Has(id)) return false;
    if (!id.folder) return true;
    const Result<data::DataTree> tree = workspace_.Tree(id);
    if (!tree.ok()) {
      if (tree.error().code() == StatusCode::kNotFound ||
          tree.error().code() == StatusCode::kCorruption)
        return false;
      return tree.error();
    }
    for (size_t i = 0; i < tree->size(); ++i) {
      if (!workspace_.store().Has(tree->object(i))) return false;
    }
    return true;
  }

  Status CheckFolder(const Stage& stage) const {
    const std::string folder = repository_.Absolute(stage.folder);
    const Result<FileInfo> info = repository_.env().Stat(folder);
    if (info.ok() && info->kind == FileInfo::Kind::kFolder) return {};
    if (!info.ok() && info.error().code() != StatusCode::kNotFound)
      return info.error().Wrap(folder);
    // A working folder that an output of another stage will be, or that git does not keep when it
    // is empty.
    return data::MakeFolders(repository_.env(), folder)
        .Wrap(StrCat("cannot make the working folder ", folder));
  }

  Status RemoveOutputs(const Stage& stage) {
    for (const StageOut& out : stage.outs) {
      const std::string path = repository_.Absolute(out.at.path);
      if (out.persist) {
        PANO_RETURN_IF_ERROR(Unprotect(path));
      } else {
        const Result<data::EntryInfo> info = repository_.env().LinkInfo(path);
        if (!info.ok() && info.error().code() == StatusCode::kNotFound) continue;
        PANO_RETURN_IF_ERROR(workspace_.RemoveData(OutputOf(stage, out, nullptr), /*force=*/true));
      }
    }
    return {};
  }

  // What the command may write to is no longer the cache's own file.
  Status Unprotect(const std::string& path) {
    data::DataEnv& env = repository_.env();
    const Result<data::EntryInfo> info = env.LinkInfo(path);
    if (!info.ok())
      return info.error().code() == StatusCode::kNotFound ? OkStatus() : info.error().Wrap(path);
    if (info->kind == data::EntryInfo::Kind::kFolder) {
      PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, env.List(path));
      for (const std::string& name : names) PANO_RETURN_IF_ERROR(Unprotect(JoinPath(path, name)));
      return {};
    }
    const bool shared = info->kind == data::EntryInfo::Kind::kLink || info->links > 1;
    if (shared) {
      const std::string copy = StrCat(path, ".tmp-", RandomHex(8));
      Status status = CopyFile(path, copy);
      if (status.ok()) status = env.Rename(copy, path);
      if (!status.ok()) {
        (void)env.Remove(copy);
        return status.Wrap(StrCat("cannot make ", path, " writable"));
      }
    }
    return env.SetMode(path, (info->mode & 0111) | 0644).Wrap(path);
  }

  Status CopyFile(const std::string& from, const std::string& to) const {
    PANO_ASSIGN_OR_RETURN(const std::unique_ptr<File> in,
                          repository_.env().Open(from, Env::OpenMode::kRead));
    PANO_ASSIGN_OR_RETURN(const std::unique_ptr<File> out,
                          repository_.env().Open(to, Env::OpenMode::kWrite));
    std::vector<std::byte> buffer(1u << 20);
    while (true) {
      PANO_ASSIGN_OR_RETURN(const size_t count, in->ReadSome(buffer));
      if (count == 0) return out->Close();
      PANO_RETURN_IF_ERROR(out->WriteAll(std::span(buffer).first(count)));
    }
  }

  // Brings outputs back that the same command made of the same inputs.
  Result<bool> Restore(const Stage& stage, const LockedStage* locked, const LockedStage& now) {
    if (!IsRunCached(stage)) return false;
    std::optional<LockedStage> run;
    if (locked != nullptr && SameValue(locked->cmd, stage.cmd)) {
      PANO_ASSIGN_OR_RETURN(const bool same, inputs_.Same(stage, *locked));
      if (same) run = *locked;
    }
    if (!run) {
      if (options_.no_run_cache) return false;
      PANO_ASSIGN_OR_RETURN(run, run_cache_.Find(now));
    }
    if (!run) return false;
    for (const StageOut& out : stage.outs) {
      const LockedPath* made = run->Out(out.at.written);
      if (made == nullptr || !made->id) return false;
      PANO_ASSIGN_OR_RETURN(const bool cached, IsCached(*made->id));
      if (!cached) return false;
    }
    for (const StageOut& out : stage.outs) {
      data::Output output = OutputOf(stage, out, run->Out(out.at.written));
      output.cached = true;  // wherever it is kept, it lies in the cache
      const Result<bool> done =
          workspace_.Checkout(output, {.force = true, .relink = false, .part = ""});
      // A corrupt object is as good as none: the command makes it anew.
      if (!done.ok() && done.error().code() == StatusCode::kCorruption) {
        PANO_RETURN_IF_ERROR(RemoveOutputs(stage));
        return false;
      }
      if (!done.ok()) return done.error();
    }
    return true;
  }

  Status Start(size_t node) {
    const Stage& stage = this->stage(node);
    Say(StrCat("Running stage '", stage.Address(), "':"));
    std::vector<std::string> reads, writes;
    for (const StagePath& dep : stage.deps)
      reads.push_back(dep.outside ? dep.path : repository_.Absolute(dep.path));
    for (const StageOut& out : stage.outs) writes.push_back(repository_.Absolute(out.at.path));
    Running running;
    PANO_ASSIGN_OR_RETURN(running.locks,
                          data::PathLocks::Take(repository_, StrCat("repro ", stage.Address()),
                                                std::move(reads), std::move(writes)));
    ShellOptions shell;
    shell.folder = repository_.Absolute(stage.folder);
    shell.environment = {{"DVC_STAGE", stage.Address()}};
    if (repository_.env().Variable("DVC_ROOT").empty())
      shell.environment.emplace_back("DVC_ROOT", repository_.root());
    shell.output_to_stderr = options_.output_to_stderr;
    const std::vector<std::string> commands = CommandsOf(stage.cmd);
    for (const std::string& command : commands) Say(StrCat("> ", command));
    running.thread = StartThread("stage", [this, node, shell, commands](const std::stop_token&) {
      Status status;
      for (const std::string& command : commands) {
        status = RunShellCommand(command, shell, options_.stop);
        if (!status.ok()) {
          status = status.code() == StatusCode::kInternal
                       ? Internal(StrCat("failed to run: ", Printable(command, 300), ", ",
                                         status.message()))
                       : status;
          break;
        }
      }
      ended_.Put(node, std::move(status));
    });
    states_[node] = State::kRunning;
    running_.emplace(node, std::move(running));
    return {};
  }

  // Takes what the stage left for its outputs and writes it down.
  Status Finish(size_t node, bool ran) {
    const Stage& stage = this->stage(node);
    PANO_ASSIGN_OR_RETURN(LockedStage entry, EntryOf(stage, !options_.no_commit));
    const bool git_keeps_some = std::any_of(
        stage.outs.begin(), stage.outs.end(),
        [](const StageOut& out) { return !out.cache && out.kind == StageOut::Kind::kOut; });
    const bool saves = !options_.no_commit && !git_keeps_some && IsRunCached(stage);
    if (saves) {
      for (const StageOut& out : stage.outs) {
        // What git keeps is put into the cache, too: a run is restored from there.
        if (!out.cache)
          PANO_RETURN_IF_ERROR(workspace_
                                   .Store([&] {
                                     data::Output output = OutputOf(stage, out, nullptr);
                                     output.cached = true;
                                     return output;
                                   }())
                                   .status());
      }
    }
    // On the disk before anything names it: a power failure leaves no name of what is gone.
    PANO_RETURN_IF_ERROR(workspace_.Flush());
    if (saves) PANO_RETURN_IF_ERROR(run_cache_.Save(entry));
    PANO_RETURN_IF_ERROR(pipelines_.Lock(repository_, stage, std::move(entry)));
    if (ran) report_.ran.push_back(stage.Address());
    states_[node] = State::kDone;
    return {};
  }

  Result<LockedStage> EntryOf(const Stage& stage, bool store) {
    PANO_ASSIGN_OR_RETURN(LockedStage entry, inputs_.Of(stage));
    entry.outs.clear();
    for (const StageOut& out : stage.outs) {
      PANO_ASSIGN_OR_RETURN(const bool there,
                            Exists(repository_.Absolute(out.at.path), repository_.env()));
      if (!there)
        return NotFound(StrCat("the output '", Printable(out.at.written, 200), "' does not exist"));
      if (out.cache && options_.keep_from_git)
        PANO_RETURN_IF_ERROR(options_.keep_from_git(out.at.path));
      const data::Output output = OutputOf(stage, out, nullptr);
      PANO_ASSIGN_OR_RETURN(const data::Output made,
                            store&& out.cache ? workspace_.Store(output) : workspace_.Hash(output));
      entry.outs.push_back(LockedPathOf(out.at.written, made));
    }
    std::sort(entry.outs.begin(), entry.outs.end(),
              [](const LockedPath& a, const LockedPath& b) { return a.path < b.path; });
    return entry;
  }

  const data::Repository& repository_;
  data::Workspace& workspace_;
  Pipelines& pipelines_;
  const std::vector<data::Output>& outputs_;
  const ReproOptions& options_;
  StageInputs inputs_;
  const RunCache run_cache_;
  std::vector<State> states_;
  ReproReport report_;
  Status first_failure_;
  Ended ended_;
  std::map<size_t, Running> running_;  // last: threads end before what they use
};

// Whether the text names a file of stages: "dvc.yaml", "a/dvc.yaml".
bool IsPipelinePath(std::string_view text) { return BaseName(text) == "dvc.yaml"; }

}  // namespace

Result<StageGraph> GraphOf(const Pipelines& pipelines, const std::vector<data::Output>& outputs) {
  std::vector<GraphNode> nodes;
  for (const Stage& stage : pipelines.stages()) {
    GraphNode node;
    node.name = stage.Address();
    node.frozen = stage.frozen;
    for (const StagePath& dep : stage.deps) {
      if (!dep.outside) node.reads.push_back(dep.path);
    }
    for (const StageParams& params : stage.params) node.reads.push_back(params.file.path);
    for (const StageOut& out : stage.outs) node.makes.push_back(out.at.path);
    nodes.push_back(std::move(node));
  }
  for (const data::Output& output : outputs)
    nodes.push_back({output.source, {}, {output.path}, output.frozen});
  return StageGraph::Build(std::move(nodes));
}

Result<std::vector<size_t>> FindNodes(const data::Repository& repository,
                                      const Pipelines& pipelines,
                                      const std::vector<data::Output>& outputs,
                                      const std::vector<std::string>& words,
                                      const std::string& here) {
  const std::string own = here.empty() ? "dvc.yaml" : here + "/dvc.yaml";
  std::vector<size_t> found;
  std::set<size_t> seen;
  const auto take = [&](size_t node) {
    if (seen.insert(node).second) found.push_back(node);
  };
  const std::vector<std::string> wanted = words.empty() ? std::vector<std::string>{own} : words;
  for (const std::string& word : wanted) {
    const size_t before = found.size();
    // "file:stage", "stage" of the file here, "file".
    const size_t colon = word.rfind(':');
    std::string file = own, name = word;
    if (words.empty()) {
      name.clear();
    } else if (colon != std::string::npos && IsPipelinePath(word.substr(0, colon))) {
      PANO_ASSIGN_OR_RETURN(file, repository.Relative(word.substr(0, colon)));
      name = word.substr(colon + 1);
    } else if (IsPipelinePath(word)) {
      PANO_ASSIGN_OR_RETURN(file, repository.Relative(word));
      name.clear();
    }
    for (size_t i = 0; i < pipelines.stages().size(); ++i) {
      const Stage& stage = pipelines.stages()[i];
      if (stage.file == file && (name.empty() || NameMatches(stage.name, name))) take(i);
    }
    if (found.size() > before) continue;
    if (words.empty() || name.empty()) {
      const Result<bool> there = Exists(repository.Absolute(file), repository.env());
      if (there.ok() && *there) continue;  // a pipeline without stages
      return NotFound(StrCat("there is no ", file,
                             words.empty() ? " here: name a stage, or go where it is" : ""));
    }
    const Result<std::string> path = repository.Relative(word);
    if (path.ok()) {
      for (size_t i = 0; i < pipelines.stages().size(); ++i) {
        for (const StageOut& out : pipelines.stages()[i].outs) {
          if (data::Within(*path, out.at.path)) take(i);
        }
      }
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].source == *path || data::Within(*path, outputs[i].path))
          take(pipelines.stages().size() + i);
      }
    }
    if (found.size() == before)
      return NotFound(StrCat("'", Printable(word, 200), "' is neither a stage of ", own,
                             " nor an output or .dvc file"));
  }
  return found;
}

Result<ReproReport> Reproduce(const data::Repository& repository, data::Workspace& workspace,
                              Pipelines& pipelines, const std::vector<data::Output>& outputs,
                              const ReproOptions& options) {
  return Session(repository, workspace, pipelines, outputs, options).Run();
}

Status CommitStages(const data::Repository& repository, data::Workspace& workspace,
                    Pipelines& pipelines, const std::vector<size_t>& stages) {
  StageInputs inputs(repository, workspace);
  for (const size_t index : stages) {
    const Stage& stage = pipelines.stages()[index];
    PANO_ASSIGN_OR_RETURN(LockedStage entry, inputs.Of(stage));
    entry.outs.clear();
    for (const StageOut& out : stage.outs) {
      const data::Output output = OutputOf(stage, out, nullptr);
      PANO_ASSIGN_OR_RETURN(const data::Output made,
                            out.cache ? workspace.Store(output) : workspace.Hash(output));
      entry.outs.push_back(LockedPathOf(out.at.written, made));
    }
    std::sort(entry.outs.begin(), entry.outs.end(),
              [](const LockedPath& a, const LockedPath& b) { return a.path < b.path; });
    PANO_RETURN_IF_ERROR(workspace.Flush());
    PANO_RETURN_IF_ERROR(pipelines.Lock(repository, stage, std::move(entry)));
  }
  return {};
}

}  // namespace pano::pipeline
