#include "model/adapter/write_adapter.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "model/format/safetensors_write.h"

namespace pano::adapter {
namespace {

constexpr std::string_view kKeyPrefix = "base_model.model.";

}  // namespace

std::string AdapterKey(std::string_view module, std::string_view part) {
  return StrCat(kKeyPrefix, module, ".", part);
}

Status WriteAdapter(const std::string& folder, const AdapterConfig& config,
                    std::vector<format::TensorStream> tensors, Env& env) {
  const std::string path = JoinPath(folder, kWeightsFile);
  for (const format::TensorStream& tensor : tensors) {
    if (!tensor.name.starts_with(kKeyPrefix)) {
      return InvalidArgument(StrCat(path, ": key '", Printable(tensor.name),
                                    "' does not begin with '", kKeyPrefix, "'"));
    }
  }
  std::ranges::sort(tensors, {}, &format::TensorStream::name);
  PANO_RETURN_IF_ERROR(format::StreamSafetensors(path, tensors, {{"format", "pt"}}, env));
  // Last: a folder without it is no adapter.
  return WriteFile(JoinPath(folder, kConfigFile), AdapterConfigText(config), env);
}

std::vector<std::string> AllLinear(const BaseModules& base, const AdapterConfig& config) {
  std::vector<std::string> names;
  for (const BaseModule& module : base.all()) {
    const bool head = module.stored && module.stored->role == nn::TensorRole::kHead;
    const bool saved = std::ranges::any_of(config.modules_to_save, [&](const std::string& one) {
      return module.name.ends_with(one);
    });
    if (module.kind == ModuleKind::kLinear && !head && !saved) names.push_back(module.name);
  }
  return names;
}

}  // namespace pano::adapter
