#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/families/family.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/nn/weights/tensor_inventory.h"

namespace pano::adapter {

enum class ModuleKind : uint8_t {
  kLinear,     // nn.Linear or Conv1D
  kEmbedding,  // nn.Embedding
  kOther,      // norms and what has no matrix of two dimensions
};

// Which inventory a module's entries are of: a decoder has one, an encoder one a tower.
enum class Stack : uint8_t { kText, kImage, kDecoder, kNone };

// A module of a base model under the name that the original implementation gives it: what adapters
// are made for.
struct BaseModule {
  std::string name;  // "model.layers.0.self_attn.q_proj"
  ModuleKind kind = ModuleKind::kOther;
  int64_t out = 0;  // outputs of a linear layer; rows of an embedding; size of a norm
  int64_t in = 0;   // inputs of a linear layer; width of an embedding
  bool bias = false;
  bool transposed = false;  // Hugging Face files have its weight as [in, out]
  bool tied = false;        // its weight is the input embedding's

  // Which entries of the inventory of `stack` its rows are, in order: several where the original
  // fuses them (queries, keys and values). Nothing for heads of encoders.
  Stack stack = Stack::kNone;
  std::optional<nn::StoredTensor> stored;
};

// All modules of a base: of a Hugging Face folder or a GGUF file, decoder or encoder. Immutable, so
// thread-safe.
class BaseModules {
 public:
  // Unimplemented or Corruption where the files describe no model that is known.
  static Result<std::shared_ptr<const BaseModules>> Of(const format::ModelFiles& files);
  // Of a decoder without files, which is named as in Hugging Face folders.
  static Result<std::shared_ptr<const BaseModules>> Of(const nn::FamilyConfig& family);

  const std::vector<BaseModule>& all() const { return modules_; }
  // Null where there is none.
  const BaseModule* Find(std::string_view name) const;
  const BaseModule* embedding() const { return Find(embedding_); }  // of the input
  // Whether something that is no module of its own multiplies with the input embedding too: a
  // masked-LM head, the second stack of a sequence-to-sequence model.
  bool embedding_is_shared() const { return embedding_is_shared_; }
  // Some files, and adapters, leave this out of every name ("transformer."); "" where none do.
  const std::string& optional_prefix() const { return optional_prefix_; }

  // The inventory that StoredTensor::entries count in: DescribeTensors of a decoder,
  // DescribeStack of a tower. Empty where there is no such stack.
  const std::vector<nn::TensorEntry>& entries(Stack stack) const {
    return entries_[static_cast<size_t>(stack)];
  }

  // The base's row of an entry for row `row` of the original's: GGUF files of some families have
  // the rows of queries and keys in another order (pairs of rotary components side by side).
  int64_t RowInFile(const nn::TensorEntry& entry, int64_t row) const;
  // What the original adds to a norm's stored weight, where that is known apart from the files'.
  std::optional<float> norm_offset() const { return norm_offset_; }
  // Whether any entry's rows are in another order.
  bool reordered() const { return rotary_half_ > 0; }

 private:
  BaseModules() = default;
  Status AddStack(Stack stack, const nn::ModelConfig& config, const nn::WeightNames& names,
                  std::vector<nn::TensorEntry> entries, const format::Weights* files,
                  bool add_prefix);
  Status AddEncoder(const format::ModelFiles& files);
  Status AddDecoder(const nn::FamilyConfig& family, const nn::WeightNames& names,
                    const format::Weights* files);
  Status AddGguf(const format::ModelFiles& files);
  BaseModule& Module(const std::string& name);

  std::vector<BaseModule> modules_;
  std::unordered_map<std::string, size_t> by_name_;
  std::string embedding_, optional_prefix_;
  bool embedding_is_shared_ = false;
  std::vector<nn::TensorEntry> entries_[4];
  std::optional<float> norm_offset_;
  int64_t head_dim_ = 0, rotary_half_ = 0;  // rotary_half_ > 0: rows are reordered
};

}  // namespace pano::adapter
