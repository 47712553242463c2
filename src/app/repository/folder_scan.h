#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/models/model_host.h"
#include "base/env.h"
#include "base/file_stamp.h"
#include "base/result.h"
#include "base/status.h"

namespace pano::repository {

// One version's folder as it lies on the disk. A value.
struct FoundVersion {
  models::ModelTarget target;
  std::string path;             // as format::OpenModel takes it
  uint64_t content = 0;         // a hash over names, sizes and times of change of its files
  uint64_t weight_bytes = 0;    // of the files that hold weights
  int64_t changed_unix_ns = 0;  // the latest of these times; 0: not known
  bool listed = false;          // a manifest says that all of it is there
  std::string growing = {};     // why it is certain to be incomplete; "": it is not
};

// A model's folder: its versions by number, and the text of its settings.
struct FoundModel {
  std::string id;
  std::vector<FoundVersion> versions;  // lowest first
  std::string settings = {};           // of model.yaml; "": there is none
  std::string settings_path = {};
  Status settings_read = {};           // why it could not be read
};

// What stands below a folder of models. A value.
struct Scan {
  std::vector<FoundModel> models;      // by id
  std::vector<std::string> problems;   // folders that are no models, each with a reason
};

// Where files' stamps come from; times of 0 are not known. Thread-safe.
using FileStamps = std::function<FileStamp(const std::string& path)>;

struct ScanLimits {
  size_t models_max = 1024;
  size_t versions_max = 64;   // of a model; the highest count
  size_t files_max = 4096;    // of a version's folder
  size_t folders_max = 8192;  // looked into in all
  size_t adapters_max = 4096;  // of all models, each once for each version of its model
};

inline constexpr std::string_view kSettingsName = "model.yaml";
inline constexpr size_t kSettingsBytesMax = 64 << 10;

// Looks for models below `folder`:
//
//   ID/config.json ...            version "1" of ID
//   ID/VERSION/config.json ...    numeric folders are versions of ID
//   ORG/NAME/...                  ids of up to three parts
//
// A folder that holds files is a model; one that holds only folders, none of them numeric, is the first
// part of longer ids. Names that begin with '.' are passed over. Fails when `folder` itself cannot be
// read: what was there may still be. What is below and cannot be read is a problem of its own.
Result<Scan> ScanFolder(const std::string& folder, const Env& env, const FileStamps& stamps,
                        const ScanLimits& limits = {});

}  // namespace pano::repository
