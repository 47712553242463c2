// Any line is a row that a model can take, or a failure that says why not.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/train/data/tokens_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::train;
  const RowLimits limits{.vocab_size = 100, .length_max = 8, .token_types = 2, .label_count = 3, .head_labels = {4}};
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const Task tasks[] = {Task::kCausalLm, Task::kPreference, Task::kEmbedding, Task::kSequenceClassification};
  for (Task task : tasks) {
    const auto row = ParseTokensLine(line, task, {{.name = "mood", .task = Task::kSequenceClassification, .labels = {}}}, limits);
    if (!row.ok()) {
      PANO_CHECK(!row.error().message().empty());
      continue;
    }
    for (const Sequence& s : row->sequences) {
      PANO_CHECK(!s.input_ids.empty() && s.input_ids.size() <= 8);
      for (int32_t id : s.input_ids) PANO_CHECK(id >= 0 && id < 100);
    }
  }
  return 0;
}
