#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/version/pipeline/stage.h"
#include "data/version/pipeline/template.h"

namespace pano::pipeline {

struct PipelineLimits {
  size_t stages_max = 10'000;    // loops unrolled
  size_t items_max = 200'000;    // deps, outs and params of all stages
  size_t bytes_max = 64u << 20;  // of the definitions, as often as loops repeat them
};

// The text of a file, by its path from the root; NotFound when there is none.
using ReadText = std::function<Result<std::string>(const std::string& path)>;

// The stages of a dvc.yaml in its order, loops (foreach, matrix) unrolled and ${...} resolved with
// params.yaml beside it and `vars`. `file` is its path from the root. `root` (absolute, "" =
// unknown) is needed for paths that begin with '/'. InvalidArgument names file, line and stage.
// Nothing is run, and nothing but `read` reads.
Result<std::vector<Stage>> ParsePipeline(std::string_view text, const std::string& file,
                                         const std::string& root, const ReadText& read,
                                         const TemplateOptions& options = {},
                                         const PipelineLimits& limits = {});

// Whether a stage of the name `name` is what a user who writes `target` means: itself, or of the
// loop.
bool NameMatches(std::string_view name, std::string_view target);

}  // namespace pano::pipeline
