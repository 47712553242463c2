#include "app/repository/adapter_scan.h"

#include <algorithm>

#include "app/repository/content_hash.h"
#include "base/strings.h"
#include "model/adapter/adapter_config.h"

namespace pano::repository {

FoundVersion ScanAdapter(const std::string& path, const Env& env, const FileStamps& stamps) {
  FoundVersion found{.target = {}, .path = path};
  ContentHash hash;
  hash.Add(path);
  for (std::string_view name : {adapter::kConfigFile, adapter::kWeightsFile}) {
    const std::string file = JoinPath(path, std::string(name));
    const Result<FileInfo> info = env.Stat(file);
    if (!info.ok() || info->kind != FileInfo::Kind::kFile) {
      if (found.growing.empty()) found.growing = StrCat(file, info.ok() ? ": is no file" : ": is not there");
      hash.Add("none");
      continue;
    }
    const FileStamp stamp = stamps(file);
    hash.Add(info->bytes);
    hash.Add(stamp.device);
    hash.Add(stamp.inode);
    hash.Add(static_cast<uint64_t>(stamp.mtime_ns));
    hash.Add(static_cast<uint64_t>(stamp.ctime_ns));
    // A copy that keeps times has its old one once it is whole; its entry has changed all the same.
    found.changed_unix_ns = std::max({found.changed_unix_ns, stamp.mtime_ns, stamp.ctime_ns});
    if (name == adapter::kWeightsFile) found.weight_bytes = info->bytes;
  }
  found.content = hash.value();
  return found;
}

}  // namespace pano::repository
