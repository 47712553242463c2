#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infra/sim/event_queue.h"

namespace pano::sim {

// A request of a trace. A value.
struct TraceRequest {
  Time arrival_s = 0;
  int64_t input_tokens = 1;
  int64_t output_tokens = 1;
  // What the input consists of, in blocks of kTraceBlockTokens: equal ids behind equal ones are equal text. Empty: not known.
  std::vector<int64_t> blocks = {};
  int32_t tenant = 0;  // whose it is
};

inline constexpr int64_t kTraceBlockTokens = 512;
inline constexpr size_t kTraceTenantsMax = 256;

inline constexpr size_t kTraceBytesMax = 1 << 30;
inline constexpr size_t kTraceRequestsMax = 20'000'000;
inline constexpr int64_t kTraceTokensMax = 100'000'000;  // of one request

// The requests of a trace, in their order:
//   - CSV with the columns TIMESTAMP, ContextTokens, GeneratedTokens (Azure's traces of LLM inference), in any
//     order, others left alone. Time 0 is the midnight before the first one.
//   - JSON lines with timestamp (milliseconds), input_length, output_length, and where they are there hash_ids (Mooncake's).
// Nothing is guessed: Corruption, with the line, where a value is missing or no number, is below 1 token, or where
// a line is earlier than the one before. A file without requests is Corruption too.
//
// A request says whose it is by the column Tenant, or by `tenant`, a text: `tenants` has the names by TraceRequest::tenant, in
// the order of their first requests. Where a trace has none, there is one without a name.
Result<std::vector<TraceRequest>> ParseTrace(std::string_view text, std::vector<std::string>* tenants = nullptr);

}  // namespace pano::sim
