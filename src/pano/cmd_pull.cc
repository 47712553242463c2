#include <cstdio>

#include "app/hub/hub_settings.h"
#include "app/hub/model_name.h"
#include "app/hub/pull.h"
#include "base/strings.h"
#include "pano/cli.h"
#include "pano/command_line/interrupt.h"
#include "pano/pull_progress.h"

namespace pano::cli {
namespace {

std::string HintFor(const Status& failure) {
  if (failure.code() == StatusCode::kCancelled) return "the same command goes on where this one ended";
  if (failure.reason() == "disk_full") return "HF_HUB_CACHE names another place; pano models rm makes room";
  if (failure.reason() == "certificate") return "SSL_CERT_FILE names the certificates to trust";
  if (failure.code() == StatusCode::kUnavailable || failure.code() == StatusCode::kDeadline) {
    return "HF_ENDPOINT names a mirror, https_proxy a proxy; what was fetched is kept";
  }
  return {};
}

}  // namespace

int RunPull(const Command& self, Args args) {
  int64_t connections = 8, part_bytes = 16 << 20;
  bool json = false;
  OptionSet options;
  options.Int("connections", &connections, 1, 64, "How many parts are fetched at once.");
  options.Int("part-bytes", &part_bytes, 64 << 10, 1ll << 30, "The size of the parts of a large file.", "BYTES");
  options.Flag("json", &json, "Print the progress and the result as lines of JSON.");
  Positionals names{"NAME", "hf:ORG/NAME[@REVISION][:FILE-or-TYPE], as in hf:Qwen/Qwen3-0.6B or "
                            "hf:org/name-GGUF:Q4_K_M.", 1, 1, {}};
  if (auto code = Parse(self, options, args, &names)) return *code;
  const Result<hub::ModelName> name = hub::ParseModelName(names.values[0]);
  if (!name.ok()) return Fail(self, name.error());
  const Result<hub::HubSettings> settings = hub::HubSettingsFromEnvironment();
  if (!settings.ok()) return Fail(self, settings.error());

  hub::PullOptions pull;
  pull.transfer.connections = static_cast<int>(connections);
  pull.transfer.segment_bytes = static_cast<uint64_t>(part_bytes);
  const StopOnSignal interrupt;
  Result<hub::PullResult> result = [&]() -> Result<hub::PullResult> {
    PullProgress progress(name->Text(), json);
    progress.Attach(pull);
    Result<hub::PullResult> outcome = hub::Pull(*name, *settings, pull, interrupt.token());
    if (outcome.ok()) progress.Finish(*outcome);
    else progress.Failed(outcome.error());
    return outcome;
  }();
  if (!result.ok()) return Fail(self, result.error(), HintFor(result.error()));
  if (!json) std::printf("%s\n", result->model.path.c_str());
  return 0;
}

}  // namespace pano::cli
