#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/tensor/tensor.h"

namespace pano::quant {

struct Request {
  std::string model;  // a Hugging Face folder or a .gguf
  std::string out;    // folder to write
  tensor::DType type = tensor::DType::kQ8_0X16;  // a packed type that can be written
  bool overwrite = false;  // what stands at `out`, when it is a model's folder
  std::function<void(double)> progress = {};  // the share that is done
};

struct Report {
  size_t matrices = 0;     // laid out
  uint64_t parameters = 0;  // in them
  uint64_t matrix_bytes = 0;
  uint64_t bytes = 0;      // of the weights' file
  std::vector<std::string> notes;  // tensors that stay as they are, and why
};

// The type that `name` stands for: q8_0, w8a8, q4_0, q4g, q4_k. InvalidArgument else.
Result<tensor::DType> TypeByName(std::string_view name);
std::vector<std::string> TypeNames();  // all of them

// Writes the model as a folder whose matrices stand in the file as the integer products read them
// (docs/formats/packed.md), so that loading is mapping. Norms, biases, position tables and whatever
// is no matrix of a linear layer keep their types. What is written appears whole or not at all, and
// is opened and bound once before it does. Unimplemented for families whose files hold matrices
// turned (GPT-2); Corruption for a value that is no number; AlreadyExists as convert::Convert.
Result<Report> Quantize(const Request& request, ComputePool& pool);

}  // namespace pano::quant
