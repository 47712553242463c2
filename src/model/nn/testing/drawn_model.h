#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "model/format/weights.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::nn::testing {

// Element i of the tensor `name`: centre + spread * (2 u - 1), rounded to float32, with u uniform
// in [0, 1) by Philox4x32-10 with key `seed` and counter (i, FNV-1a of the name). No function of a
// library is in it, so that other languages draw the same bits (tests/golden/drawn_tensors.py).
inline std::vector<float> DrawTensor(uint64_t seed, std::string_view name, size_t count,
                                     double centre, double spread) {
  uint64_t stream = 0xCBF29CE484222325;
  for (char c : name) stream = (stream ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(centre + spread * (2.0 * UniformAt(seed, stream, i) - 1.0));
  }
  return values;
}

// A folder of tests/golden/known: configuration and known answers, but weights only as the seed and
// the ranges that they are drawn from.
struct DrawnModel {
  format::ModelFiles files;
  std::shared_ptr<MemoryWeights> inputs = std::make_shared<MemoryWeights>();  // likewise drawn
};

// REQUIRES: a folder as tests/golden/make_known_answers.py writes it.
inline DrawnModel OpenDrawnModel(const std::string& folder) {
  DrawnModel out;
  auto weights = std::make_shared<MemoryWeights>();
  out.files.path = folder;
  out.files.config = json::Parse(ReadFile(JoinPath(folder, "config.json")).value()).value();
  const json::Value how = json::Parse(ReadFile(JoinPath(folder, "tensors.json")).value()).value();
  const auto seed = static_cast<uint64_t>(how.Find("seed")->as_int());
  auto draw = [&](const json::Value& tensors, MemoryWeights& to) {
    for (const auto& [name, what] : tensors.as_object()) {
      tensor::Shape shape;
      size_t count = 1;
      for (const json::Value& size : what.as_array()[0].as_array()) {
        shape.push_back(size.as_int());
        count *= static_cast<size_t>(size.as_int());
      }
      to.Add(name, shape,
             DrawTensor(seed, name, count, what.as_array()[1].as_double(),
                        what.as_array()[2].as_double()));
    }
  };
  draw(*how.Find("tensors"), *weights);
  draw(*how.Find("inputs"), *out.inputs);
  out.files.weights = weights;
  return out;
}

// What the tables of docs/models.md call a model at `path`.
inline std::string CaseName(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return FileExists(JoinPath(path, "tensors.json")) ? name + " (drawn)" : name;
}

}  // namespace pano::nn::testing
