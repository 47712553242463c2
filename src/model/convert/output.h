#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace pano::convert {

// AlreadyExists when something stands at `path`; with `overwrite` a file may, but no folder.
Status CheckFileTarget(const std::string& path, bool overwrite);

// A folder that appears under its name when it is whole: files are written beside it, into path(),
// and Commit renames it. Without Commit nothing stays. Confined to one thread.
class FolderWriter {
 public:
  // AlreadyExists when something stands at `target`; with `overwrite` a folder may that holds
  // nothing but a model's files, which Commit replaces.
  static Status Check(const std::string& target, bool overwrite);

  explicit FolderWriter(std::string target);
  ~FolderWriter();
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  Status Create();
  const std::string& path() const { return temporary_; }
  Status Write(std::string_view name, std::string_view text);
  // What another model's folder holds beside weights and config.json: tokenizer, templates,
  // settings.
  Status CopyTexts(const std::string& from);
  // REQUIRES: Check passed.
  Status Commit();

 private:
  std::string target_, temporary_;
};

}  // namespace pano::convert
