#include "data/version/index.h"

#include <algorithm>

#include "base/strings.h"
#include "data/version/dvc_file.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

std::string Origin(const Output& output) {
  return output.stage.empty() ? output.source : StrCat(output.source, ":", output.stage);
}

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace

Status Output::CheckSupported() const {
  if (!has_files) return {};
  return Unimplemented(StrCat(path, ": ", source, " lists its files by a cloud's own versions (`files:`), which pano does not read: use dvc for it"));
}

bool PathLess::operator()(std::string_view a, std::string_view b) const {
  const size_t n = std::min(a.size(), b.size());
  for (size_t i = 0; i < n; ++i) {
    if (a[i] == b[i]) continue;
    const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<int>(static_cast<unsigned char>(c)); };
    return rank(a[i]) < rank(b[i]);
  }
  return a.size() < b.size();
}

Result<Index> Index::Collect(const Repository& repository, FileSource& files, const StageOutputs& stages) {
  Index index;
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, files.List());
  for (const std::string& path : paths) {
    if (path.ends_with(".dvc")) {
      auto text = files.Read(path);
      if (!text.ok()) return text.status().Wrap(path);
      PANO_ASSIGN_OR_RETURN(const DvcFile file, DvcFile::Parse(*std::move(text), path));
      index.outputs.insert(index.outputs.end(), file.outputs().begin(), file.outputs().end());
    } else if (BaseName(path) == "dvc.yaml" && stages) {
      PANO_RETURN_IF_ERROR(stages(repository, files, path, &index.outputs));
    }
  }
  PANO_RETURN_IF_ERROR(index.Arrange());
  return index;
}

Status Index::Arrange() {
  std::stable_sort(outputs.begin(), outputs.end(),
                   [](const Output& a, const Output& b) { return PathLess()(a.path, b.path); });
  for (size_t i = 1; i < outputs.size(); ++i) {
    const Output &a = outputs[i - 1], &b = outputs[i];
    if (a.path == b.path) {
      return InvalidArgument(StrCat("the output ", a.path, " stands in ", Origin(a), " and in ", Origin(b)));
    }
    if (Within(b.path, a.path)) {
      return InvalidArgument(StrCat("the output ", b.path, " of ", Origin(b), " lies in ", a.path, " of ", Origin(a)));
    }
  }
  return {};
}

const Output* Index::At(std::string_view path) const {
  const Output* holding = Holding(path);
  return holding != nullptr && holding->path == path ? holding : nullptr;
}

const Output* Index::Holding(std::string_view path) const {
  // The last that is not behind `path`: what lies in a folder follows it.
  auto it = std::upper_bound(outputs.begin(), outputs.end(), path,
                             [](std::string_view p, const Output& output) { return PathLess()(p, output.path); });
  if (it == outputs.begin()) return nullptr;
  --it;
  return Within(path, it->path) ? &*it : nullptr;
}

std::vector<const Output*> Index::In(std::string_view path) const {
  std::vector<const Output*> out;
  auto it = std::lower_bound(outputs.begin(), outputs.end(), path,
                             [](const Output& output, std::string_view p) { return PathLess()(output.path, p); });
  for (; it != outputs.end() && Within(it->path, path); ++it) out.push_back(&*it);
  return out;
}

Result<std::vector<Target>> FindTargets(const Repository& repository, const Index& index,
                                        const std::vector<std::string>& words) {
  std::vector<Target> targets;
  if (words.empty()) {
    for (const Output& output : index.outputs) targets.push_back({&output, ""});
    return targets;
  }
  for (const std::string& word : words) {
    const size_t before = targets.size();
    const size_t colon = word.rfind(':');
    const bool with_stage = colon != word.npos && std::string_view(word).substr(0, colon).ends_with("dvc.yaml");
    PANO_ASSIGN_OR_RETURN(const std::string path, repository.Relative(with_stage ? word.substr(0, colon) : word));
    for (const Output& output : index.outputs) {
      const bool of_pipeline = BaseName(path) == "dvc.yaml" && !output.stage.empty() && FolderOf(output.source) == FolderOf(path);
      const bool named = with_stage ? of_pipeline && output.stage == word.substr(colon + 1)
                                    : output.source == path || of_pipeline || (!output.stage.empty() && output.stage == word);
      if (named) targets.push_back({&output, ""});
    }
    if (targets.size() > before) continue;
    if (const Output* holding = index.Holding(path)) {
      targets.push_back({holding, path == holding->path ? "" : path.substr(holding->path.size() + 1)});
      continue;
    }
    for (const Output* output : index.In(path)) targets.push_back({output, ""});
    if (targets.size() == before) {
      return NotFound(StrCat("'", Printable(word, 200), "' is neither data, nor in it, nor a .dvc file or stage"));
    }
  }
  return targets;
}

}  // namespace pano::data
