#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/adapter/adapter_config.h"
#include "model/adapter/base_modules.h"
#include "model/format/fwd.h"
#include "model/tensor/tensor.h"

namespace pano::adapter {

// What an adapter does to one module of its base. Views are of the adapter's file, null where there
// is none; their types are plain floats and their shapes were checked against the base.
struct ModuleChange {
  const BaseModule* module = nullptr;
  std::string name;  // of the module, as the adapter spells it

  // W += scale * B A. Linear layers: a [rank, in], b [out, rank]. Embeddings, E [rows, width]:
  // E += scale * (B A)^T with a [rank, rows], b [width, rank].
  const tensor::TensorView* a = nullptr;
  const tensor::TensorView* b = nullptr;
  int64_t rank = 0;
  double scale = 0;
  const tensor::TensorView* b_bias = nullptr;  // [out]: the bias grows by scale * b_bias
  // [out]: row i of W + scale * B A is brought to this Euclidean length (DoRA).
  const tensor::TensorView* magnitude = nullptr;

  // In place of the base's, before the above.
  const tensor::TensorView* weight = nullptr;
  const tensor::TensorView* bias = nullptr;
  // Rows `rows` of an embedding are replaced by these, [rows, width].
  const tensor::TensorView* tokens = nullptr;
  std::vector<int64_t> rows;
  // The module is trained apart from its base's (modules_to_save), so that a tied head does not
  // follow a changed embedding.
  bool saved_whole = false;

  bool low_rank() const { return a != nullptr; }
};

// A low-rank adapter that was checked against a base: every tensor of its file has its place in
// changes(), and everything that its configuration asks for is there. Immutable, so thread-safe.
class Adapter {
 public:
  const std::string& path() const { return path_; }
  const AdapterConfig& config() const { return config_; }
  const BaseModules& base() const { return *base_; }
  // In the order of their names.
  const std::vector<ModuleChange>& changes() const { return changes_; }
  // Unavailable when the file was changed in place since it was read (format::Weights).
  Status CheckUnchanged() const;
  // Null when nothing changes in it.
  const ModuleChange* Find(const BaseModule& module) const;

 private:
  friend class AdapterReader;
  Adapter() = default;
  std::string path_;
  AdapterConfig config_;
  std::shared_ptr<const BaseModules> base_;
  std::shared_ptr<const format::Weights> weights_;
  std::vector<ModuleChange> changes_;
};

// The PEFT folder at `path`, for a model with these modules. Failures name the file and the tensor
// or key: NotFound, Corruption (what is there contradicts itself or the base: a shape, a rank, a
// module that the configuration targets and the file lacks, a value that is no number),
// Unimplemented (pickled weights; a tensor that nothing here takes; options of adapter_config.h).
Result<std::shared_ptr<const Adapter>> LoadAdapter(const std::string& path,
                                                   std::shared_ptr<const BaseModules> base,
                                                   Env& env);
Result<std::shared_ptr<const Adapter>> LoadAdapter(const std::string& path,
                                                   std::shared_ptr<const BaseModules> base);
// The same of parts that were read already: `weights` is what adapter_model.safetensors holds.
Result<std::shared_ptr<const Adapter>> MakeAdapter(const std::string& path, AdapterConfig config,
                                                   std::shared_ptr<const format::Weights> weights,
                                                   std::shared_ptr<const BaseModules> base);

// The values of a view of plain floats, as floats or exactly.
std::vector<float> Floats(const tensor::TensorView& view);
std::vector<double> Doubles(const tensor::TensorView& view);
// Whether both hold the same values, in whatever types, in the same shape.
bool SameValues(const tensor::TensorView& a, const tensor::TensorView& b);

}  // namespace pano::adapter
