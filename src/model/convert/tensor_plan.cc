// Both forms of a model hold the same inventory of tensors. For each tensor of the target the plan
// finds, entry by entry, the tensor of the source that holds the same entry, and maps rows to rows:
// renaming, fusing, splitting, stacking, ungrouping and reordering are all this one map.
#include "model/convert/tensor_plan.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/model_config.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::convert {
namespace {

using nn::StoredTensor;
using nn::TensorEntry;
using nn::TensorKind;
using nn::TensorPart;
using nn::TensorRole;

RowPlace Same(int64_t row) { return {0, row}; }

// Where rows of queries and keys stand when one side rotates the pairs (2i, 2i+1) and the other
// (i, i + dim/2).
struct PairOrder {
  bool moves = false;
  bool to_interleaved = false;
  int64_t head_dim = 0;
  int64_t half = 0;

  bool Moves(TensorRole role) const {
    return moves && (role == TensorRole::kQuery || role == TensorRole::kKey);
  }
  // The source's row for a row of the target.
  int64_t From(int64_t row) const {
    const int64_t head = row / head_dim * head_dim, i = row - head;
    if (i >= 2 * half) return row;
    return head + (to_interleaved ? i / 2 + i % 2 * half : i % half * 2 + i / half);
  }
};

class Planner {
 public:
  Planner(const format::Weights& source, const Side& from, const Side& to)
      : source_(source),
        from_(from),
        to_(to),
        c_(from.config),
        order_{from.config.rope.interleaved != to.config.rope.interleaved,
               to.config.rope.interleaved, c_.head_dim, c_.rope.dim / 2} {
    for (const std::string& name : source.Names()) unused_.insert(name);
  }

  Result<std::vector<RowTensor>> Plan() {
    PANO_ASSIGN_OR_RETURN(entries_, nn::DescribeTensors(c_));
    PANO_ASSIGN_OR_RETURN(std::vector<StoredTensor> sources,
                          nn::StoreTensors(entries_, c_, from_.names));
    sources_ = std::make_shared<const std::vector<StoredTensor>>(std::move(sources));
    PANO_ASSIGN_OR_RETURN(std::vector<StoredTensor> targets,
                          nn::StoreTensors(entries_, c_, to_.names));
    PANO_RETURN_IF_ERROR(CheckOrder());
    IndexSources();
    SortForFile(targets);
    for (const StoredTensor& target : targets) {
      if (target.optional) continue;  // rotary factors are written apart, a tied head not at all
      PANO_RETURN_IF_ERROR(Add(target));
    }
    for (const std::string& name : unused_) {
      if (nn::IsBuffer(name)) continue;
      return Unimplemented(StrCat("tensor '", Printable(name), "' belongs to nothing that '",
                                  c_.architecture, "' is known to have"));
    }
    for (const RowTensor& tensor : tensors_) PANO_RETURN_IF_ERROR(CheckRows(tensor));
    return std::move(tensors_);
  }

 private:
  // What holds an entry in the source, and which of its entries it is.
  struct Holder {
    uint32_t source = 0;
    uint32_t entry = 0;
  };

  Status CheckOrder() const {
    if (!order_.moves) return {};
    if (c_.latent) return Unimplemented("latent attention's rows are not reordered");
    if (c_.qk_norm != nn::QkNorm::kNone) {
      return Unimplemented("norms of queries and keys are not reordered");
    }
    return {};
  }

  void IndexSources() {
    holders_.resize(entries_.size());
    for (uint32_t s = 0; s < sources_->size(); ++s) {
      const StoredTensor& stored = (*sources_)[s];
      for (uint32_t i = 0; i < stored.entries.size(); ++i) holders_[stored.entries[i]] = {s, i};
      if (stored.optional) Use(Located(stored));
    }
  }

  void SortForFile(std::vector<StoredTensor>& targets) const {
    std::ranges::stable_sort(targets, [&](const StoredTensor& a, const StoredTensor& b) {
      return nn::WrittenBefore(entries_[a.entries.front()], entries_[b.entries.front()]);
    });
  }

  std::string Located(const StoredTensor& stored) const {
    return nn::LocateTensor(source_, stored, from_.names.optional_prefix);
  }
  const tensor::TensorView* Use(const std::string& name) {
    const tensor::TensorView* view = source_.Find(name);
    if (view) unused_.erase(name);
    return view;
  }

  // A source that must be there, with so many rows of such a length.
  Result<RowSource> Take(const std::string& name, int64_t rows, int64_t row_length) {
    const tensor::TensorView* view = Use(name);
    int64_t elements = 0;
    const bool fits = !__builtin_mul_overflow(rows, row_length, &elements);
    if (!view) return Corruption(StrCat("tensor '", Printable(name), "' is missing"));
    if (!fits || view->elements() != elements) {
      return Corruption(StrCat("tensor '", Printable(name), "' has shape ",
                               tensor::ShapeText(view->shape), ", the configuration says ",
                               tensor::ShapeText({rows, row_length})));
    }
    return RowSource{name, *view, row_length};
  }

  // What is multiplied with: it gets the type that is asked for. Routers stay in floats.
  static bool IsMatrix(const TensorEntry& entry) {
    return entry.part == TensorPart::kWeight &&
           (entry.role == TensorRole::kEmbedding || entry.kind() == TensorKind::kLinear) &&
           entry.role != TensorRole::kRouter && entry.role != TensorRole::kSharedRouter;
  }

  Status Add(const StoredTensor& target) {
    if (target.name.find('|') != std::string::npos) {
      return Unimplemented(
          StrCat("tensors that are called '", Printable(target.name), "' are not written"));
    }
    const TensorEntry& first = entries_[target.entries.front()];
    RowTensor out;
    out.name = target.name;
    out.name += target.suffix();
    out.shape = target.shape;
    out.matrix = IsMatrix(first);
    // What is multiplied is the stored weight plus the configuration's offset.
    if (first.kind() == TensorKind::kNorm && first.part == TensorPart::kWeight) {
      out.offset = from_.config.norm_offset - to_.config.norm_offset;
    }
    const StoredTensor& source = (*sources_)[holders_[target.entries.front()].source];
    if (source.entries == target.entries && source.groups == target.groups && !Reorders(target)) {
      PANO_RETURN_IF_ERROR(Keep(source, target, out));
    } else {
      PANO_RETURN_IF_ERROR(Gather(target, out));
    }
    tensors_.push_back(std::move(out));
    return {};
  }

  bool Reorders(const StoredTensor& target) const {
    return std::ranges::any_of(target.entries,
                               [&](uint32_t e) { return order_.Moves(entries_[e].role); });
  }

  // All rows of one tensor in their order, transposed where only one side is.
  Status Keep(const StoredTensor& source, const StoredTensor& target, RowTensor& out) {
    const tensor::Shape& shape = target.shape;
    if (source.part == TensorPart::kWeight && shape.size() == 2 &&
        entries_[target.entries.front()].kind() == TensorKind::kNorm) {
      return KeepHeadNorms(source, shape, out);
    }
    const int64_t length = shape.back();
    const int64_t rows = shape.size() == 1 ? 1 : shape.size() == 3 ? shape[0] * shape[1] : shape[0];
    PANO_ASSIGN_OR_RETURN(RowSource rows_of, Take(Located(source), rows, length));
    rows_of.transposed = source.transposed != target.transposed;
    out.sources.push_back(std::move(rows_of));
    out.place = Same;
    return {};
  }

  // One norm a head: a matrix, or a vector for each head under ".norms.".
  Status KeepHeadNorms(const StoredTensor& source, const tensor::Shape& shape, RowTensor& out) {
    out.place = Same;
    auto part = [&](int64_t head) {
      return nn::LocateTensor(source_, StrCat(source.name, ".norms.", head, ".weight"),
                              from_.names.optional_prefix);
    };
    if (!source_.Find(part(0))) {
      PANO_ASSIGN_OR_RETURN(RowSource whole, Take(Located(source), shape[0], shape[1]));
      out.sources.push_back(std::move(whole));
      return {};
    }
    for (int64_t head = 0; head < shape[0]; ++head) {
      PANO_ASSIGN_OR_RETURN(RowSource one, Take(part(head), 1, shape[1]));
      out.sources.push_back(std::move(one));
    }
    out.place = [](int64_t row) { return RowPlace{static_cast<size_t>(row), 0}; };
    return {};
  }

  // Rows of several tensors, or of one in another order. The elements of a bias are its rows.
  Status Gather(const StoredTensor& target, RowTensor& out) {
    const TensorEntry& first = entries_[target.entries.front()];
    const bool bias = first.part == TensorPart::kBias;
    struct Map {
      StoredTensor target;
      std::shared_ptr<const std::vector<StoredTensor>> stored;  // of the source
      struct From {
        size_t source;  // of the row tensor
        Holder holder;
        bool reordered;
      };
      std::vector<From> from;  // one an entry of the target
      PairOrder order;
    };
    auto map = std::make_shared<Map>();
    map->target = target;
    map->stored = sources_;
    map->order = order_;
    std::vector<uint32_t> taken;  // the sources' indices
    for (uint32_t e : target.entries) {
      const Holder holder = holders_[e];
      const StoredTensor& source = (*sources_)[holder.source];
      if (source.transposed || target.transposed) {
        return Unimplemented(StrCat("tensor '", Printable(out.name),
                                    "': rows of transposed matrices are not reordered"));
      }
      auto at = std::ranges::find(taken, holder.source);
      if (at == taken.end()) {
        PANO_ASSIGN_OR_RETURN(RowSource rows, Take(Located(source), source.rows(),
                                                   bias ? 1 : entries_[e].shape.back()));
        out.sources.push_back(std::move(rows));
        taken.push_back(holder.source);
        at = taken.end() - 1;
      }
      map->from.push_back(
          {static_cast<size_t>(at - taken.begin()), holder, order_.Moves(entries_[e].role)});
    }
    out.place = [map = std::shared_ptr<const Map>(std::move(map))](int64_t row) {
      const StoredTensor::Place at = map->target.PlaceOf(row);
      const Map::From& from = map->from[at.entry];
      const int64_t entry_row = from.reordered ? map->order.From(at.row) : at.row;
      const StoredTensor& source = (*map->stored)[from.holder.source];
      return RowPlace{from.source, source.RowOf(from.holder.entry, entry_row)};
    };
    return {};
  }

  const format::Weights& source_;
  const Side from_, to_;
  const nn::ModelConfig& c_;
  const PairOrder order_;
  std::vector<TensorEntry> entries_;
  std::shared_ptr<const std::vector<StoredTensor>> sources_;  // shared with the plan's rows
  std::vector<Holder> holders_;                               // one an entry
  std::set<std::string> unused_;
  std::vector<RowTensor> tensors_;
};

}  // namespace

Result<std::vector<RowTensor>> PlanTensors(const format::Weights& source, const Side& from,
                                           const Side& to) {
  return Planner(source, from, to).Plan();
}

}  // namespace pano::convert
