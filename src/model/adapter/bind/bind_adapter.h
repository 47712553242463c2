#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/adapter/adapter.h"
#include "model/nn/bound_adapter.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/model.h"

namespace pano::adapter {

struct BindOptions {
  // F32 pairs are kept as F16, scaled by a power of two so that the largest value fits well: half the
  // bytes that every step reads, for an error of 2^-12 of each value. For models that quantise their
  // activations anyway (Compute::kFast).
  bool halves = false;
};

// Makes an adapter ready for rows of a loaded model: its values are copied, laid out for the products,
// with rows in the model's order. Nothing of the model is changed, and the adapter's files are not
// read afterwards. The adapter was loaded for the modules of the model's own files. Unimplemented,
// naming the module, for what no row can have for itself.
Result<std::shared_ptr<const nn::BoundAdapter>> BindAdapter(const Adapter& adapter,
                                                            const nn::Model& model,
                                                            BindOptions options = {});
Result<std::shared_ptr<const nn::BoundAdapter>> BindAdapter(const Adapter& adapter,
                                                            const encoder::Encoder& encoder,
                                                            BindOptions options = {});

// How an adapter of a folder is read and bound. A value.
struct LoadOptions {
  BindOptions bind = {};
  // What may be taken now; the default goes by the process's limits. See LoadBoundAdapter.
  std::optional<uint64_t> bytes_left = std::nullopt;
};

// The adapter of the PEFT folder at `path`, read for the `modules` of the model's files and bound to the
// model: LoadAdapter and BindAdapter, and what both leave to whoever calls them. Exhausted, before a byte of it is read,
// where twice its file is more than may be taken: it is mapped while it is copied. Corruption where a file changed
// meanwhile: what was bound of it would be neither the old adapter nor the new one.
Result<std::shared_ptr<const nn::BoundAdapter>> LoadBoundAdapter(
    const std::string& path, std::shared_ptr<const BaseModules> modules, const nn::Model& model,
    LoadOptions options = {});
Result<std::shared_ptr<const nn::BoundAdapter>> LoadBoundAdapter(
    const std::string& path, std::shared_ptr<const BaseModules> modules,
    const encoder::Encoder& encoder, LoadOptions options = {});

}  // namespace pano::adapter
