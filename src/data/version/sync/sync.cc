#include "data/version/sync/sync.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/digest/digest.h"
#include "base/strings.h"
#include "data/version/data_tree.h"
#include "data/version/remote/object_key.h"
#include "data/version/remote/open_remote.h"
#include "data/version/remote/parallel.h"
#include "data/version/remote/transfer.h"
#include "data/version/sync/chunked_outputs.h"

namespace pano::data {
namespace {

constexpr size_t kMissingShownMax = 1000;

// What a target needs of one remote.
struct Wanted {
  std::vector<remote::Object> files, manifests;
};

remote::Object ObjectOf(const ObjectId& id, std::string name) {
  return {id.ToString(), id.hash != HashName::kMd5, std::move(name)};
}

bool Moves(const Output& output) { return output.cached && output.id.has_value(); }

// "data/x" in "data" of folder entries that a target means.
std::pair<size_t, size_t> EntriesOf(const DataTree& tree, const std::string& part) {
  return part.empty() ? std::pair<size_t, size_t>(0, tree.size()) : tree.Below(part);
}

void AddEntries(const DataTree& tree, const Target& target, std::vector<remote::Object>* files) {
  const auto [first, last] = EntriesOf(tree, target.part);
  for (size_t i = first; i < last; ++i) {
    files->push_back(ObjectOf(tree.object(i), StrCat(target.output->path, "/", tree.path(i))));
  }
}

remote::TransferOptions TransferOptionsOf(const SyncOptions& options) {
  remote::TransferOptions transfer;
  transfer.jobs = options.jobs;
  transfer.stop = options.stop;
  transfer.on_bytes = options.on_bytes;
  return transfer;
}

// Targets by the name of the remote that they belong to.
Result<std::map<std::string, std::vector<Target>>> ByRemote(const std::vector<Target>& targets,
                                                    const SyncOptions& options) {
  std::map<std::string, std::vector<Target>> groups;
  for (const Target& target : targets) {
    PANO_RETURN_IF_ERROR(target.output->CheckSupported());
    if (Moves(*target.output))
      groups[target.output->remote.empty() ? options.remote : target.output->remote].push_back(
          target);
  }
  return groups;
}

// The files' objects to send or ask about. A manifest that is not here is not told from one that
// nobody has.
Result<Wanted> WantedOf(Workspace& workspace, const std::vector<Target>& targets,
                        bool skip_unknown) {
  Wanted wanted;
  for (const Target& target : targets) {
    const ObjectId& id = *target.output->id;
    if (!id.folder) {
      wanted.files.push_back(ObjectOf(id, target.output->path));
      continue;
    }
    Result<DataTree> tree = workspace.Tree(id);
    if (!tree.ok() && tree.error().code() == StatusCode::kNotFound && skip_unknown) {
      wanted.manifests.push_back(ObjectOf(id, target.output->path + "/"));
      continue;
    }
    if (!tree.ok()) return tree.error().Wrap(StrCat("'", Printable(target.output->path, 200), "'"));
    AddEntries(*tree, target, &wanted.files);
    if (target.part.empty()) wanted.manifests.push_back(ObjectOf(id, target.output->path + "/"));
  }
  return wanted;
}

// Sends what the cache has in chunks, and takes it out of `objects`; how many were sent.
Result<uint64_t> PushFromChunks(Workspace& workspace, remote::Remote& to,
                                std::vector<remote::Object>* objects, const std::stop_token& stop) {
  const chunked::ChunkStore chunks = ChunksOf(workspace.repository());
  uint64_t sent = 0;
  std::vector<remote::Object> rest;
  for (remote::Object& object : *objects) {
    const bool may = !object.legacy && !remote::IsManifestId(object.oid);
    const Result<bool> here = may ? chunks.Has(object.oid) : Result<bool>(false);
    if (!here.ok()) return here.error();
    if (!*here) {
      rest.push_back(std::move(object));
      continue;
    }
    PANO_RETURN_IF_ERROR(PushChunks(workspace, to, object.oid, stop));
    ++sent;
  }
  *objects = std::move(rest);
  return sent;
}

Result<ObjectId> IdOf(const remote::Object& object) {
  return ObjectId::Parse(object.oid, object.legacy ? HashName::kMd5Dos2Unix : HashName::kMd5);
}

Status FetchObjects(Workspace& workspace, remote::Remote& from, std::vector<remote::Object> objects,
                    const SyncOptions& options, SyncReport* report) {
  ObjectStore& store = workspace.store();
  const size_t asked = objects.size();
  const chunked::ChunkStore chunks = ChunksOf(workspace.repository());
  std::erase_if(objects, [&](const remote::Object& object) {
    const Result<ObjectId> id = IdOf(object);
    if (!id.ok() || store.Has(*id)) return id.ok();
    return !object.legacy && !id->folder && chunks.Has(object.oid).value_or(false);
  });
  report->present += asked - objects.size();
  if (objects.empty()) return {};
  remote::FetchTarget target;
  target.partial_folder = workspace.repository().own_folder() + "/partial";
  target.adopt = [&](const remote::Object& object, const std::string& path) -> Status {
    PANO_ASSIGN_OR_RETURN(const ObjectId id, IdOf(object));
    return store.Adopt(path, id);
  };
  // Adopt hashes by the rule of DVC 2.
  target.check_content = [](const remote::Object&, const std::string&) -> Result<bool> {
    return true;
  };
  PANO_ASSIGN_OR_RETURN(const remote::TransferReport moved,
                        remote::Fetch(from, objects, target, TransferOptionsOf(options),
                                      workspace.repository().env()));
  report->moved += moved.moved;
  report->bytes += moved.bytes;
  const std::set<std::string> missing(moved.missing.begin(), moved.missing.end());
  for (const remote::Object& object : objects) {
    if (!missing.contains(object.oid)) continue;
    if (!object.legacy && !remote::IsManifestId(object.oid)) {  // perhaps it is there in chunks
      const Status status = FetchChunks(workspace, from, object.oid, options.stop);
      if (status.ok()) {
        ++report->moved;
        continue;
      }
      if (status.code() != StatusCode::kNotFound) return status.Wrap(Printable(object.name, 200));
    }
    if (report->missing.size() < kMissingShownMax)
      report->missing.push_back(StrCat(Printable(object.name, 200), " (", object.oid, ")"));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<remote::Remote>> OpenRemote(const Repository& repository,
                                                   const std::string& name, int jobs) {
  const Config& config = repository.config();
  const std::string chosen = name.empty() ? config.Get("core", "remote") : name;
  if (chosen.empty()) {
    return InvalidArgument(
        "no remote is set: name one with --remote, or set core.remote in .dvc/config");
  }
  PANO_ASSIGN_OR_RETURN(const Config::Section section, config.Remote(chosen));
  remote::RemoteSettings settings;
  settings.name = chosen;
  settings.options.insert(section.begin(), section.end());
  settings.folder = config.FolderOf(StrCat("remote \"", chosen, "\""), "url");
  if (settings.folder.empty()) settings.folder = repository.dvc_folder();
  settings.jobs = jobs;
  // "remote://other/path" stands below another remote.
  if (const std::string url = settings.options["url"]; url.starts_with("remote://")) {
    const std::string rest = url.substr(9);
    const size_t slash = rest.find('/');
    PANO_ASSIGN_OR_RETURN(const Config::Section base, config.Remote(rest.substr(0, slash)));
    const auto above = base.find("url");
    if (above == base.end() || above->second.starts_with("remote://"))
      return InvalidArgument(
          StrCat("remote '", Printable(chosen), "': its url leads to no remote"));
    for (const auto& [key, value] : base) settings.options.emplace(key, value);
    settings.options["url"] =
        slash == std::string::npos ? above->second : StrCat(above->second, rest.substr(slash));
    const std::string folder =
        config.FolderOf(StrCat("remote \"", rest.substr(0, slash), "\""), "url");
    if (!folder.empty()) settings.folder = folder;
  }
  return remote::OpenRemote(settings, repository.env());
}

namespace {

// As DVC takes it, a manifest on a remote is the word that its files are there: such folders are passed over.
Status PassOverPresent(remote::Remote& to, const SyncOptions& options, std::vector<Target>* group, SyncReport* report) {
  std::vector<remote::Object> manifests;
  for (const Target& target : *group) {
    const bool whole = target.part.empty() && target.output->id && target.output->id->folder;
    if (whole) manifests.push_back(ObjectOf(*target.output->id, target.output->path + "/"));
  }
  if (manifests.empty()) return {};
  PANO_ASSIGN_OR_RETURN(const std::vector<remote::Object> missing, remote::Missing(to, manifests, options.stop));
  std::set<std::string> absent;
  for (const remote::Object& object : missing) absent.insert(object.oid);
  const size_t before = group->size();
  std::erase_if(*group, [&](const Target& target) {
    return target.part.empty() && target.output->id && target.output->id->folder && !absent.contains(target.output->id->ToString());
  });
  report->present += before - group->size();
  return {};
}

}  // namespace

Result<SyncReport> Push(Workspace& workspace, const std::vector<Target>& targets,
                        const SyncOptions& options) {
  SyncReport report;
  ObjectStore& store = workspace.store();
  PANO_ASSIGN_OR_RETURN(auto groups, ByRemote(targets, options));
  for (auto& [name, group] : groups) {
    std::erase_if(group, [](const Target& target) { return !target.output->push; });
    if (group.empty()) continue;
    PANO_ASSIGN_OR_RETURN(const std::unique_ptr<remote::Remote> to,
                          OpenRemote(workspace.repository(), name, options.jobs));
    PANO_RETURN_IF_ERROR(PassOverPresent(*to, options, &group, &report));
    PANO_ASSIGN_OR_RETURN(Wanted wanted, WantedOf(workspace, group, /*skip_unknown=*/true));
    std::vector<remote::Object> objects = std::move(wanted.files);
    // With a part of a folder DVC sends the manifest, too.
    for (const Target& target : group) {
      if (target.part.empty() || !target.output->id->folder) continue;
      wanted.manifests.push_back(ObjectOf(*target.output->id, target.output->path + "/"));
    }
    objects.insert(objects.end(), std::make_move_iterator(wanted.manifests.begin()),
                   std::make_move_iterator(wanted.manifests.end()));
    // What is not here cannot be sent; that it is not there either is what the user has to know.
    std::vector<remote::Object> absent;
    for (const remote::Object& object : objects) {
      const Result<ObjectId> id = IdOf(object);
      if (id.ok() && !store.Has(*id)) absent.push_back(object);
    }
    if (!absent.empty()) {
      PANO_ASSIGN_OR_RETURN(std::vector<remote::Object> nowhere,
                            remote::Missing(*to, absent, options.stop));
      PANO_ASSIGN_OR_RETURN(const uint64_t in_chunks,
                            PushFromChunks(workspace, *to, &nowhere, options.stop));
      report.moved += in_chunks;
      for (const remote::Object& object : nowhere) {
        if (report.missing.size() < kMissingShownMax)
          report.missing.push_back(StrCat(Printable(object.name, 200), " (", object.oid, ")"));
      }
      const std::set<std::string> gone = [&] {
        std::set<std::string> oids;
        for (const remote::Object& object : absent) oids.insert(object.oid);
        return oids;
      }();
      // A manifest is no longer sent where one of its files is nowhere.
      std::erase_if(objects, [&](const remote::Object& object) {
        return gone.contains(object.oid) || (!nowhere.empty() && remote::IsManifestId(object.oid));
      });
    }
    const auto path_of = [&store](const remote::Object& object) -> Result<std::string> {
      PANO_ASSIGN_OR_RETURN(const ObjectId id, IdOf(object));
      // Of today's objects the remote hashes what it sends; text of DVC 2 is hashed here.
      if (!object.legacy) return store.Path(id);
      return store.Verified(id);
    };
    PANO_ASSIGN_OR_RETURN(const remote::TransferReport moved,
                          remote::Push(*to, objects, path_of, TransferOptionsOf(options),
                                       workspace.repository().env()));
    report.moved += moved.moved;
    report.present += moved.present;
    report.bytes += moved.bytes;
  }
  return report;
}

Status FetchFrom(Workspace& workspace, const std::vector<Target>& targets,
                 const RemoteSource& source, const SyncOptions& options, SyncReport* report) {
  std::shared_ptr<remote::Remote> from;
  // Nobody is asked where all is here.
  const auto fetch = [&](std::vector<remote::Object> objects) -> Status {
    const bool all_here =
        std::all_of(objects.begin(), objects.end(), [&](const remote::Object& object) {
          const Result<ObjectId> id = IdOf(object);
          return id.ok() && workspace.store().Has(*id);
        });
    if (all_here) {
      report->present += objects.size();
      return {};
    }
    if (!from) {
      PANO_ASSIGN_OR_RETURN(from, source());
    }
    return FetchObjects(workspace, *from, std::move(objects), options, report);
  };
  std::vector<remote::Object> manifests, files;
  for (const Target& target : targets) {
    if (target.output->id->folder)
      manifests.push_back(ObjectOf(*target.output->id, target.output->path + "/"));
  }
  PANO_RETURN_IF_ERROR(fetch(std::move(manifests)));
  for (const Target& target : targets) {
    const ObjectId& id = *target.output->id;
    if (!id.folder) {
      files.push_back(ObjectOf(id, target.output->path));
      continue;
    }
    const Result<DataTree> tree = workspace.Tree(id);
    if (!tree.ok() && tree.error().code() == StatusCode::kNotFound) continue;  // reported already
    if (!tree.ok()) return tree.error().Wrap(StrCat("'", Printable(target.output->path, 200), "'"));
    AddEntries(*tree, target, &files);
  }
  return fetch(std::move(files));
}

Result<SyncReport> Fetch(Workspace& workspace, const std::vector<Target>& targets,
                         const SyncOptions& options) {
  SyncReport report;
  PANO_ASSIGN_OR_RETURN(const auto groups, ByRemote(targets, options));
  for (const auto& [name, group] : groups) {
    const auto open = [&workspace, &options,
                       &remote_name = name]() -> Result<std::shared_ptr<remote::Remote>> {
      PANO_ASSIGN_OR_RETURN(std::unique_ptr<remote::Remote> opened,
                            OpenRemote(workspace.repository(), remote_name, options.jobs));
      return std::shared_ptr<remote::Remote>(std::move(opened));
    };
    PANO_RETURN_IF_ERROR(FetchFrom(workspace, group, open, options, &report));
  }
  return report;
}

Result<std::set<ObjectId>> NotInRemote(Workspace& workspace, const std::vector<Target>& targets,
                                       const SyncOptions& options) {
  std::set<ObjectId> missing;
  PANO_ASSIGN_OR_RETURN(auto groups, ByRemote(targets, options));
  for (auto& [name, group] : groups) {
    std::erase_if(group, [](const Target& target) { return !target.output->push; });
    if (group.empty()) continue;
    PANO_ASSIGN_OR_RETURN(const std::unique_ptr<remote::Remote> at,
                          OpenRemote(workspace.repository(), name, options.jobs));
    PANO_ASSIGN_OR_RETURN(Wanted wanted, WantedOf(workspace, group, /*skip_unknown=*/true));
    wanted.files.insert(wanted.files.end(), wanted.manifests.begin(), wanted.manifests.end());
    PANO_ASSIGN_OR_RETURN(const std::vector<remote::Object> absent,
                          remote::Missing(*at, wanted.files, options.stop));
    for (const remote::Object& object : absent) {
      PANO_ASSIGN_OR_RETURN(const ObjectId id, IdOf(object));
      missing.insert(id);
    }
  }
  return missing;
}

Result<DataTree> ManifestOnRemote(const Repository& repository, const Output& output) {
  if (!output.id || !output.id->folder) {
    return InvalidArgument(StrCat("'", Printable(output.path, 200), "' is no folder"));
  }
  const auto from = OpenRemote(repository, output.remote);
  if (!from.ok()) return NotFound(from.error().message());
  std::string text;
  const Status got = (*from)->Get(
      output.id->RelativePath(), 0,
      [&text](uint64_t offset, std::span<const std::byte> bytes) -> Status {
        text.resize(static_cast<size_t>(offset));
        if (text.size() + bytes.size() > DataTree::kBytesMax) {
          return Corruption("the manifest is too large");
        }
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
      },
      {});
  // A remote that cannot be reached has it as little as one that lacks it.
  if (!got.ok()) return got.code() == StatusCode::kCorruption ? got : NotFound(got.message());
  if (HexDigest(Digest::kMd5, text) != output.id->md5.Hex()) {
    return Corruption(StrCat((*from)->Name(), ": the manifest of '", Printable(output.path, 200),
                             "' is not what its name says"));
  }
  return DataTree::Parse(text, output.id->hash);
}

Result<std::vector<std::string>> PathsNotInRemote(Workspace& workspace,
                                                  const std::vector<Output>& outputs,
                                                  bool granular) {
  std::vector<Target> targets;
  for (const Output& output : outputs) targets.push_back({&output, ""});
  PANO_ASSIGN_OR_RETURN(const std::set<ObjectId> missing, NotInRemote(workspace, targets, {}));
  std::vector<std::string> paths;
  for (const Output& output : outputs) {
    if (!Moves(output) || !output.push) continue;
    if (missing.contains(*output.id)) paths.push_back(output.Shown());
    if (!granular || !output.id->folder) continue;
    const Result<DataTree> tree = workspace.Tree(*output.id);
    if (!tree.ok() && tree.error().code() == StatusCode::kNotFound) continue;
    if (!tree.ok()) return tree.error();
    for (size_t i = 0; i < tree->size(); ++i) {
      if (missing.contains(tree->object(i)))
        paths.push_back(StrCat(output.path, "/", tree->path(i)));
    }
  }
  return paths;
}

Result<uint64_t> CollectRemote(const Repository& repository, const std::set<ObjectId>& used,
                               const SyncOptions& options) {
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<remote::Remote> at,
                        OpenRemote(repository, options.remote, options.jobs));
  std::vector<std::string> keys;
  PANO_RETURN_IF_ERROR(at->List(
      "files/md5/",
      [&](const remote::Remote::Entry& entry) -> Status {
        const std::optional<std::string> oid = remote::ObjectIdOfKey(entry.key);
        if (!oid) return {};  // not ours
        PANO_ASSIGN_OR_RETURN(const ObjectId id, ObjectId::Parse(*oid));
        if (!used.contains(id)) keys.push_back(entry.key);
        return {};
      },
      options.stop));
  // Manifests first: one that stays has all its files.
  std::stable_partition(keys.begin(), keys.end(),
                        [](const std::string& key) { return key.ends_with(".dir"); });
  PANO_RETURN_IF_ERROR(
      remote::ForEachInParallel(keys.size(), at->jobs_hint(), 1, options.stop,
                                [&](size_t i) { return at->Remove(keys[i], options.stop); }));
  return keys.size();
}

}  // namespace pano::data
