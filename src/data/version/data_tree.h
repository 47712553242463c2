#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/version/object_id.h"

namespace pano::data {

// The manifest of a folder: path and digest of each file, sorted by path (bytes of UTF-8, which is the order of code
// points). Its text is what Python's json.dumps(entries, sort_keys=True) writes, to the byte: the digest of the
// text is the folder's id. Paths lie one behind the other, so a million files cost little more than their names.
// Thread-compatible.
class DataTree {
 public:
  explicit DataTree(HashName hash = HashName::kMd5) : hash_(hash) {}

  size_t size() const { return entries_.size(); }
  std::string_view path(size_t i) const { return std::string_view(paths_).substr(entries_[i].offset, entries_[i].length); }
  const Md5& md5(size_t i) const { return entries_[i].md5; }
  ObjectId object(size_t i) const { return {md5(i), /*folder=*/false, hash_}; }
  HashName hash() const { return hash_; }

  // Where `path` stands, or the first entry behind it.
  size_t LowerBound(std::string_view path) const;
  std::optional<size_t> Find(std::string_view path) const;
  // The entries of `path` itself or below it: [first, last).
  std::pair<size_t, size_t> Below(std::string_view path) const;

  // REQUIRES: `path` passes CheckRelativePath and follows the last one in order.
  void Append(std::string_view path, const Md5& md5);
  void Reserve(size_t count, size_t path_bytes);

  std::string Text() const;
  ObjectId id() const;   // of Text()
  // Whether Text() is `text`, in a fraction of the time that id() takes.
  bool HasText(std::string_view text) const;

  // Corruption or InvalidArgument, with the place, unless the text is a list of {"md5","relpath"} whose paths pass
  // CheckRelativePath, differ, and of which none is a folder of another. The order may be any.
  static Result<DataTree> Parse(std::string_view text, HashName hash = HashName::kMd5);

  static constexpr size_t kBytesMax = size_t{2} << 30;

 private:
  struct Entry {
    Md5 md5;
    uint32_t length;
    uint64_t offset;
  };
  HashName hash_;
  std::string paths_;
  std::vector<Entry> entries_;
};

}  // namespace pano::data
