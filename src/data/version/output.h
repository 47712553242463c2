#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "data/version/object_id.h"

namespace pano::data {

// A file or folder that a .dvc file, or a stage of dvc.yaml, says is data. A value.
struct Output {
  std::string path;              // from the root, parts joined by '/'
  std::string source;            // the file that says so, from the root: "a.csv.dvc", "dvc.lock"
  int line = 0;                  // in it, from 1; 0 unknown
  std::string stage;             // of dvc.yaml; "" for a .dvc file's

  std::optional<ObjectId> id;    // empty: never committed
  std::optional<uint64_t> bytes; // of the file, or of all files of the folder
  std::optional<uint64_t> files; // of a folder
  bool executable = false;
  bool cached = true;            // false: git keeps it, only its digest is ours
  bool persist = false;          // a stage does not remove it before it runs
  bool push = true;
  std::string remote;            // the remote that it belongs to; "" = the default
  bool frozen = false;           // imported: read only here
  bool has_files = false;        // the .dvc file lists `files` itself (cloud versioning): not supported

  // Unimplemented for what only a cloud's own versions hold.
  Status CheckSupported() const;
  // "folder/" for folders: what listings show.
  std::string Shown() const { return id && id->folder ? path + "/" : path; }
};

}  // namespace pano::data
