// model.yaml.
#include <cstdint>
#include <string_view>

#include "app/model_settings/model_settings.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<model_settings::ModelSettings> settings = model_settings::ParseModelSettings(text);
  if (settings.ok()) {
    int percent = 0;
    for (const model_settings::Label& label : settings->labels) {
      PANO_CHECK(!label.name.empty() && !label.version.empty() && label.weight >= 0);
      percent += label.weight;
    }
    PANO_CHECK(percent <= 100);
    const batch::Batching batching = settings->batching.Over({});
    PANO_CHECK(batching.max_batch_size >= 1 && batching.max_queue_delay >= Duration::zero());
    PANO_CHECK(batching.default_priority_level <= batching.priority_levels);
    PANO_CHECK(!settings->batching.sync || batching.max_queue_delay == Duration::zero());
  } else {
    PANO_CHECK(!settings.error().message().empty());
  }
  return 0;
}
