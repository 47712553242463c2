#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/tensor/tensor.h"

namespace pano::convert {

enum class Form : uint8_t { kHuggingFace, kGguf };

struct Request {
  std::string model;  // a folder or a .gguf
  std::string out;
  Form to = Form::kGguf;
  std::optional<tensor::DType> type =
      {};                  // of matrices; none: as they are, blocks to F16 in a folder
  bool overwrite = false;  // what stands at `out`, when it is a model of the same form
};

struct Report {
  std::string architecture;
  size_t tensors = 0;
  uint64_t bytes = 0;                   // of the weights' file
  std::map<std::string, size_t> types;  // how many tensors have which
  std::vector<std::string> notes;       // what a reader should know, a line each
};

// Writes the model in the other form, or in the same form with other types. What is written appears
// whole or not at all. Before anything is written the new description is read back: where it would
// compute something else (an option that the form has no words for), or the vocabulary would give
// other ids, the conversion is refused by name: Unimplemented. AlreadyExists when something stands
// at `out`.
Result<Report> Convert(const Request& request);

}  // namespace pano::convert
