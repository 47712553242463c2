#include "model/nn/encoder/text_rows.h"

#include <algorithm>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/ops/ops.h"

namespace pano::encoder {
namespace {

Status CheckRow(const TextRow& row, size_t number, const TextInput& input) {
  const std::string name = StrCat("input_ids[", number, "]");
  if (row.ids.empty()) return InvalidArgument(StrCat(name, " is empty"));
  if (static_cast<int64_t>(row.ids.size()) > input.max_length) {
    return InvalidArgument(
        StrCat(name, " has ", row.ids.size(), " ids, the model takes at most ", input.max_length));
  }
  for (nn::TokenId id : row.ids) {
    if (id < 0 || id >= input.vocab_size) {
      return InvalidArgument(
          StrCat(name, ": id ", id, " is outside the vocabulary of ", input.vocab_size));
    }
  }
  if (!row.mask.empty() && row.mask.size() != row.ids.size()) {
    return InvalidArgument(StrCat("attention_mask[", number, "] has ", row.mask.size(),
                                  " values for ", row.ids.size(), " ids"));
  }
  if (!row.mask.empty() && std::ranges::none_of(row.mask, [](uint8_t keep) { return keep != 0; })) {
    return InvalidArgument(StrCat("attention_mask[", number, "] leaves every id out"));
  }
  if (row.types.empty()) return {};
  if (row.types.size() != row.ids.size()) {
    return InvalidArgument(StrCat("token_type_ids[", number, "] has ", row.types.size(),
                                  " values for ", row.ids.size(), " ids"));
  }
  for (int32_t type : row.types) {
    if (type < 0 || type >= std::max<int64_t>(1, input.token_types)) {
      return InvalidArgument(StrCat("token_type_ids[", number, "]: type ", type, " is not below ",
                                    std::max<int64_t>(1, input.token_types)));
    }
  }
  return {};
}

// Where the text ends: at the first end token, or, without one, at the first id; or at the largest.
size_t EndOf(const TextRow& row, const std::optional<nn::TokenId>& end) {
  if (!end) return static_cast<size_t>(std::ranges::max_element(row.ids) - row.ids.begin());
  const auto at = std::ranges::find(row.ids, *end);
  return at == row.ids.end() ? 0 : static_cast<size_t>(at - row.ids.begin());
}

void Pack(const TextRow& row, const TextInput& input, const EncoderConfig& config,
          PackedText& out) {
  const bool at_end = config.text_pooling == Pooling::kEnd;
  const size_t pooled = at_end ? EndOf(row, config.end_token) : 0;
  size_t pooled_row = 0, seen = 0;
  std::vector<int32_t> positions(row.ids.size());
  int32_t counted = 0;
  for (size_t i = 0; i < row.ids.size(); ++i) {
    auto position = static_cast<int32_t>(i);
    if (config.position_pad) {
      const bool pad = row.ids[i] == *config.position_pad;
      if (!pad) ++counted;
      position = *config.position_pad + (pad ? 0 : counted);
    }
    positions[i] = position;
  }
  auto keep = [&](size_t i) {
    out.ids.push_back(row.ids[i]);
    if (input.token_types > 0) out.types.push_back(row.types.empty() ? 0 : row.types[i]);
    out.positions.push_back(positions[i]);
    out.rows.position_ids.push_back(static_cast<int32_t>(i));
  };
  for (size_t i = 0; i < row.ids.size(); ++i) {
    if (!row.mask.empty() && row.mask[i] == 0) continue;
    if (i == pooled) pooled_row = seen;
    keep(i);
    ++seen;
  }
  const bool query_only =
      config.text_pooling != Pooling::kNone && !row.mask.empty() && row.mask[pooled] == 0;
  if (query_only) {
    keep(pooled);
    pooled_row = seen;
  }
  out.rows.counts.push_back(seen + (query_only ? 1 : 0));
  out.rows.query_only.push_back(query_only ? 1 : 0);
  out.lengths.push_back(row.ids.size());
  out.pooled.push_back(pooled_row);
}

// Whether the row to be pooled has something to look at in every layer.
Status CheckPooled(const PackedText& text, const nn::ModelConfig& model, size_t number) {
  if (text.rows.query_only.back() == 0) return {};
  const std::span<const int32_t> position_ids(text.rows.position_ids);
  const int32_t id = position_ids.back();
  const auto kept = position_ids.last(text.rows.counts.back()).first(text.rows.counts.back() - 1);
  auto sees = [&](int64_t window) {
    return std::ranges::any_of(kept, [&](int32_t other) {
      return !(model.causal && other > id) &&
             (window == 0 || std::abs(other - id) <= window / 2);
    });
  };
  if (std::ranges::all_of(model.layers,
                          [&](const nn::LayerConfig& layer) { return sees(layer.window); })) {
    return {};
  }
  return InvalidArgument(StrCat("attention_mask[", number,
                                "] leaves out the id that stands for the text, and ",
                                "all that it could see"));
}

}  // namespace

Result<PackedText> PackTexts(std::span<const TextRow> texts, const TextInput& input,
                             const EncoderConfig& config) {
  PackedText out;
  for (size_t i = 0; i < texts.size(); ++i) {
    PANO_RETURN_IF_ERROR(CheckRow(texts[i], i, input));
    Pack(texts[i], input, config, out);
    PANO_RETURN_IF_ERROR(CheckPooled(out, config.text->model, i));
  }
  return out;
}

void EmbedText(const PackedText& text, Tower& tower, std::vector<float>& x) {
  x.resize(text.ids.size() * tower.hidden());
  const ops::Rows out(x.data(), text.ids.size(), tower.hidden());
  const nn::DecoderWeights& w = tower.weights();
  ops::Embedding(tower.ops(), w.embedding, text.ids, 1.0f, false, out);
  if (!text.types.empty() && w.token_types.data) {
    ops::Embedding(tower.ops(), w.token_types, text.types, 1.0f, true, out);
  }
  if (w.positions.data) {
    ops::Embedding(tower.ops(), w.positions, text.positions, 1.0f, true, out);
  }
}

}  // namespace pano::encoder
