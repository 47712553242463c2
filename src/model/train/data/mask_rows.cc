#include "model/train/data/mask_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/random.h"

namespace pano::train {
namespace {

constexpr double kMasked = 0.8;      // of the chosen ones
constexpr double kRandom = 0.1;

class MaskedRows : public RowSource {
 public:
  MaskedRows(std::unique_ptr<RowSource> source, RowMasker masker, std::vector<int32_t> before,
             std::vector<int32_t> behind)
      : source_(std::move(source)),
        masker_(std::move(masker)),
        before_(std::move(before)),
        behind_(std::move(behind)) {}

  int64_t size() const override { return source_->size(); }
  Result<Row> Read(int64_t index) const override {
    PANO_ASSIGN_OR_RETURN(Row row, source_->Read(index));
    Sequence& s = row.sequences[0];
    s.input_ids.insert(s.input_ids.begin(), before_.begin(), before_.end());
    s.input_ids.insert(s.input_ids.end(), behind_.begin(), behind_.end());
    masker_.Mask(index, s);
    return row;
  }
  std::string Version() const override { return source_->Version(); }

 private:
  const std::unique_ptr<RowSource> source_;
  const RowMasker masker_;
  const std::vector<int32_t> before_, behind_;
};

}  // namespace

Result<RowMasker> RowMasker::Create(const tokenizer::Tokenizer& tokenizer, double probability, uint64_t seed) {
  RowMasker out;
  std::optional<int32_t> mask = tokenizer.Find("[MASK]");
  if (!mask) mask = tokenizer.Find("<mask>");
  if (!mask) return InvalidArgument("the tokenizer has no mask token ([MASK] or <mask>)");
  out.mask_ = *mask;
  out.probability_ = probability;
  out.seed_ = seed;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    out.special_.push_back(tokenizer.IsSpecial(id));
    if (!out.special_.back() && !tokenizer.Piece(id).empty()) out.ordinary_.push_back(id);
  }
  if (out.ordinary_.empty()) return InvalidArgument("the tokenizer has no tokens but special ones");
  return out;
}

void RowMasker::Mask(int64_t row, Sequence& s) const {
  const auto stream = static_cast<uint64_t>(row);
  // Three numbers a token: whether, what, and which random one.
  const auto draw = [&](size_t token, uint64_t which) { return UniformAt(seed_, stream, token * 3 + which); };
  s.labels.assign(s.input_ids.size(), kNoLabel);
  std::optional<size_t> lowest;
  const auto choose = [&](size_t i) {
    int32_t& id = s.input_ids[i];
    s.labels[i] = id;
    const double what = draw(i, 1);
    if (what < kMasked) {
      id = mask_;
    } else if (what < kMasked + kRandom) {
      const double which = draw(i, 2) * static_cast<double>(ordinary_.size());
      id = ordinary_[std::min(ordinary_.size() - 1, static_cast<size_t>(which))];
    }
  };
  bool any = false;
  for (size_t i = 0; i < s.input_ids.size(); ++i) {
    const auto id = static_cast<size_t>(s.input_ids[i]);
    if (id < special_.size() && special_[id]) continue;
    if (!lowest || draw(i, 0) < draw(*lowest, 0)) lowest = i;
    if (draw(i, 0) >= probability_) continue;
    choose(i);
    any = true;
  }
  if (!any && lowest) choose(*lowest);
}

Result<std::unique_ptr<RowSource>> MaskRows(std::unique_ptr<RowSource> source, RowMasker masker,
                                            std::vector<int32_t> before, std::vector<int32_t> behind) {
  return std::unique_ptr<RowSource>(std::make_unique<MaskedRows>(std::move(source), std::move(masker),
                                                                 std::move(before), std::move(behind)));
}

}  // namespace pano::train
