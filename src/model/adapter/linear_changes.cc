#include "model/adapter/linear_changes.h"

#include <algorithm>
#include <utility>

namespace pano::adapter {
namespace {

using tensor::TensorView;

// Row `row` of a matrix in `from` to row `to` of `out`, whose rows are as long.
void CopyRow(const std::vector<float>& from, int64_t row, std::vector<float>& out, int64_t to,
             int64_t length) {
  const auto begin = from.begin() + row * length;
  std::copy(begin, begin + length, out.begin() + to * length);
}

// Takes the rows of one entry out of what belongs to a module, which may hold several.
class EntryRows {
 public:
  EntryRows(const BaseModules& base, const BaseModule& module, size_t part)
      : base_(base),
        stored_(*module.stored),
        part_(part),
        entry_(base.entries(module.stack)[stored_.entries[part]]),
        rows_(stored_.RowsOf(part)) {}

  int64_t rows() const { return rows_; }

  std::vector<float> Take(const std::vector<float>& whole, int64_t length) const {
    if (whole.empty()) return {};
    std::vector<float> out(static_cast<size_t>(rows_ * length));
    for (int64_t row = 0; row < rows_; ++row) {
      CopyRow(whole, stored_.RowOf(part_, row), out, base_.RowInFile(entry_, row), length);
    }
    return out;
  }

 private:
  const BaseModules& base_;
  const nn::StoredTensor& stored_;
  const size_t part_;
  const nn::TensorEntry& entry_;
  const int64_t rows_;
};

std::vector<float> FloatsOrNone(const TensorView* view) {
  return view ? Floats(*view) : std::vector<float>();
}

// A whole weight as [out, in], however the base stores it.
std::vector<float> WholeWeight(const ModuleChange& change) {
  std::vector<float> stored = FloatsOrNone(change.weight);
  const BaseModule& m = *change.module;
  if (stored.empty() || !m.transposed) return stored;
  std::vector<float> out(stored.size());
  for (int64_t i = 0; i < m.in; ++i) {
    for (int64_t o = 0; o < m.out; ++o) {
      out[static_cast<size_t>(o * m.in + i)] = stored[static_cast<size_t>(i * m.out + o)];
    }
  }
  return out;
}

void AddModule(const BaseModules& base, const ModuleChange& change,
               std::vector<LinearChange>& out) {
  const BaseModule& m = *change.module;
  const auto a = change.a ? std::make_shared<const std::vector<float>>(Floats(*change.a)) : nullptr;
  const std::vector<float> b = FloatsOrNone(change.b), b_bias = FloatsOrNone(change.b_bias);
  const std::vector<float> magnitude = FloatsOrNone(change.magnitude);
  const std::vector<float> weight = WholeWeight(change), bias = FloatsOrNone(change.bias);
  for (size_t part = 0; part < m.stored->entries.size(); ++part) {
    const EntryRows rows(base, m, part);
    LinearChange one;
    one.stack = m.stack;
    one.entry = m.stored->entries[part];
    one.out = rows.rows();
    one.in = m.in;
    one.rank = change.rank;
    one.scale = change.scale;
    one.a = a;
    one.b = rows.Take(b, change.rank);
    one.b_bias = rows.Take(b_bias, 1);
    one.magnitude = rows.Take(magnitude, 1);
    one.weight = rows.Take(weight, m.in);
    one.bias = rows.Take(bias, 1);
    out.push_back(std::move(one));
  }
}

}  // namespace

LinearChanges ByEntry(const Adapter& adapter) {
  LinearChanges out;
  for (const ModuleChange& change : adapter.changes()) {
    const BaseModule& m = *change.module;
    if (m.kind == ModuleKind::kLinear && m.stored) {
      AddModule(adapter.base(), change, out.linear);
    } else {
      out.others.push_back(&change);
    }
  }
  return out;
}

}  // namespace pano::adapter
