#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace pano::pipeline {

// A path of a stage. A value.
struct StagePath {
  std::string written;  // as in dvc.yaml, meant from the stage's folder
  std::string path;     // from the repository's root; absolute when it lies outside
  bool outside = false;
};

struct StageOut {
  enum class Kind { kOut, kMetric, kPlot };
  StagePath at;
  Kind kind = Kind::kOut;
  bool cache = true;     // false: git keeps it
  bool persist = false;  // not removed before the stage runs
  bool push = true;
  std::string remote;  // "" = the default
};

// Parameters of one file that a stage depends on.
struct StageParams {
  StagePath file;
  std::vector<std::string> keys;  // in the order written; empty: all of the file
};

// A stage of a pipeline, with its templates resolved. A value.
struct Stage {
  std::string name;  // "train"; of a loop "train@big"
  std::string file;  // its dvc.yaml, from the root
  int line = 0;
  std::string folder;  // where its command runs, from the root; "" = the root
  json::Value cmd;     // a text, or a list of texts
  std::vector<StagePath> deps;
  std::vector<StageParams> params;  // params.yaml first, then by name
  std::vector<StageOut> outs;       // outs, metrics, plots, as written
  bool frozen = false;
  bool always_changed = false;
  std::string description;

  // "train" of the dvc.yaml at the root, "sub/dvc.yaml:train" of others.
  std::string Address() const { return file == "dvc.yaml" ? name : file + ":" + name; }
  // Without dependencies and outputs it runs each time.
  bool is_callback() const { return deps.empty() && params.empty() && outs.empty(); }
};

}  // namespace pano::pipeline
