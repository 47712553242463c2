#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/auth/principal.h"
#include "app/batches/batch_store.h"
#include "app/batches/line_reader.h"
#include "app/batches/line_service.h"
#include "base/clock.h"

namespace pano::batches {

// A batch that is being run: which of its lines come next, which are being answered, and results that are not written
// yet. Confined to one thread.
class ActiveBatch {
 public:
  struct Line {
    int64_t number = 0;  // from 0
    std::string custom_id;
    std::string body;
    int tries = 0;
    TimePoint not_before{};  // of another try
  };

  // Lines that are `done` are passed over. Fails where the input cannot be read any more.
  static Result<ActiveBatch> Open(const BatchStore& store, BatchRecord record, std::set<int64_t> done,
                                  size_t line_bytes_max);

  const BatchRecord& record() const { return record_; }
  BatchRecord& record() { return record_; }
  // Who made it, as it was known then.
  const auth::Principal& principal() const { return principal_; }

  // The next line to be answered. Nothing where there is none at this time; `at` becomes the time of the next try where
  // that is earlier.
  Result<std::optional<Line>> Next(TimePoint now, TimePoint& at);
  // It is to be tried again.
  void Return(Line line) { again_.push_back(std::move(line)); }
  // A line that was answered, as it goes to the store.
  void AddResult(const Line& line, const std::string& request_id, const LineAnswer& answer);
  // A line that gets no answer any more; why, in OpenAI's shape: a code and a message.
  void AddUnanswered(const Line& line, std::string_view code, std::string_view message);

  // Writes the results that are there; they stay where that fails.
  Status Write(BatchStore& store);
  bool has_results() const { return !results_.empty(); }
  // Whether no line is left, apart from those being answered.
  bool drained() const { return !reader_ && again_.empty(); }

  struct Flight {
    Line line;
    std::string request_id;
    std::function<void()> cancel;
  };
  std::map<uint64_t, Flight> flights;  // being answered, by number
  bool stopping = false;               // cancelled, its time is over, or it is revoked: no line begins
  bool revoked = false;                // its maker may do nothing any more

 private:
  ActiveBatch(BatchRecord record, auth::Principal principal, LineReader reader, std::set<int64_t> done)
      : record_(std::move(record)), principal_(std::move(principal)), reader_(std::move(reader)), done_(std::move(done)) {}

  BatchRecord record_;
  auth::Principal principal_;
  std::optional<LineReader> reader_;  // none: the input was read to its end
  std::set<int64_t> done_;            // lines with results from before
  int64_t read_ = 0;
  std::vector<Line> again_;
  std::vector<LineResult> results_;
};

}  // namespace pano::batches
