#include "infra/planner/workload.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::planner {

std::string_view PartName(Part part) {
  constexpr std::string_view kNames[] = {"embedding", "attention", "feed forward", "experts", "norms", "head", "other"};
  return kNames[static_cast<size_t>(part)];
}

int64_t WorkloadSpec::parameters() const {
  int64_t sum = 0;
  for (const WorkloadTensor& tensor : tensors) sum += tensor.values();
  return sum;
}

int64_t WorkloadSpec::active_parameters() const {
  int64_t sum = 0;
  for (const WorkloadTensor& t : tensors) {
    sum += t.routed ? t.values() / t.count * std::min(experts_used, t.count) : t.values();
  }
  return sum;
}

double WorkloadSpec::product_parameters() const {
  double sum = 0;
  for (const WorkloadTensor& t : tensors) {
    if (!t.product) continue;
    const int64_t count = t.routed ? std::min(experts_used, t.count) : t.count;
    sum += static_cast<double>(count) * static_cast<double>(t.rows) * static_cast<double>(t.columns);
  }
  return sum;
}

double WorkloadSpec::layer_product_parameters() const {
  double sum = 0;
  for (const WorkloadTensor& t : tensors) {
    if (!t.product || t.layer < 0) continue;
    const int64_t count = t.routed ? std::min(experts_used, t.count) : t.count;
    sum += static_cast<double>(count) * static_cast<double>(t.rows) * static_cast<double>(t.columns);
  }
  return layers > 0 ? sum / static_cast<double>(layers) : 0;
}

double WorkloadSpec::AttentionFlops(double seen) const {
  const double per_pair = 2.0 * static_cast<double>(heads) * static_cast<double>(query_dim + value_dim);
  if (kv.empty()) return per_pair * seen * static_cast<double>(layers);
  double sum = 0;
  for (const KvGroup& group : kv) {
    const double tokens = group.window > 0 ? std::min(seen, static_cast<double>(group.window)) : seen;
    sum += per_pair * tokens * static_cast<double>(group.layers);
  }
  return sum;
}

Status CheckWorkload(const WorkloadSpec& spec) {
  if (spec.tensors.empty() || spec.layers < 1 || spec.hidden < 1 || spec.heads < 1) {
    return InvalidArgument(StrCat(spec.source, ": a model without layers cannot be planned for"));
  }
  if (static_cast<int64_t>(spec.tensors.size()) > kWorkloadTensorsMax) {
    return InvalidArgument(StrCat(spec.source, ": a model of more than ", kWorkloadTensorsMax, " tensors"));
  }
  int64_t sum = 0;
  for (const WorkloadTensor& t : spec.tensors) {
    int64_t values = 0;
    if (t.count < 1 || t.rows < 1 || t.columns < 1 || t.shard_units < 1 ||
        __builtin_mul_overflow(t.rows, t.columns, &values) || __builtin_mul_overflow(values, t.count, &values) ||
        __builtin_add_overflow(sum, values, &sum) || sum > (int64_t{1} << 56)) {
      return InvalidArgument(StrCat(spec.source, ": the weights together are larger than any memory"));
    }
  }
  return {};
}

int64_t TensorBytes(const WorkloadTensor& t, const StorageType& type, int64_t* fallbacks) {
  if (type.block_values == 1) return t.values() * type.block_bytes;
  if (!t.matrix) return t.values() * 4;
  if (t.columns % type.block_values != 0) {
    if (fallbacks) *fallbacks += t.count;
    return t.values() * 2;
  }
  return t.values() / type.block_values * type.block_bytes;
}

int64_t WeightBytes(const WorkloadSpec& spec, const StorageType& type, int64_t* fallbacks) {
  int64_t sum = 0;
  for (const WorkloadTensor& tensor : spec.tensors) sum += TensorBytes(tensor, type, fallbacks);
  return sum;
}

}  // namespace pano::planner
