#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "data/version/data_env.h"

namespace pano::data {

// One line of a .dvcignore or .gitignore (gitignore(5)): '!' takes back, '/' at the end means folders only, a '/'
// before that ties it to the file's folder, '*' '?' '[...]' stay within a part, "**" spans parts. A value.
class IgnorePattern {
 public:
  // Nothing for an empty line or a comment.
  static bool Parse(std::string_view line, IgnorePattern* out);
  // `path` is relative to the folder of the file that the pattern stands in.
  bool Matches(std::string_view path, bool is_folder) const;
  bool negated() const { return negated_; }

 private:
  std::vector<std::string> parts_;   // "**" alone spans any number of parts
  bool negated_ = false, folders_only_ = false, anchored_ = false;
};

// Matches one part against a pattern without '/': '*', '?', '[...]', '\'. Linear in the two lengths' product.
bool MatchesGlob(std::string_view pattern, std::string_view name);

// Patterns of one file, in order: the last that matches decides. Immutable, so thread-safe.
class IgnoreFile {
 public:
  static Result<IgnoreFile> Parse(std::string_view text);
  // 1: ignored, 0: taken back, -1: no pattern matches.
  int Match(std::string_view path, bool is_folder) const;
  bool empty() const { return patterns_.empty(); }

  static constexpr size_t kBytesMax = 1 << 20;
  static constexpr size_t kPatternsMax = 10'000;

 private:
  std::vector<IgnorePattern> patterns_;
};

// What the .dvcignore files of a repository leave out, besides .git, .hg and .dvc themselves. Each file is read when
// the first path below its folder is asked about. Thread-safe.
class Ignore {
 public:
  Ignore(std::string root, DataEnv& env) : root_(std::move(root)), env_(env) {}

  // The rules for what lies in one folder. Immutable, so thread-safe.
  class Scope {
   public:
    // Whether `name` in the folder is left out; the folders above are taken not to be.
    bool LeavesOut(std::string_view name, bool is_folder) const;

   private:
    friend class Ignore;
    struct Level {
      std::string prefix;   // of the folder, from the one of the file: "a/b/"
      std::shared_ptr<const IgnoreFile> file;
    };
    std::vector<Level> levels_;   // the nearest first
  };
  // `folder` is relative to the root, "" = it. InvalidArgument names a file that cannot be read.
  Result<Scope> ScopeOf(std::string_view folder) const;
  // The same for a whole path, with the folders above it.
  Result<bool> LeavesOut(std::string_view path, bool is_folder) const;

 private:
  Result<std::shared_ptr<const IgnoreFile>> FileOf(std::string_view folder) const;

  const std::string root_;
  DataEnv& env_;
  mutable Mutex mu_;
  mutable std::map<std::string, std::shared_ptr<const IgnoreFile>, std::less<>> files_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::data
