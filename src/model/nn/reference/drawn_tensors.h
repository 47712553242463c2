#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/random.h"
#include "model/nn/reference/weights.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::reference {

// Makes tensors up as they are asked for, by how they are used, and keeps them for the fast pass.
// Confined to one thread.
class DrawnTensors final : public TensorSource {
 public:
  // Norms' weights lie around `norm_centre`. `optional`: names that Has() answers with yes before
  // they were taken.
  DrawnTensors(uint64_t seed, double norm_centre, std::set<std::string> optional = {})
      : seed_(seed), norm_centre_(norm_centre), optional_(std::move(optional)) {}

  bool Has(const std::string& name) override;
  Vector Take(const std::string& name, const tensor::Shape& shape, Use use) override;
  std::shared_ptr<nn::testing::MemoryWeights> weights() const { return weights_; }

 private:
  const uint64_t seed_;
  const double norm_centre_;
  const std::set<std::string> optional_;
  std::shared_ptr<nn::testing::MemoryWeights> weights_ =
      std::make_shared<nn::testing::MemoryWeights>();
};

// Tensors of files, float32 only. A tensor that is missing or has another shape ends the program.
// Immutable, so thread-safe.
class StoredTensors final : public TensorSource {
 public:
  explicit StoredTensors(const format::Weights& weights) : weights_(weights) {}
  bool Has(const std::string& name) override { return weights_.Find(name) != nullptr; }
  Vector Take(const std::string& name, const tensor::Shape& shape, Use use) override;

 private:
  const format::Weights& weights_;
};

// Another source's tensors, each number moved by up to half a unit in the last place of float32:
// what the results move by tells how exact any float32 computation of them can be. Confined to one
// thread.
class PerturbedTensors final : public TensorSource {
 public:
  PerturbedTensors(TensorSource& source, uint64_t seed) : source_(source), random_(seed) {}
  bool Has(const std::string& name) override { return source_.Has(name); }
  Vector Take(const std::string& name, const tensor::Shape& shape, Use use) override;

 private:
  TensorSource& source_;
  Random random_;
};

}  // namespace pano::reference
