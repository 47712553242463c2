// Any bytes as an adapter_config.json; what is understood is matched with names of modules, and
// written as it was read.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "model/adapter/adapter_config.h"
#include "model/adapter/module_matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::adapter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = ParseAdapterConfig(text);
  if (!config.ok()) return 0;
  const std::string written = AdapterConfigText(*config);
  const auto again = ParseAdapterConfig(written);
  if (!again.ok() || AdapterConfigText(*again) != written) std::abort();
  const auto matcher = ModuleMatcher::Create(*config);
  if (!matcher.ok()) return 0;
  for (std::string_view name :
       {"model.layers.0.self_attn.q_proj", "model.layers.1.mlp.experts.12.w1", "lm_head", "", ".",
        "transformer.h.3.attn.c_attn", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}) {
    (void)matcher->Targets(name);
    (void)matcher->Saved(name);
    (void)matcher->ScaleOf(name);
  }
  return 0;
}
