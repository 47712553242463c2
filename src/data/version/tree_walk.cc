#include "data/version/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <thread>

#include "base/errno_status.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/threads.h"
#include "base/utf8.h"

namespace pano::data {
namespace {


struct Folder;

struct Child {
  std::string name;
  bool folder = false;
  FileList::Entry entry;
  std::unique_ptr<Folder> below;   // of a folder
};

// A folder that is listed; a tree of them until all is.
struct Folder {
  std::string path;            // from the root of the repository
  const Folder* above = nullptr;
  uint64_t device = 0, inode = 0;
  std::vector<Child> children; // sorted by name, folders as "name/"
};

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Lists folders from a queue until none is left. The threads share the queue; each folder is listed by one of them.
// Thread-safe.
class Walk {
 public:
  Walk(const Repository& repository, const Ignore& ignore, LinkPolicy policy)
      : repository_(repository), ignore_(ignore), policy_(policy), cache_(repository.cache_folder()) {}

  Status Run(Folder* root, int threads) {
    {
      MutexLock lock(mu_);
      queue_.push_back(root);
    }
    std::vector<std::jthread> workers;
    for (int i = 1; i < threads; ++i) workers.push_back(StartThread("data-walk", [this](const std::stop_token&) { Work(); }));
    Work();
    workers.clear();
    MutexLock lock(mu_);
    return status_;
  }

 private:
  void Work() {
    while (true) {
      Folder* folder = nullptr;
      {
        MutexLock lock(mu_);
        while (queue_.empty() && busy_ > 0 && status_.ok()) changed_.Wait(mu_);
        if (queue_.empty() || !status_.ok()) return;
        folder = queue_.back();   // depth first: fewer are open at a time
        queue_.pop_back();
        ++busy_;
      }
      const Status status = List(folder);
      MutexLock lock(mu_);
      --busy_;
      if (!status.ok() && status_.ok()) status_ = status;
      if (status.ok()) {
        for (Child& child : folder->children) {
          if (child.below) queue_.push_back(child.below.get());
        }
      }
      changed_.NotifyAll();
    }
  }

  Status List(Folder* folder) {
    const std::string full = repository_.Absolute(folder->path);
    DIR* const stream = ::opendir(full.c_str());
    if (stream == nullptr) return ErrnoStatus(errno).Wrap(StrCat(Printable(folder->path, 300), ": cannot list"));
    const std::unique_ptr<DIR, int (*)(DIR*)> closed(stream, ::closedir);
    const int fd = ::dirfd(stream);
    struct stat own;
    if (::fstat(fd, &own) == 0) {
      folder->device = own.st_dev;
      folder->inode = own.st_ino;
    }
    PANO_ASSIGN_OR_RETURN(const Ignore::Scope scope, ignore_.ScopeOf(folder->path));
    while (true) {
      errno = 0;
      const dirent* const found = ::readdir(stream);
      if (found == nullptr) {
        if (errno != 0) return ErrnoStatus(errno).Wrap(StrCat(Printable(folder->path, 300), ": cannot list"));
        break;
      }
      const std::string_view name = found->d_name;
      if (name == "." || name == "..") continue;
      PANO_RETURN_IF_ERROR(Take(folder, fd, scope, name));
    }
    std::sort(folder->children.begin(), folder->children.end(), [](const Child& a, const Child& b) {
      // As if a folder's name ended in '/', which is how whole paths compare.
      const size_t n = std::min(a.name.size(), b.name.size());
      const int order = std::memcmp(a.name.data(), b.name.data(), n);
      if (order != 0) return order < 0;
      const auto next = [n](const Child& c) { return n < c.name.size() ? static_cast<unsigned char>(c.name[n]) : c.folder ? '/' : 0; };
      return next(a) < next(b);
    });
    return {};
  }

  Status Take(Folder* folder, int fd, const Ignore::Scope& scope, std::string_view name) {
    const auto path = [&] { return StrCat(folder->path, "/", name); };
    Child child;
    child.name = name;
    struct stat s;
    if (::fstatat(fd, child.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};   // gone meanwhile
      return ErrnoStatus(errno).Wrap(StrCat(Printable(path(), 300), ": cannot look at"));
    }
    if (S_ISLNK(s.st_mode)) {
      child.entry.link = true;
      PANO_RETURN_IF_ERROR(Follow(*folder, fd, path(), &child, &s));
    }
    child.folder = S_ISDIR(s.st_mode) && !child.entry.foreign;
    if (child.folder && child.entry.link) return {};   // DVC does not look behind it either
    if (scope.LeavesOut(name, child.folder)) return {};
    if (!Utf8Valid(name)) {
      return InvalidArgument(StrCat("the name '", Printable(path(), 300), "' is not UTF-8: manifests cannot hold it; rename it"));
    }
    if (name == ".dvcignore") {
      return InvalidArgument(StrCat(path(), ": a .dvcignore cannot lie inside of data; put its patterns into one above"));
    }
    if (name.size() > 255 || folder->path.size() + 1 + name.size() > 4096) return InvalidArgument(StrCat(Printable(path(), 300), ": the path is too long"));
    if (child.folder) {
      child.below = std::make_unique<Folder>();
      child.below->path = path();
      child.below->above = folder;
    } else if (!S_ISREG(s.st_mode) && !child.entry.foreign) {
      if (policy_ == LinkPolicy::kRefuse) return InvalidArgument(StrCat(Printable(path(), 300), ": is neither a file nor a folder"));
      child.entry.foreign = true;
    }
    child.entry.stamp = StampOf(EntryInfoFrom(s));
    child.entry.executable = (s.st_mode & 0100) != 0;
    folder->children.push_back(std::move(child));
    return {};
  }

  // Makes `s` what the link leads to, or the child foreign.
  Status Follow(const Folder& folder, int fd, const std::string& path, Child* child, struct stat* s) {
    const auto foreign = [&](std::string_view why) -> Status {
      if (policy_ == LinkPolicy::kRefuse) return InvalidArgument(StrCat("the link ", Printable(path, 300), " ", why));
      child->entry.foreign = true;
      return {};
    };
    struct stat target;
    if (::fstatat(fd, child->name.c_str(), &target, 0) != 0) {
      return foreign(errno == ELOOP ? "leads in a circle" : "leads to nothing");
    }
    if (!Inside(fd, child->name, path)) return foreign("leads out of the repository: its target is not followed");
    if (S_ISDIR(target.st_mode)) {
      for (const Folder* above = &folder; above != nullptr; above = above->above) {
        if (above->device == target.st_dev && above->inode == target.st_ino) return foreign("leads to a folder that it lies in");
      }
    }
    *s = target;
    return {};
  }

  bool Inside(int fd, const std::string& name, const std::string& path) const {
    char target[PATH_MAX];
    const ssize_t n = ::readlinkat(fd, name.c_str(), target, sizeof target);
    const std::string_view text(target, n < 0 ? 0 : static_cast<size_t>(n));
    // What cache.type = symlink makes: no need to resolve each.
    if (IsBelow(text, cache_) && text.find("/../") == text.npos) return true;
    return LeadsInside(repository_, path);
  }

  const Repository& repository_;
  const Ignore& ignore_;
  const LinkPolicy policy_;
  const std::string cache_;
  Mutex mu_;
  CondVar changed_;
  std::deque<Folder*> queue_ PANO_GUARDED_BY(mu_);
  int busy_ PANO_GUARDED_BY(mu_) = 0;
  Status status_ PANO_GUARDED_BY(mu_);
};

// Appends the files below in order and frees the tree on the way. `prefix` is the path from the listed folder.
void Flatten(Folder* folder, const std::string& prefix, FileList* out) {
  for (Child& child : folder->children) {
    const std::string path = prefix + child.name;
    if (child.folder) {
      Flatten(child.below.get(), path + "/", out);
      child.below.reset();
      continue;
    }
    child.entry.offset = out->paths.size();
    child.entry.length = static_cast<uint32_t>(path.size());
    out->paths += path;
    out->entries.push_back(child.entry);
  }
  std::vector<Child>().swap(folder->children);
}

}  // namespace

bool LeadsInside(const Repository& repository, const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(repository.Absolute(path).c_str(), nullptr), ::free);
  if (!real) return false;
  return IsBelow(real.get(), repository.root()) || IsBelow(real.get(), repository.cache_folder());
}

Result<FileList> ListFiles(const Repository& repository, const Ignore& ignore, const std::string& folder, LinkPolicy policy,
                           int threads) {
  Folder root;
  root.path = folder;
  Walk walk(repository, ignore, policy);
  PANO_RETURN_IF_ERROR(walk.Run(&root, threads));
  FileList out;
  Flatten(&root, "", &out);
  return out;
}

}  // namespace pano::data
