#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pano::batches {

// A file that a tenant sent, or that a batch wrote. A value.
struct FileRecord {
  std::string id;  // "file-..."
  std::string tenant;
  std::string name;     // as it was sent
  std::string purpose;  // "batch", "batch_output"
  int64_t bytes = 0;
  int64_t created = 0;  // Unix seconds
};

// What a batch is at. Kept on disk: do not renumber.
enum class BatchStatus : uint8_t {
  kValidating = 0,
  kInProgress = 1,
  kFinalizing = 2,
  kCompleted = 3,
  kFailed = 4,   // its input is no list of requests
  kExpired = 5,
  kCancelling = 6,
  kCancelled = 7,
};
inline constexpr size_t kBatchStatuses = 8;
std::string_view BatchStatusName(BatchStatus status);  // "validating", "in_progress", ...
// Whether nothing happens to it any more.
bool IsFinal(BatchStatus status);

// A batch. A value.
struct BatchRecord {
  std::string id;  // "batch_..."
  std::string tenant;
  std::string principal;  // who made it, as PrincipalText writes it
  std::string endpoint;   // "/v1/chat/completions"
  std::string window;     // "24h"
  std::string metadata;   // JSON; "": none
  std::string input_file;
  std::string output_file;  // "": none was written
  std::string error_file;
  std::string errors;  // of a failed one: JSON, a list of {"code", "message", "param", "line"}
  BatchStatus status = BatchStatus::kValidating;
  int64_t created = 0;  // Unix seconds, as all that follow
  int64_t expires = 0;
  std::array<int64_t, kBatchStatuses> since = {};  // when it came to each status; 0: never
  int64_t total = 0;                               // lines; 0 until they are counted
  int64_t completed = 0;
  int64_t failed = 0;
};

// The outcome of one line.
struct LineResult {
  int64_t line = 0;  // from 0
  bool ok = false;   // for the output file; else for the error file
  std::string text;  // its line there, without the line end
};

}  // namespace pano::batches
