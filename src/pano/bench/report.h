#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/kernels/limits/limits.h"
#include "pano/bench/adapter_bench.h"
#include "pano/bench/decoder_bench.h"
#include "pano/bench/encoder_bench.h"
#include "pano/bench/model_work.h"

namespace pano::bench {

// Limits measured before and after the work, and read bandwidth also between its parts, as that of
// shared machines moves within seconds: the best counts, the distance of the first two says how
// much the machine changed.
struct LimitsPair {
  kernels::MachineLimits before, after;
  double read_between = 0;  // bytes a second, the best
  kernels::MachineLimits Best() const;
};

struct BenchReport {
  std::string model = {}, cpu = {}, isa = {};
  int threads = 0;
  LimitsPair limits = {};
  std::optional<ModelWork> work = {};  // without it there are no shares
  std::optional<DecoderRates> decoder = {};
  std::vector<EncoderRow> encoder = {};
  std::vector<AdapterRow> adapters = {};
};

// {"model","cpu","isa","threads","weights","limits","prefill","decode"}; "encode" or "adapters" in
// place of the last two.
json::Value ToJson(const BenchReport& report);
// What `--limits` prints: {"cpu","isa","threads","limits":{...,"by_threads":[...]}}.
json::Value LimitsToJson(const std::vector<kernels::MachineLimits>& by_threads, std::string cpu,
                         std::string isa);

// Either of them for people.
std::string FormatReport(const json::Value& report);

}  // namespace pano::bench
