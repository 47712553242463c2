// Workspace::Checkout: what an output says becomes what the workspace has.

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/strings.h"
#include "data/version/relative_path.h"
#include "data/version/workspace.h"

namespace pano::data {
namespace {

constexpr size_t kPathsShown = 20;
constexpr size_t kBatch = 65'536;   // files that are placed before their stamps are recorded

}  // namespace

// One checkout: looks, decides without touching anything, then acts. Confined to one call.
class CheckoutRun {
 public:
  CheckoutRun(Workspace& workspace, const Output& output, const CheckoutOptions& options)
      : w_(workspace), env_(workspace.repository().env()), output_(output), options_(options),
        full_(workspace.repository().Absolute(output.path)) {}

  Result<bool> Run() {
    PANO_RETURN_IF_ERROR(CheckAbove());
    if (output_.id->folder) {
      PANO_ASSIGN_OR_RETURN(tree_, w_.Tree(*output_.id));
    } else if (!options_.part.empty()) {
      return NotFound(StrCat(output_.path, ": is a file; there is no ", options_.part, " in it"));
    }
    PANO_RETURN_IF_ERROR(output_.id->folder ? PlanFolder() : PlanFile());
    if (!unsaved_.empty() && !options_.force) return Refusal();
    PANO_RETURN_IF_ERROR(Act());
    return !place_.empty() || !remove_.empty() || made_folder_;
  }

  // Everything there goes.
  Status RunRemoval() {
    PANO_RETURN_IF_ERROR(CheckAbove());
    PANO_ASSIGN_OR_RETURN(const bool there, PlanClearing());
    if (!there) return {};
    if (!unsaved_.empty() && !options_.force) return Refusal();
    PANO_RETURN_IF_ERROR(RemovePlanned());
    return RemoveEmptyFolders("");
  }

 private:
  // Folders above the output must be folders of the repository, not links out of it.
  Status CheckAbove() {
    for (size_t slash = output_.path.find('/'); slash != std::string::npos; slash = output_.path.find('/', slash + 1)) {
      const std::string folder = output_.path.substr(0, slash);
      const auto info = env_.LinkInfo(w_.repository().Absolute(folder));
      if (!info.ok()) return info.status().code() == StatusCode::kNotFound ? OkStatus() : info.status().Wrap(folder);
      if (info->kind == EntryInfo::Kind::kFolder) continue;
      if (info->kind == EntryInfo::Kind::kLink && LeadsInside(w_.repository(), folder)) continue;
      return InvalidArgument(StrCat(output_.path, ": ", folder, " is no folder of the repository; nothing is written through it"));
    }
    return {};
  }

  bool Saved(const Md5& md5) {
    return w_.store().Verified({md5, false, output_.id ? output_.id->hash : HashName::kMd5}).ok() ||
           w_.store().Verified({md5, false, HashName::kMd5}).ok();
  }

  // Whatever stands at the output's path is to go. False when nothing does.
  Result<bool> PlanClearing() {
    const auto info = env_.LinkInfo(full_);
    if (!info.ok()) {
      if (info.status().code() == StatusCode::kNotFound) return false;
      return info.status().Wrap(output_.path);
    }
    if (info->kind == EntryInfo::Kind::kFolder) {
      PANO_ASSIGN_OR_RETURN(const FileList files, List());
      PANO_ASSIGN_OR_RETURN(const std::vector<Md5> digests, w_.HashFiles(output_.path, files, Hash()));
      for (size_t i = 0; i < files.size(); ++i) {
        PlanRemoval(files.path(i), files.entries[i].foreign, digests[i]);
      }
      clear_folder_ = true;
      return true;
    }
    auto target = env_.EntryInfoOf(full_);
    const bool inside = info->kind != EntryInfo::Kind::kLink || (target.ok() && LeadsInside(w_.repository(), output_.path));
    if (!inside || target->kind != EntryInfo::Kind::kFile) {
      PlanRemoval("", /*foreign=*/true, Md5());
      return true;
    }
    FileStamp stamp = StampOf(*target);
    PANO_ASSIGN_OR_RETURN(const Md5 md5, w_.HashFile(full_, &stamp, Hash()));
    PlanRemoval("", /*foreign=*/false, md5);
    found_ = md5;
    found_executable_ = target->executable();
    return true;
  }

  HashName Hash() const { return output_.id ? output_.id->hash : HashName::kMd5; }

  Result<FileList> List() {
    return ListFiles(w_.repository(), w_.ignore(), output_.path, LinkPolicy::kTolerate, w_.threads_);
  }

  void PlanRemoval(std::string_view path, bool foreign, const Md5& md5) {
    remove_.emplace_back(path);
    if (foreign || !Saved(md5)) unsaved_.emplace_back(path);
  }

  Status PlanFile() {
    PANO_ASSIGN_OR_RETURN(const bool there, PlanClearing());
    if (there && found_ && *found_ == output_.id->md5) {
      remove_.clear();
      unsaved_.clear();
      // The bit alone may be wrong.
      if (!options_.relink && (!output_.executable || found_executable_)) return {};
    }
    if (there && !clear_folder_) remove_.clear();   // renamed over, in one step
    place_.push_back(0);
    return {};
  }

  Status PlanFolder() {
    auto [first, last] = tree_.Below(options_.part);
    if (!options_.part.empty() && first == last) {
      return NotFound(StrCat(output_.path, ": its manifest has no ", Printable(options_.part)));
    }
    const auto info = env_.LinkInfo(full_);
    FileList files;
    std::vector<Md5> digests;
    if (info.ok() && info->kind != EntryInfo::Kind::kFolder) {
      // A file, or a link, where the folder is to be.
      const auto target = env_.EntryInfoOf(full_);
      if (info->kind == EntryInfo::Kind::kLink && target.ok() && target->kind == EntryInfo::Kind::kFolder &&
          LeadsInside(w_.repository(), output_.path)) {
        PANO_ASSIGN_OR_RETURN(const bool same, w_.Unchanged(output_));
        if (same) return {};
      }
      PANO_RETURN_IF_ERROR(PlanClearing().status());
    } else if (info.ok()) {
      PANO_ASSIGN_OR_RETURN(files, List());
      PANO_ASSIGN_OR_RETURN(digests, w_.HashFiles(output_.path, files, Hash()));
    } else if (info.status().code() != StatusCode::kNotFound) {
      return info.status().Wrap(output_.path);
    }
    made_folder_ = !info.ok();
    size_t t = first, f = 0;
    while (t < last || f < files.size()) {
      if (f < files.size() && !Within(files.path(f), options_.part)) {
        ++f;
        continue;
      }
      const int order = t == last ? 1 : f == files.size() ? -1 : tree_.path(t).compare(files.path(f));
      if (order < 0) {
        place_.push_back(t++);
      } else if (order > 0) {
        PlanRemoval(files.path(f), files.entries[f].foreign, digests[f]);
        ++f;
      } else {
        const bool same = !files.entries[f].foreign && digests[f] == tree_.md5(t);
        if (!same || options_.relink) {
          if (files.entries[f].foreign || (!same && !Saved(digests[f]))) unsaved_.emplace_back(tree_.path(t));
          place_.push_back(t);
        }
        ++t;
        ++f;
      }
    }
    return CheckFolders();
  }

  // Nothing is written through a link, nor is one removed for a folder: whoever made it may want what it leads to.
  Status CheckFolders() {
    return ForEachFolder([&](std::string_view folder) -> Status {
      const auto info = env_.LinkInfo(FullOf(folder));
      if (!info.ok() || info->kind != EntryInfo::Kind::kLink) return {};
      return InvalidArgument(StrCat(PathOf(folder), " is a link where the data has a folder: remove it first"));
    });
  }

  // Each folder, from the output's path, that holds something that is placed: those above before those below.
  Status ForEachFolder(const std::function<Status(std::string_view)>& visit) {
    if (!output_.id->folder) return {};
    std::string last;
    for (const size_t i : place_) {
      const std::string_view path = tree_.path(i);
      for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
        const std::string_view folder = path.substr(0, slash);
        if (Within(last, folder)) continue;
        last = folder;
        PANO_RETURN_IF_ERROR(visit(folder));
      }
    }
    return {};
  }

  Status Refusal() const {
    std::string text = StrCat(output_.path, ": this is not in the cache and would be lost (--force does it all the same):");
    for (size_t i = 0; i < unsaved_.size() && i < kPathsShown; ++i) text += StrCat("\n  ", Printable(PathOf(unsaved_[i]), 300));
    if (unsaved_.size() > kPathsShown) text += StrCat("\n  and ", unsaved_.size() - kPathsShown, " more");
    return Status(StatusCode::kPermissionDenied, text).WithReason("unsaved");
  }

  std::string PathOf(std::string_view below) const { return below.empty() ? output_.path : StrCat(output_.path, "/", below); }
  std::string FullOf(std::string_view below) const { return below.empty() ? full_ : StrCat(full_, "/", below); }

  Status RemovePlanned() {
    for (const std::string& path : remove_) {
      PANO_RETURN_IF_ERROR(env_.Remove(FullOf(path)).Wrap(StrCat(PathOf(path), ": cannot remove")));
    }
    // Folders that became empty by that.
    std::set<std::string, std::greater<>> folders;
    for (const std::string& path : remove_) {
      for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1)) {
        if (!folders.insert(path.substr(0, slash)).second) break;
      }
    }
    for (const std::string& folder : folders) (void)env_.Remove(FullOf(folder));   // stays where something is in it
    return {};
  }

  // Folders without files, which nobody tracks, below a folder that is to go; then the folder.
  Status RemoveEmptyFolders(const std::string& below) {
    const auto info = env_.LinkInfo(FullOf(below));
    if (!info.ok() || info->kind != EntryInfo::Kind::kFolder) return {};
    const auto names = env_.List(FullOf(below));
    if (!names.ok()) return names.status().Wrap(PathOf(below));
    for (const std::string& name : *names) PANO_RETURN_IF_ERROR(RemoveEmptyFolders(below.empty() ? name : StrCat(below, "/", name)));
    const Status removed = env_.Remove(FullOf(below));
    return removed.ok() ? removed : removed.Wrap(StrCat(PathOf(below), ": cannot remove; something that is ignored lies in it"));
  }

  Status Act() {
    if (place_.empty() && remove_.empty() && !made_folder_) return {};
    PANO_RETURN_IF_ERROR(RemovePlanned());
    if (clear_folder_) PANO_RETURN_IF_ERROR(RemoveEmptyFolders(""));
    if (!output_.id->folder) {
      PANO_RETURN_IF_ERROR(MakeFolders(env_, std::string(FolderName(full_))));
    } else {
      PANO_RETURN_IF_ERROR(MakeFolders(env_, full_));
      PANO_RETURN_IF_ERROR(MakeFoldersOfTree());
    }
    for (size_t begin = 0; begin < place_.size(); begin += kBatch) {
      PANO_RETURN_IF_ERROR(PlaceBatch(begin, std::min(place_.size(), begin + kBatch)));
    }
    return failures_ == 0 ? OkStatus() : failure_;
  }

  Status MakeFoldersOfTree() {
    return ForEachFolder([&](std::string_view folder) -> Status {
      const std::string full = FullOf(folder);
      const auto info = env_.LinkInfo(full);
      if (info.ok() && info->kind == EntryInfo::Kind::kFolder) return {};
      if (info.ok()) return InvalidArgument(StrCat(PathOf(folder), " is no folder: nothing is written through it"));
      const Status made = env_.MakeFolder(full);
      return made.code() == StatusCode::kAlreadyExists ? OkStatus() : made.Wrap(PathOf(folder));
    });
  }

  ObjectId IdOf(size_t i) const { return output_.id->folder ? tree_.object(i) : *output_.id; }
  std::string Below(size_t i) const { return output_.id->folder ? std::string(tree_.path(i)) : std::string(); }

  // Missing and corrupt objects are counted and the rest is placed; a full disk ends it.
  Status PlaceBatch(size_t begin, size_t end) {
    std::vector<FileStamp> stamps(end - begin);
    Mutex mu;
    const Status placed = w_.ForEach(end - begin, [&](size_t k) -> Status {
      const size_t i = place_[begin + k];
      const std::string path = FullOf(Below(i));
      // A folder that is in the way was emptied; what is left of it is empty folders.
      if (const auto info = env_.LinkInfo(path); info.ok() && info->kind == EntryInfo::Kind::kFolder) {
        if (const Status cleared = RemoveEmptyFolders(Below(i)); !cleared.ok()) return cleared;
      }
      const Status status = w_.store().PlaceAt(IdOf(i), path, output_.executable);
      if (!status.ok()) {
        if (status.code() != StatusCode::kNotFound && status.code() != StatusCode::kCorruption) return status;
        MutexLock lock(mu);
        if (failures_++ == 0) failure_ = status.Wrap(PathOf(Below(i)));
        return {};
      }
      if (const auto info = env_.EntryInfoOf(path); info.ok()) stamps[k] = StampOf(*info);
      return {};
    });
    if (placed.ok()) Remember(begin, stamps);
    return placed;
  }

  // Once a further change would show in the files' times, their digests may be recorded.
  void Remember(size_t begin, const std::vector<FileStamp>& stamps) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(StateCache::kRacyNs * 5 / 4));
    const int64_t now = StateCache::Now();
    (void)w_.ForEach(stamps.size(), [&](size_t k) -> Status {
      if (stamps[k].inode == 0) return {};
      const size_t i = place_[begin + k];
      const auto info = env_.EntryInfoOf(FullOf(Below(i)));
      if (info.ok() && StampOf(*info) == stamps[k]) w_.state().Record(stamps[k], Hash(), IdOf(i).md5, now);
      return {};
    });
  }

  Workspace& w_;
  DataEnv& env_;
  const Output& output_;
  const CheckoutOptions& options_;
  const std::string full_;
  DataTree tree_;
  std::optional<Md5> found_;          // of a file at the output's path
  bool found_executable_ = false;
  std::vector<size_t> place_;         // of the tree, or 0 for a file
  std::vector<std::string> remove_;   // below the output's path
  std::vector<std::string> unsaved_;  // of those and of what is overwritten
  bool clear_folder_ = false;         // a folder stands where a file is to be, or nothing
  bool made_folder_ = false;
  size_t failures_ = 0;
  Status failure_;
};

Result<bool> Workspace::Checkout(const Output& output, const CheckoutOptions& options) {
  PANO_RETURN_IF_ERROR(output.CheckSupported());
  if (!output.id || !output.cached) return false;   // never committed, or git's
  return CheckoutRun(*this, output, options).Run();
}

Status Workspace::RemoveData(const Output& output, bool force) {
  CheckoutOptions options;
  options.force = force;
  return CheckoutRun(*this, output, options).RunRemoval();
}

}  // namespace pano::data
