#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/version/ignore.h"
#include "data/version/repository.h"
#include "data/version/state_cache.h"

namespace pano::data {

// The files below a folder, sorted by path (bytes of "a/b"). Paths lie one behind the other. A value.
struct FileList {
  struct Entry {
    uint64_t offset = 0;
    uint32_t length = 0;
    bool executable = false;
    bool link = false;        // the name itself is a link; the stamp is that of what it leads to
    bool foreign = false;     // leads nowhere, out of the repository or in a circle (kTolerate), or is a device
    FileStamp stamp;
  };
  std::string paths;
  std::vector<Entry> entries;

  std::string_view path(size_t i) const { return std::string_view(paths).substr(entries[i].offset, entries[i].length); }
  size_t size() const { return entries.size(); }
};

enum class LinkPolicy {
  kRefuse,    // what cannot be data is an error that names it: for hashing
  kTolerate,  // it is listed as foreign: for whoever removes or replaces it
};

// Lists what lies below `folder` (from the root) with `threads` threads: .dvcignore applies, a link to a file
// counts as that file as long as it lies in the repository or its cache, links to folders are passed over, as by DVC.
// InvalidArgument for names that are not UTF-8, a .dvcignore inside (as
// DVC has it), and, with kRefuse, for what cannot be data.
Result<FileList> ListFiles(const Repository& repository, const Ignore& ignore, const std::string& folder, LinkPolicy policy,
                           int threads);

// Whether the link at `path` (from the root) leads to something in the repository or its cache.
bool LeadsInside(const Repository& repository, const std::string& path);

}  // namespace pano::data
