#pragma once

#include <string>
#include <string_view>

#include "base/abandoned_files.h"
#include "base/env.h"
#include "base/status.h"

namespace pano::convert {

// AlreadyExists when something stands at `path`; with `overwrite` a file may, but no folder.
Status CheckFileTarget(const std::string& path, bool overwrite);

// A folder that appears under its name in one step, when it is whole: files are written beside it,
// into path(), and Commit renames it; a folder that it replaces changes places with it. Without
// Commit nothing stays. On file systems that cannot exchange two names, a crash inside Commit may
// leave both under names of their own, <target>.tmp-<hex> and <target>.tmp-<hex>-old. Confined to
// one thread.
class FolderWriter {
 public:
  // AlreadyExists when something stands at `target`; with `overwrite` a folder may that holds
  // nothing but a model's files, which Commit replaces.
  static Status Check(const std::string& target, bool overwrite);

  explicit FolderWriter(std::string target, Env& env = Env::Real());
  ~FolderWriter();
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  Status Create();
  const std::string& path() const { return temporary_; }
  // In one step, and synced (WriteFile). Whoever else writes into path() does the same.
  Status Write(std::string_view name, std::string_view text);
  // What another model's folder holds beside weights and config.json: tokenizer, templates,
  // settings, and the lineage that says which data made it.
  Status CopyTexts(const std::string& from);
  // REQUIRES: Check passed.
  Status Commit();

 private:
  Status Replace();

  const std::string target_, temporary_;
  Env& env_;
  WriteMark mark_;   // of the folder beside the target
};

}  // namespace pano::convert
