#include "app/api/instances.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "app/api/text_row.h"
#include "base/strings.h"
#include "model/batch/predict_request.h"

namespace pano::api {
namespace {

using json::Value;

Failure Wrong(const TextPlace& place, std::string message) {
  return Misfit(place, InvalidArgument(std::move(message)));
}

const Value* Member(const Value& instance, std::string_view name) {
  const Value* value = instance.Find(name);
  return value && !value->is_null() ? value : nullptr;
}

// A list of integers from 0 to `max`; booleans count as 0 and 1.
template <typename T>
Refusal ReadIntegers(const Value& value, std::string_view name, int64_t max, const TextPlace& place,
                     std::vector<T>& list) {
  if (!value.is_array()) return Wrong(place, StrCat("'", name, "' must be a list of integers"));
  list.reserve(value.as_array().size());
  for (const Value& item : value.as_array()) {
    int64_t number = item.is_int() ? item.as_int() : item.is_bool() ? item.as_bool() : -1;
    if (number < 0 || number > max) {
      return Wrong(place, StrCat("'", name, "' must be a list of integers from 0 to ", max));
    }
    list.push_back(static_cast<T>(number));
  }
  return {};
}

// [channels][height][width], as the model has them.
Refusal ReadPixels(const Value& value, const encoder::ImageInput& shape, const TextPlace& place,
                   std::vector<float>& pixels) {
  auto wrong = [&] {
    return Wrong(place, StrCat("'pixel_values' must be numbers as [", shape.channels, "][",
                               shape.height, "][", shape.width, "], normalised"));
  };
  auto has = [](const Value& list, int64_t size) {
    return list.is_array() && static_cast<int64_t>(list.as_array().size()) == size;
  };
  if (!has(value, shape.channels)) return wrong();
  for (const Value& plane : value.as_array()) {
    if (!has(plane, shape.height)) return wrong();
    for (const Value& line : plane.as_array()) {
      if (!has(line, shape.width)) return wrong();
      for (const Value& pixel : line.as_array()) {
        if (!pixel.is_number()) return wrong();
        pixels.push_back(static_cast<float>(pixel.as_double()));
      }
    }
  }
  Status status = batch::CheckImage(shape, pixels);
  return status.ok() ? Refusal() : Misfit(place, status);
}

Refusal CheckMembers(const Value& instance, const TextPlace& place) {
  constexpr std::array<std::string_view, 8> kKnown = {"text",
                                                      "pair",
                                                      "ids",
                                                      "input_ids",
                                                      "attention_mask",
                                                      "token_type_ids",
                                                      "decoder_input_ids",
                                                      "pixel_values"};
  for (const auto& [name, value] : instance.as_object()) {
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) continue;
    if (name == "image" || name == "image_url") {
      return Wrong(place, StrCat("'", name,
                                 "': image files are not decoded here: send "
                                 "'pixel_values', resized and normalised"));
    }
    return Wrong(place, StrCat("unknown field '", Printable(name), "'"));
  }
  return {};
}

Refusal ReadIds(const Value& instance, const Value& ids, const TextPlace& place,
                encoder::TextRow& row) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (Refusal refusal = ReadIntegers(ids, "input_ids", kMax, place, row.ids)) return refusal;
  if (const Value* mask = Member(instance, "attention_mask")) {
    if (Refusal refusal = ReadIntegers(*mask, "attention_mask", 1, place, row.mask)) return refusal;
  }
  if (const Value* types = Member(instance, "token_type_ids")) {
    if (Refusal refusal = ReadIntegers(*types, "token_type_ids", kMax, place, row.types)) {
      return refusal;
    }
  }
  return {};
}

Refusal ReadText(const ModelVersion& version, const Value& instance, bool truncate,
                 const TextPlace& place, encoder::TextRow& row) {
  const Value* text = Member(instance, "text");
  const Value* ids = Member(instance, "input_ids");
  if (!ids) ids = Member(instance, "ids");
  const Value* pair = Member(instance, "pair");
  if ((text || pair) && ids) return Wrong(place, "either a text or its ids, not both");
  if (ids) {
    if (Refusal refusal = ReadIds(instance, *ids, place, row)) return refusal;
    return FinishRow(version, truncate, place, row);
  }
  if (!text || !text->is_string()) return Wrong(place, "'text' must be a string");
  if (pair && !pair->is_string()) return Wrong(place, "'pair' must be a string");
  if (Member(instance, "attention_mask") || Member(instance, "token_type_ids")) {
    return Wrong(place, "'attention_mask' and 'token_type_ids' go with 'input_ids'");
  }
  std::optional<std::string_view> second;
  if (pair) second = pair->as_string();
  return EncodeRow(version, text->as_string(), second, truncate, place, row);
}

Refusal ReadDecoder(const ModelVersion& version, const Value& ids, const TextPlace& place,
                    std::vector<nn::TokenId>& row) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const encoder::EncoderInfo& info = version.predictor->info();
  if (!info.decoder) return Wrong(place, "'decoder_input_ids': the model has no decoder");
  if (Refusal refusal = ReadIntegers(ids, "decoder_input_ids", kMax, place, row)) return refusal;
  Status status = batch::CheckText(*info.decoder, version.context_length, {row, {}, {}});
  return status.ok() ? Refusal() : Misfit(place, status.Wrap("'decoder_input_ids'"));
}

Refusal ReadInstance(const ModelVersion& version, const Value& instance, bool truncate,
                     const TextPlace& place, Instances& instances) {
  encoder::EncoderBatch& inputs = instances.inputs;
  Instances::Place& at = instances.places.emplace_back();
  if (instance.is_string()) {
    at.text = inputs.texts.size();
    return EncodeRow(version, instance.as_string(), {}, truncate, place,
                     inputs.texts.emplace_back());
  }
  if (!instance.is_object()) return Wrong(place, "must be a text or an object");
  if (Refusal refusal = CheckMembers(instance, place)) return refusal;
  const Value* pixels = Member(instance, "pixel_values");
  bool has_text = Member(instance, "text") || Member(instance, "pair") || Member(instance, "ids") ||
                  Member(instance, "input_ids");
  if (!pixels && !has_text) {
    return Wrong(place, "'text', 'input_ids' or 'pixel_values' is missing");
  }
  if (pixels) {
    const std::optional<encoder::ImageInput>& shape = version.predictor->info().image;
    if (!shape) return Wrong(place, "'pixel_values': the model takes no images");
    at.image = inputs.images.size();
    if (Refusal refusal = ReadPixels(*pixels, *shape, place, inputs.images.emplace_back())) {
      return refusal;
    }
  }
  if (!has_text) return {};
  at.text = inputs.texts.size();
  if (Refusal refusal = ReadText(version, instance, truncate, place, inputs.texts.emplace_back())) {
    return refusal;
  }
  const Value* decoder = Member(instance, "decoder_input_ids");
  if (!decoder) return {};
  return ReadDecoder(version, *decoder, place, inputs.decoder_ids.emplace_back());
}

}  // namespace

Refusal ReadInstances(const ModelVersion& version, const json::Array& items, bool truncate,
                      Instances& instances) {
  if (items.empty()) return BadField("instances", "'instances' is an empty list");
  for (size_t i = 0; i < items.size(); ++i) {
    std::string where = StrCat("instances[", i, "]");
    TextPlace place{"instances", where};
    if (Refusal refusal = ReadInstance(version, items[i], truncate, place, instances)) {
      return refusal;
    }
    const std::optional<size_t>& text = instances.places.back().text;
    if (text) instances.tokens += static_cast<int64_t>(instances.inputs.texts[*text].ids.size());
    if (instances.tokens > Instances::kTokensMax) {
      return BadField("instances",
                      StrCat("one request may hold ", Instances::kTokensMax,
                             " tokens, and instances[0] to [", i, "] have ", instances.tokens));
    }
  }
  return {};
}

}  // namespace pano::api
