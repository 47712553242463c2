#include "app/repository/folder_scan.h"

#include <algorithm>
#include <utility>

#include "app/models/model_source.h"
#include "app/repository/content_hash.h"
#include "app/repository/manifest.h"
#include "base/strings.h"
#include "model/format/gguf_split.h"

namespace pano::repository {
namespace {

// What programs call files that they are still writing.
bool IsTemporary(std::string_view name) {
  for (std::string_view end : {".part", ".partial", ".tmp", ".incomplete", ".crdownload", ".aria2", ".lock"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

// rsync and others write to a hidden file of a longer name and rename it.
bool IsHidden(std::string_view name) { return name.starts_with('.'); }

bool HoldsWeights(std::string_view name) {
  return name.ends_with(".safetensors") || name.ends_with(".gguf") || name.ends_with(".bin");
}

struct Entries {
  std::vector<std::string> files, folders;
};

class Scanner {
 public:
  Scanner(const Env& env, const FileStamps& stamps, const ScanLimits& limits)
      : env_(env), stamps_(stamps), limits_(limits) {}

  Status Run(const std::string& folder) {
    PANO_ASSIGN_OR_RETURN(const Entries top, Read(folder));
    for (const std::string& name : top.folders) Look(JoinPath(folder, name), name, 1);
    if (!top.files.empty()) {
      for (const std::string& name : top.files) {
        if (HoldsWeights(name)) Problem(JoinPath(folder, name), "stands beside the models' folders: it needs one of its own");
      }
    }
    std::sort(scan.models.begin(), scan.models.end(),
              [](const FoundModel& a, const FoundModel& b) { return a.id < b.id; });
    return {};
  }

  Scan scan;

 private:
  // Files and folders by name, hidden ones left out.
  Result<Entries> Read(const std::string& folder) {
    PANO_ASSIGN_OR_RETURN(std::vector<std::string> names, env_.List(folder));
    Entries entries;
    for (std::string& name : names) {
      if (IsHidden(name)) continue;
      const Result<FileInfo> info = env_.Stat(JoinPath(folder, name));
      if (!info.ok()) continue;  // gone meanwhile, or a link to nowhere
      if (info->kind == FileInfo::Kind::kFolder) entries.folders.push_back(std::move(name));
      else if (info->kind == FileInfo::Kind::kFile) entries.files.push_back(std::move(name));
    }
    return entries;
  }

  void Problem(const std::string& path, std::string_view why) {
    constexpr size_t kProblemsMax = 100;
    if (scan.problems.size() < kProblemsMax) scan.problems.push_back(StrCat(path, ": ", why));
  }

  void Look(const std::string& path, const std::string& id, int parts) {
    if (++folders_ > limits_.folders_max) {
      if (folders_ == limits_.folders_max + 1) Problem(path, "there are more folders than are looked into");
      return;
    }
    if (!models::IsModelId(id)) return Problem(path, "its name cannot be a model's id");
    Result<Entries> entries = Read(path);
    if (!entries.ok()) return Problem(path, entries.error().message());
    const bool versions = std::any_of(entries->folders.begin(), entries->folders.end(), models::IsVersionNumber);
    if (versions || !entries->files.empty()) return AddModel(path, id, *entries, versions);
    if (entries->folders.empty()) return;  // nothing yet
    if (parts == 3) return Problem(path, "ids have three parts at most");
    for (const std::string& name : entries->folders) {
      Look(JoinPath(path, name), StrCat(id, "/", name), parts + 1);
    }
  }

  void AddModel(const std::string& path, const std::string& id, const Entries& entries, bool versions) {
    if (scan.models.size() >= limits_.models_max) {
      return Problem(path, StrCat("there are more than ", limits_.models_max, " models"));
    }
    FoundModel model{.id = id, .versions = {}};
    for (const std::string& name : entries.files) {
      if (name == kSettingsName) ReadSettings(path, model);
    }
    const bool whole = std::find(entries.files.begin(), entries.files.end(), "config.json") != entries.files.end();
    if (versions && !whole) {
      for (const std::string& name : entries.folders) {
        if (!models::IsVersionNumber(name)) continue;
        const std::string folder = JoinPath(path, name);
        Result<Entries> inside = Read(folder);
        if (!inside.ok()) {
          Problem(folder, inside.error().message());
        } else if (!inside->files.empty()) {
          AddVersion(folder, {id, name}, *inside, model);
        }
      }
      std::sort(model.versions.begin(), model.versions.end(), [](const FoundVersion& a, const FoundVersion& b) {
        return *ParseInt(a.target.version) < *ParseInt(b.target.version);
      });
      if (model.versions.size() > limits_.versions_max) {
        Problem(path, StrCat("of its ", model.versions.size(), " versions the highest ", limits_.versions_max, " count"));
        model.versions.erase(model.versions.begin(), model.versions.end() - static_cast<std::ptrdiff_t>(limits_.versions_max));
      }
    } else {
      AddVersion(path, {id, "1"}, entries, model);
    }
    if (!model.versions.empty()) scan.models.push_back(std::move(model));
  }

  void ReadSettings(const std::string& path, FoundModel& model) {
    model.settings_path = JoinPath(path, kSettingsName);
    Result<std::string> text = ReadFile(model.settings_path, kSettingsBytesMax, const_cast<Env&>(env_));
    if (text.ok()) {
      model.settings = std::move(text).value();
    } else if (text.error().code() != StatusCode::kNotFound) {
      model.settings_read = text.error();
    }
  }

  void AddVersion(const std::string& folder, models::ModelTarget target, const Entries& entries, FoundModel& model) {
    FoundVersion version{.target = std::move(target), .path = folder};
    ContentHash hash;
    Manifest have;
    std::vector<std::string> ggufs;
    bool config = false, manifest = false;
    auto see = [&](int64_t time) { version.changed_unix_ns = std::max(version.changed_unix_ns, time); };
    see(stamps_(folder).mtime_ns);
    if (entries.files.size() > limits_.files_max) version.growing = StrCat("has more than ", limits_.files_max, " files");
    for (const std::string& name : entries.files) {
      if (name == kSettingsName || !version.growing.empty()) continue;
      const std::string path = JoinPath(folder, name);
      const Result<FileInfo> info = env_.Stat(path);
      if (!info.ok()) continue;
      if (IsTemporary(name)) version.growing = StrCat("'", Printable(name), "' is being written");
      const int64_t time = stamps_(path).mtime_ns;
      hash.Add(name);
      hash.Add(info->bytes);
      hash.Add(static_cast<uint64_t>(time));
      see(time);
      have.emplace(name, info->bytes);
      config = config || name == "config.json";
      manifest = manifest || name == kManifestName;
      if (HoldsWeights(name)) version.weight_bytes += info->bytes;
      if (name.ends_with(".gguf") && !format::IsLaterGgufPart(name)) ggufs.push_back(name);
    }
    version.content = hash.value();
    if (!config && ggufs.size() == 1) version.path = JoinPath(folder, ggufs[0]);
    if (!config && ggufs.empty() && version.growing.empty()) version.growing = "has no config.json and no .gguf file yet";
    if (manifest && version.growing.empty()) CheckManifest(folder, have, version);
    model.versions.push_back(std::move(version));
  }

  void CheckManifest(const std::string& folder, const Manifest& have, FoundVersion& version) {
    const std::string path = JoinPath(folder, kManifestName);
    Result<std::string> text = ReadFile(path, kManifestBytesMax, const_cast<Env&>(env_));
    Result<Manifest> manifest = text.ok() ? ParseManifest(*text) : Result<Manifest>(text.error());
    if (!manifest.ok()) {
      version.growing = StrCat(kManifestName, ": ", manifest.error().message());
      return;
    }
    for (const auto& [name, bytes] : *manifest) {
      const auto found = have.find(name);
      if (found == have.end()) {
        version.growing = StrCat("'", Printable(name), "' of its ", kManifestName, " is not there yet");
        return;
      }
      if (found->second != bytes) {
        version.growing = StrCat("'", Printable(name), "' has ", found->second, " of ", bytes, " bytes");
        return;
      }
    }
    version.listed = true;
  }

  const Env& env_;
  const FileStamps& stamps_;
  const ScanLimits& limits_;
  size_t folders_ = 0;
};

}  // namespace

Result<Scan> ScanFolder(const std::string& folder, const Env& env, const FileStamps& stamps,
                        const ScanLimits& limits) {
  Scanner scanner(env, stamps, limits);
  if (Status read = scanner.Run(folder); !read.ok()) return read.Wrap(folder);
  return std::move(scanner.scan);
}

}  // namespace pano::repository
