#pragma once

#include <string>

#include "app/repository/folder_scan.h"
#include "base/env.h"

namespace pano::repository {

// The adapter at `path` as it lies on the disk, its target left out. Its content is the path and both files' stamps
// (base/file_stamp.h): other files under the same names are another adapter, whatever their sizes and times. Where one
// of them is missing, or is no file, `growing` says so.
FoundVersion ScanAdapter(const std::string& path, const Env& env, const FileStamps& stamps);

}  // namespace pano::repository
