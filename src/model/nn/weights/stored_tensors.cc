#include "model/nn/weights/stored_tensors.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/model_config.h"

namespace pano::nn {
namespace {

using Role = TensorRole;

// Puts entries together that the files keep together.
class Layout {
 public:
  Layout(const std::vector<TensorEntry>& entries, const ModelConfig& config,
         const WeightNames& names)
      : entries_(entries), c_(config), names_(names) {}

  Result<std::vector<StoredTensor>> Make() {
    for (size_t i = 0; i < entries_.size(); ++i) {
      const TensorEntry& entry = entries_[i];
      const char* pattern = PatternOf(entry);
      if (!pattern && entry.optional) continue;
      if (!pattern) {
        return Unimplemented(StrCat("files of architecture '", c_.architecture,
                                    "' have no name for ", RoleName(entry.role)));
      }
      const auto index = static_cast<uint32_t>(i);
      if (Continues(entry)) {
        stored_[open_[Index(entry.part)]].entries.push_back(index);
        continue;
      }
      open_[Index(entry.part)] = stored_.size();
      stored_.push_back({.name = PutNumbers(pattern, entry),
                         .role = entry.role,
                         .part = entry.part,
                         .shape = {},
                         .transposed = Transposed(entry),
                         .optional = entry.optional,
                         .entries = {index},
                         .groups = 1,
                         .starts = {}});
    }
    for (StoredTensor& stored : stored_) Finish(stored);
    return std::move(stored_);
  }

 private:
  static size_t Index(TensorPart part) { return static_cast<size_t>(part); }

  bool FusedQkv() const { return !c_.latent && names_.qkv_layout != QkvLayout::kSeparate; }
  bool FusedGate() const { return c_.gated && names_.gate_up; }
  static bool IsExpert(const TensorEntry& entry) { return entry.expert >= 0; }
  bool Stacked(const TensorEntry& entry) const {
    return IsExpert(entry) &&
           std::string_view(NameOf(names_, entry.role)).find("{e}") == std::string_view::npos;
  }

  const char* PatternOf(const TensorEntry& entry) const {
    switch (entry.role) {
      case Role::kQuery:
      case Role::kKey:
      case Role::kValue:
        return FusedQkv() ? names_.qkv : NameOf(names_, entry.role);
      case Role::kGate:
      case Role::kUp:
        return FusedGate() ? names_.gate_up : NameOf(names_, entry.role);
      default:
        return NameOf(names_, entry.role);
    }
  }

  // Whether the entry stands in the tensor that is open for its part.
  bool Continues(const TensorEntry& entry) const {
    switch (entry.role) {
      case Role::kKey:
      case Role::kValue:
        return FusedQkv();
      case Role::kUp:
        return FusedGate();
      default:
        return entry.expert > 0 && Stacked(entry);
    }
  }

  // The head is stored like the embedding, and a stack of experts [experts, out, in], whatever the
  // other matrices do.
  bool Transposed(const TensorEntry& entry) const {
    return names_.transposed && entry.kind() == TensorKind::kLinear &&
           entry.part == TensorPart::kWeight && entry.role != Role::kHead && !Stacked(entry);
  }

  static std::string PutNumbers(const char* pattern, const TensorEntry& entry) {
    std::string name;
    for (std::string_view one : Split(pattern, '|')) {
      std::string put = PutNumber(std::string(one), "{}", std::max(entry.layer, 0));
      if (IsExpert(entry)) put = PutNumber(std::move(put), "{e}", entry.expert);
      name += (name.empty() ? "" : "|") + put;
    }
    return name;
  }

  void Finish(StoredTensor& stored) const {
    const TensorEntry& first = entries_[stored.entries.front()];
    if (stored.role == Role::kQuery && FusedQkv() && names_.qkv_layout == QkvLayout::kGroups) {
      stored.groups = c_.kv_heads(static_cast<size_t>(first.layer));
    }
    stored.starts.push_back(0);
    for (uint32_t entry : stored.entries) {
      stored.starts.push_back(stored.starts.back() + entries_[entry].shape[0] / stored.groups);
    }
    stored.shape = first.shape;
    stored.shape[0] = stored.rows();
    if (Stacked(first)) {
      stored.shape = first.shape;
      stored.shape.insert(stored.shape.begin(), static_cast<int64_t>(stored.entries.size()));
    }
    if (stored.transposed) std::swap(stored.shape[0], stored.shape[1]);
  }

  const std::vector<TensorEntry>& entries_;
  const ModelConfig& c_;
  const WeightNames& names_;
  std::vector<StoredTensor> stored_;
  std::array<size_t, 2> open_ = {};  // by part: what the last entry stands in
};

}  // namespace

int64_t StoredTensor::RowOf(size_t entry, int64_t row) const {
  const int64_t each = starts[entry + 1] - starts[entry];  // rows of the entry in a group
  return row / each * starts.back() + starts[entry] + row % each;
}

StoredTensor::Place StoredTensor::PlaceOf(int64_t row) const {
  const int64_t group = row / starts.back(), rest = row % starts.back();
  const auto next = std::upper_bound(starts.begin(), starts.end(), rest);
  const auto entry = static_cast<size_t>(next - starts.begin() - 1);
  return {entry, group * (starts[entry + 1] - starts[entry]) + rest - starts[entry]};
}

Result<std::vector<StoredTensor>> StoreTensors(const std::vector<TensorEntry>& entries,
                                               const ModelConfig& config,
                                               const WeightNames& names) {
  return Layout(entries, config, names).Make();
}

std::string LocateTensor(const format::Weights& files, const std::string& name,
                         std::string_view optional_prefix) {
  if (files.Find(name) || optional_prefix.empty()) return name;
  if (name.starts_with(optional_prefix)) return name.substr(optional_prefix.size());
  std::string longer = StrCat(optional_prefix, name);
  return files.Find(longer) ? longer : name;
}

std::string LocateTensor(const format::Weights& files, const StoredTensor& stored,
                         std::string_view optional_prefix) {
  std::string chosen;
  for (std::string_view one : Split(stored.name, '|')) {
    chosen = one;
    if (files.Find(LocateTensor(files, chosen + ".weight", optional_prefix))) break;
  }
  return LocateTensor(files, chosen.append(stored.suffix()), optional_prefix);
}

int64_t CutRows(const std::vector<TensorEntry>& entries, const StoredTensor& stored) {
  int64_t rows = 0;
  for (uint32_t entry : stored.entries) rows = std::gcd(rows, entries[entry].cut_rows);
  // A stack is a matrix an entry already.
  if (!stored.fused() || stored.shape.size() != 2) return rows;
  for (int64_t start : stored.starts) rows = std::gcd(rows, start);
  return rows;
}

std::vector<LinearTensor> LinearTensors(const format::Weights& files,
                                       const std::vector<TensorEntry>& entries,
                                       const std::vector<StoredTensor>& stored,
                                       std::string_view optional_prefix) {
  std::map<std::string, int64_t> found;  // CutRows by name
  for (const StoredTensor& tensor : stored) {
    const bool linear =
        std::ranges::all_of(tensor.entries, [&](uint32_t entry) { return entries[entry].linear; });
    if (!linear || tensor.transposed || tensor.shape.size() != 2) continue;
    std::string name = LocateTensor(files, tensor, optional_prefix);
    if (files.Find(name)) found.emplace(std::move(name), CutRows(entries, tensor));
  }
  std::vector<LinearTensor> linear;
  for (const auto& [name, cut_rows] : found) linear.push_back({name, cut_rows});
  return linear;
}

}  // namespace pano::nn
