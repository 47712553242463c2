#pragma once

#include <string>
#include <vector>

#include "model/format/gguf_write.h"
#include "model/nn/fwd.h"

namespace pano::nn {

// Metadata on its way into a GGUF file; keys without the architecture in front. Thread-compatible.
class GgufFields {
 public:
  void Int(std::string key, int64_t value);
  void Float(std::string key, double value);
  void Bool(std::string key, bool value);

  std::vector<format::GgufEntry> entries;
  std::vector<std::string> notes;  // lines for whoever converts
};

// What ReadGguf* of gguf_fields.h read, as far as the configuration has it: sizes, epsilon of the
// norm's kind, rope with its scaling, windows, experts, soft caps. A family's own keys are added by
// its mapping file. What no key can say is found by reading the result back (model/convert).
void WriteGgufFields(const ModelConfig& config, GgufFields& out);

}  // namespace pano::nn
