#include "model/convert/tensor_plan.h"

#include <set>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "model/convert/qkv_map.h"

namespace pano::convert {
namespace {

using nn::QkvLayout;
using Pattern = const char* nn::WeightNames::*;

RowPlace Same(int64_t row) { return {0, row}; }

class Planner {
 public:
  Planner(const format::Weights& source, const Side& from, const Side& to)
      : source_(source), from_(from), to_(to), c_(from.config) {
    for (const std::string& name : source.Names()) unused_.insert(name);
  }

  Result<std::vector<RowTensor>> Plan() {
    using N = nn::WeightNames;
    Matrix(&N::embedding, c_.vocab_size, c_.hidden_size);
    if (c_.learned_positions > 0) Table(&N::positions, c_.learned_positions);
    if (c_.token_types > 0) Table(&N::token_types, c_.token_types);
    if (c_.embedding_norm) Norm(&N::embedding_norm, c_.hidden_size);
    for (layer_ = 0; layer_ < c_.layer_count && status_.ok(); ++layer_) Layer();
    if (c_.final_norm) Norm(&N::final_norm, c_.hidden_size);
    if (c_.tied_embeddings) {
      Use(StrCat(Name(from_, &N::head), ".weight"));
    } else {
      Matrix(&N::head, c_.vocab_size, c_.hidden_size);
    }
    if (c_.head_bias)
      Vector(StrCat(Name(from_, &N::head), ".bias"), StrCat(Name(to_, &N::head), ".bias"),
             c_.vocab_size);
    for (Pattern factors : {&N::rope_factors, &N::rope_long_factors, &N::rope_short_factors}) {
      if (from_.names.*factors) Use(StrCat(from_.names.*factors, ".weight"));
    }
    PANO_RETURN_IF_ERROR(status_);
    for (const std::string& name : unused_) {
      if (nn::IsBuffer(name)) continue;
      return Unimplemented(StrCat("tensor '", Printable(name), "' belongs to nothing that '",
                                  c_.architecture, "' is known to have"));
    }
    for (const RowTensor& tensor : tensors_) PANO_RETURN_IF_ERROR(CheckRows(tensor));
    return std::move(tensors_);
  }

 private:
  std::string Name(const Side& side, Pattern pattern) {
    const char* name = side.names.*pattern;
    if (!name) {
      Fail(Unimplemented(StrCat("one of the files has no name for what the other calls '",
                                (from_.names.*pattern ? from_.names.*pattern : ""),
                                (to_.names.*pattern ? to_.names.*pattern : ""), "'")));
      return "";
    }
    return nn::PutNumber(Choose(name, &side == &from_), "{}", layer_);
  }
  // One of several names that files of one kind use: of a source that which is there.
  std::string Choose(std::string_view names, bool from) {
    const std::vector<std::string_view> all = Split(names, '|');
    if (all.size() == 1) return std::string(names);
    for (std::string_view name : all) {
      if (from && source_.Find(nn::PutNumber(std::string(name), "{}", layer_) + ".weight"))
        return std::string(name);
    }
    if (!from) Fail(Unimplemented(StrCat("tensors that are called '", names, "' are not written")));
    return std::string(all.front());
  }

  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  // The tensor under its name, or without the prefix that some files leave out.
  const tensor::TensorView* Use(const std::string& name) {
    std::string_view short_name = name;
    const std::string_view prefix = from_.names.optional_prefix;
    if (!prefix.empty() && short_name.starts_with(prefix)) short_name.remove_prefix(prefix.size());
    for (std::string_view candidate : {std::string_view(name), short_name}) {
      const tensor::TensorView* view = source_.Find(candidate);
      if (!view) continue;
      unused_.erase(std::string(candidate));
      return view;
    }
    return nullptr;
  }

  // A source that must be there, with so many rows of such a length.
  RowSource Take(const std::string& name, int64_t rows, int64_t row_length) {
    RowSource source{name, {}, row_length};
    if (!status_.ok()) return source;
    const tensor::TensorView* view = Use(name);
    int64_t elements = 0;
    const bool fits = !__builtin_mul_overflow(rows, row_length, &elements);
    if (!view) {
      Fail(Corruption(StrCat("tensor '", Printable(name), "' is missing")));
    } else if (!fits || view->elements() != elements) {
      Fail(Corruption(StrCat("tensor '", Printable(name), "' has shape ",
                             tensor::ShapeText(view->shape), ", the configuration says ",
                             tensor::ShapeText({rows, row_length}))));
    } else {
      source.view = *view;
    }
    return source;
  }

  void Add(std::string name, tensor::Shape shape, std::vector<RowSource> sources,
           std::function<RowPlace(int64_t)> place, bool matrix, float offset = 0) {
    if (!status_.ok()) return;
    tensors_.push_back({std::move(name), std::move(shape), tensor::DType::kF32, std::move(sources),
                        std::move(place), offset, matrix});
  }

  void Vector(const std::string& from, const std::string& to, int64_t size, float offset = 0) {
    Add(to, {size}, {Take(from, 1, size)}, Same, /*matrix=*/false, offset);
  }

  void Norm(Pattern pattern, int64_t size) { NormWithBias(pattern, size, c_.norm_bias); }
  void NormWithBias(Pattern pattern, int64_t size, bool bias) {
    const std::string from = Name(from_, pattern), to = Name(to_, pattern);
    Vector(from + ".weight", to + ".weight", size, NormOffset());
    if (bias) Vector(from + ".bias", to + ".bias", size);
  }
  // What is multiplied is the stored weight plus the configuration's offset.
  float NormOffset() const { return from_.config.norm_offset - to_.config.norm_offset; }

  void Table(Pattern pattern, int64_t rows) {
    Matrix(pattern, rows, c_.hidden_size, /*matrix=*/false);
  }
  void Matrix(Pattern pattern, int64_t rows, int64_t columns, bool matrix = true) {
    Add(Name(to_, pattern) + ".weight", {rows, columns},
        {Take(Name(from_, pattern) + ".weight", rows, columns)}, Same, matrix);
  }

  bool Turned() const { return from_.names.transposed != to_.names.transposed; }
  tensor::Shape Stored(int64_t out, int64_t in) const {
    return to_.names.transposed ? tensor::Shape{in, out} : tensor::Shape{out, in};
  }
  // A linear layer whose rows keep their order.
  void Linear(Pattern pattern, int64_t out, int64_t in, bool bias, bool matrix = true) {
    const std::string from = Name(from_, pattern), to = Name(to_, pattern);
    const tensor::Shape shape = Stored(out, in);
    RowSource source = Take(from + ".weight", shape[0], shape[1]);
    source.transposed = Turned();
    Add(to + ".weight", shape, {std::move(source)}, Same, matrix);
    if (bias) Vector(from + ".bias", to + ".bias", out);
  }

  // A linear layer whose rows move: weight and bias alike. A row of the target has its place in
  // `sources`.
  struct Part {
    std::string name;
    int64_t rows;
  };
  void Gathered(const std::string& to, int64_t out, int64_t in, const std::vector<Part>& parts,
                const std::function<RowPlace(int64_t)>& place, bool bias) {
    if (from_.names.transposed || to_.names.transposed) {
      Fail(Unimplemented(StrCat("tensor '", Printable(to),
                                "': rows of transposed matrices are not "
                                "reordered")));
    }
    auto gather = [&](const std::string& suffix, int64_t length, tensor::Shape shape) {
      std::vector<RowSource> sources;
      for (const Part& part : parts) sources.push_back(Take(part.name + suffix, part.rows, length));
      Add(to + suffix, std::move(shape), std::move(sources), place, /*matrix=*/length > 1);
    };
    gather(".weight", in, {out, in});
    if (bias) gather(".bias", 1, {out});
  }

  void Layer() {
    using N = nn::WeightNames;
    using nn::NormPlacement;
    const bool before =
        c_.norm_placement == NormPlacement::kBefore || c_.norm_placement == NormPlacement::kAround;
    if (before && from_.names.attention_norm) Norm(&N::attention_norm, c_.hidden_size);
    if (c_.latent) {
      Latent();
    } else {
      Attention();
    }
    if (c_.norm_placement != NormPlacement::kBefore) Norm(&N::attention_post_norm, c_.hidden_size);
    if (before && !c_.shared_norm) Norm(&N::ffn_norm, c_.hidden_size);
    if (c_.layers[static_cast<size_t>(layer_)].experts) {
      Experts();
    } else {
      FeedForward();
    }
    if (c_.norm_placement != NormPlacement::kBefore) Norm(&N::ffn_post_norm, c_.hidden_size);
  }

  void Attention() {
    using N = nn::WeightNames;
    const QkvLayout from = from_.names.qkv_layout, to = to_.names.qkv_layout;
    const QkvMap map(from_, to_);
    if (from == to && !map.moves()) {
      KeptQkv(map);
    } else {
      GatheredQkv(map);
    }
    Linear(&N::o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
    QkNorms(map.moves());
  }

  static constexpr QkvRows::Part kParts[] = {QkvRows::kQ, QkvRows::kK, QkvRows::kV};
  static constexpr Pattern kPartNames[] = {&nn::WeightNames::q, &nn::WeightNames::k,
                                           &nn::WeightNames::v};

  void KeptQkv(const QkvMap& map) {
    if (from_.names.qkv_layout != QkvLayout::kSeparate) {
      Linear(&nn::WeightNames::qkv, map.from().AllRows(), c_.hidden_size, c_.qkv_bias);
      return;
    }
    for (QkvRows::Part part : kParts) {
      Linear(kPartNames[part], map.from().Rows(part), c_.hidden_size, c_.qkv_bias);
    }
  }

  void GatheredQkv(const QkvMap& map) {
    std::vector<Part> parts;
    if (from_.names.qkv_layout != QkvLayout::kSeparate) {
      parts.push_back({Name(from_, &nn::WeightNames::qkv), map.from().AllRows()});
    } else {
      for (QkvRows::Part part : kParts) {
        parts.push_back({Name(from_, kPartNames[part]), map.from().Rows(part)});
      }
    }
    if (to_.names.qkv_layout != QkvLayout::kSeparate) {
      Gathered(
          Name(to_, &nn::WeightNames::qkv), map.to().AllRows(), c_.hidden_size, parts,
          [map](int64_t row) { return map.OfFused(row); }, c_.qkv_bias);
      return;
    }
    for (QkvRows::Part part : kParts) {
      Gathered(
          Name(to_, kPartNames[part]), map.to().Rows(part), c_.hidden_size, parts,
          [map, part](int64_t row) { return map.OfPart(part, row); }, c_.qkv_bias);
    }
  }

  void QkNorms(bool moves) {
    using N = nn::WeightNames;
    if (c_.qk_norm == nn::QkNorm::kNone) return;
    if (moves) Fail(Unimplemented("norms of queries and keys are not reordered"));
    for (auto [pattern, heads] :
         {std::pair<Pattern, int64_t>{&N::q_norm, c_.head_count}, {&N::k_norm, c_.kv_head_count}}) {
      if (c_.qk_norm == nn::QkNorm::kHeads) {
        HeadNorms(pattern, heads);
      } else {
        const int64_t size = c_.qk_norm == nn::QkNorm::kHead ? c_.head_dim : heads * c_.head_dim;
        NormWithBias(pattern, size, c_.qk_norm_bias);
      }
    }
  }

  // One norm a head: a matrix, or a vector for each head under ".norms.".
  void HeadNorms(Pattern pattern, int64_t heads) {
    const std::string from = Name(from_, pattern), to = Name(to_, pattern);
    std::vector<RowSource> sources;
    if (source_.Find(from + ".norms.0.weight")) {
      for (int64_t h = 0; h < heads; ++h) {
        sources.push_back(Take(StrCat(from, ".norms.", h, ".weight"), 1, c_.head_dim));
      }
      Add(
          to + ".weight", {heads, c_.head_dim}, std::move(sources),
          [](int64_t row) {
            return RowPlace{static_cast<size_t>(row), 0};
          },
          /*matrix=*/false, NormOffset());
      return;
    }
    Add(to + ".weight", {heads, c_.head_dim}, {Take(from + ".weight", heads, c_.head_dim)}, Same,
        /*matrix=*/false, NormOffset());
  }

  void Latent() {
    using N = nn::WeightNames;
    const nn::LatentConfig& l = *c_.latent;
    if (from_.config.rope.interleaved != to_.config.rope.interleaved) {
      Fail(Unimplemented("latent attention's rows are not reordered"));
    }
    const int64_t q_size = c_.head_count * (l.nope_dim + l.rope_dim);
    if (l.q_rank > 0) {
      Linear(&N::q_a, l.q_rank, c_.hidden_size, c_.qkv_bias);
      Norm(&N::q_a_norm, l.q_rank);
      Linear(&N::q_b, q_size, l.q_rank, false);
    } else {
      Linear(&N::q, q_size, c_.hidden_size, false);
    }
    Linear(&N::kv_a, l.kv_rank + l.rope_dim, c_.hidden_size, c_.qkv_bias);
    Norm(&N::kv_a_norm, l.kv_rank);
    Linear(&N::kv_b, c_.head_count * (l.nope_dim + c_.value_size()), l.kv_rank, false);
    Linear(&N::o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
  }

  void FeedForward() {
    using N = nn::WeightNames;
    const int64_t size = c_.ffn_size;
    const bool from_fused = c_.gated && from_.names.gate_up,
               to_fused = c_.gated && to_.names.gate_up;
    if (from_fused && to_fused) {
      Linear(&N::gate_up, 2 * size, c_.hidden_size, c_.mlp_bias);
    } else if (from_fused) {
      const std::vector<Part> parts = {{Name(from_, &N::gate_up), 2 * size}};
      for (int64_t begin : {int64_t{0}, size}) {
        Gathered(
            Name(to_, begin == 0 ? &N::gate : &N::up), size, c_.hidden_size, parts,
            [begin](int64_t row) {
              return RowPlace{0, begin + row};
            },
            c_.mlp_bias);
      }
    } else if (to_fused) {
      const std::vector<Part> parts = {{Name(from_, &N::gate), size}, {Name(from_, &N::up), size}};
      Gathered(
          Name(to_, &N::gate_up), 2 * size, c_.hidden_size, parts,
          [size](int64_t row) {
            return RowPlace{static_cast<size_t>(row / size), row % size};
          },
          c_.mlp_bias);
    } else {
      if (c_.gated) Linear(&N::gate, size, c_.hidden_size, c_.mlp_bias);
      Linear(&N::up, size, c_.hidden_size, c_.mlp_bias);
    }
    Linear(&N::down, c_.hidden_size, size, c_.mlp_bias);
  }

  void Experts() {
    using N = nn::WeightNames;
    const nn::ExpertConfig& e = c_.experts;
    Linear(&N::router, e.count, c_.hidden_size, false, /*matrix=*/false);
    Expert(&N::expert_gate, e.size, c_.hidden_size);
    Expert(&N::expert_up, e.size, c_.hidden_size);
    Expert(&N::expert_down, c_.hidden_size, e.size);
    if (e.shared_size == 0) return;
    Linear(&N::shared_gate, e.shared_size, c_.hidden_size, false);
    Linear(&N::shared_up, e.shared_size, c_.hidden_size, false);
    Linear(&N::shared_down, c_.hidden_size, e.shared_size, false);
    if (e.shared_gate) Linear(&N::shared_router, 1, c_.hidden_size, false, /*matrix=*/false);
  }

  // One matrix an expert on either side, or all of them stacked.
  void Expert(Pattern pattern, int64_t out, int64_t in) {
    const int64_t count = c_.experts.count;
    const std::string from = Name(from_, pattern), to = Name(to_, pattern);
    const bool from_apart = from.find("{e}") != std::string::npos;
    const bool to_apart = to.find("{e}") != std::string::npos;
    std::vector<RowSource> sources;
    if (from_apart) {
      for (int64_t e = 0; e < count; ++e) {
        sources.push_back(Take(nn::PutNumber(from, "{e}", e) + ".weight", out, in));
      }
    } else {
      sources.push_back(Take(from + ".weight", count * out, in));
    }
    if (!to_apart) {
      Add(
          to + ".weight", {count, out, in}, std::move(sources),
          [=](int64_t row) {
            return from_apart ? RowPlace{static_cast<size_t>(row / out), row % out}
                              : RowPlace{0, row};
          },
          /*matrix=*/true);
      return;
    }
    for (int64_t e = 0; e < count; ++e) {
      Add(
          nn::PutNumber(to, "{e}", e) + ".weight", {out, in},
          {sources[from_apart ? static_cast<size_t>(e) : 0]},
          [=](int64_t row) {
            return RowPlace{0, from_apart ? row : e * out + row};
          },
          /*matrix=*/true);
    }
  }

  const format::Weights& source_;
  const Side from_, to_;
  const nn::ModelConfig& c_;
  int64_t layer_ = 0;
  std::set<std::string> unused_;
  std::vector<RowTensor> tensors_;
  Status status_;
};

}  // namespace

Result<std::vector<RowTensor>> PlanTensors(const format::Weights& source, const Side& from,
                                           const Side& to) {
  return Planner(source, from, to).Plan();
}

}  // namespace pano::convert
