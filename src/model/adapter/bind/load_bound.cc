#include <array>
#include <utility>

#include "base/env.h"
#include "base/file_stamp.h"
#include "base/process_limits.h"
#include "base/strings.h"
#include "model/adapter/adapter_config.h"
#include "model/adapter/bind/bind_adapter.h"

namespace pano::adapter {
namespace {

struct Files {
  explicit Files(const std::string& folder)
      : paths{JoinPath(folder, std::string(kConfigFile)), JoinPath(folder, std::string(kWeightsFile))} {
    for (size_t i = 0; i < paths.size(); ++i) stamps[i] = StampOf(paths[i]);
  }
  const std::array<std::string, 2> paths;
  std::array<FileStamp, 2> stamps;
};

Status CheckMemory(const Files& files, std::optional<uint64_t> bytes_left) {
  const uint64_t bytes = files.stamps[1].bytes;
  const uint64_t left = bytes_left.value_or(UINT64_MAX);
  const std::string& file = files.paths[1];
  if (!bytes_left) return CheckMemoryLeft(2 * bytes, StrCat(file, ": its bytes, twice while it is loaded,"));
  if (bytes <= left / 2) return {};
  return Status(StatusCode::kExhausted,
                StrCat(file, ": takes twice its ", FormatBytes(bytes), " while it is loaded, and ",
                       FormatBytes(left), " of memory are left"));
}

// A file that is cut short while it is mapped reads as zeros where the process survives that
// (MappedFile::SurviveFaults).
Status CheckSame(const Files& before, const Files& after) {
  for (size_t i = 0; i < before.paths.size(); ++i) {
    if (before.stamps[i] == after.stamps[i]) continue;
    return Corruption(StrCat(before.paths[i],
                             ": changed while it was read; write it elsewhere and rename it here"));
  }
  return {};
}

template <typename Model>
Result<std::shared_ptr<const nn::BoundAdapter>> LoadFor(const std::string& path,
                                                        std::shared_ptr<const BaseModules> modules,
                                                        const Model& model, const LoadOptions& options) {
  const Files before(path);
  PANO_RETURN_IF_ERROR(CheckMemory(before, options.bytes_left));
  PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const Adapter> adapter, LoadAdapter(path, std::move(modules)));
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<const nn::BoundAdapter> bound,
                        BindAdapter(*adapter, model, options.bind));
  PANO_RETURN_IF_ERROR(CheckSame(before, Files(path)));
  return bound;
}

}  // namespace

Result<std::shared_ptr<const nn::BoundAdapter>> LoadBoundAdapter(
    const std::string& path, std::shared_ptr<const BaseModules> modules, const nn::Model& model,
    LoadOptions options) {
  return LoadFor(path, std::move(modules), model, options);
}

Result<std::shared_ptr<const nn::BoundAdapter>> LoadBoundAdapter(
    const std::string& path, std::shared_ptr<const BaseModules> modules,
    const encoder::Encoder& encoder, LoadOptions options) {
  return LoadFor(path, std::move(modules), encoder, options);
}

}  // namespace pano::adapter
