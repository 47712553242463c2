#include "app/api/native/instances.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "app/api/text_place.h"
#include "app/models/text_row.h"
#include "base/closest_name.h"
#include "base/strings.h"
#include "model/batch/predict_request.h"

namespace pano::api::native {
namespace {

using json::Value;

Status Wrong(const TextPlace& place, std::string message) {
  return AtPlace(place, InvalidArgument(std::move(message)));
}

const Value* Member(const Value& instance, std::string_view name) {
  const Value* value = instance.Find(name);
  return value && !value->is_null() ? value : nullptr;
}

// A list of integers from 0 to `max`; booleans count as 0 and 1.
template <typename T>
Status ReadIntegers(const Value& value, std::string_view name, int64_t max, const TextPlace& place,
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
Status ReadPixels(const Value& value, const encoder::ImageInput& shape, const TextPlace& place,
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
  return AtPlace(place, batch::CheckImage(shape, pixels));
}

Status CheckMembers(const Value& instance, const TextPlace& place) {
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
    return Wrong(place, StrCat("unknown field '", Printable(name), "'", DidYouMean(name, kKnown)));
  }
  return {};
}

Status ReadIds(const Value& instance, const Value& ids, const TextPlace& place,
               encoder::TextRow& row) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  PANO_RETURN_IF_ERROR(ReadIntegers(ids, "input_ids", kMax, place, row.ids));
  if (const Value* mask = Member(instance, "attention_mask")) {
    PANO_RETURN_IF_ERROR(ReadIntegers(*mask, "attention_mask", 1, place, row.mask));
  }
  if (const Value* types = Member(instance, "token_type_ids")) {
    PANO_RETURN_IF_ERROR(ReadIntegers(*types, "token_type_ids", kMax, place, row.types));
  }
  return {};
}

Status ReadText(const models::Predictor& version, const Value& instance, bool truncate,
                const TextPlace& place, encoder::TextRow& row) {
  const Value* text = Member(instance, "text");
  const Value* ids = Member(instance, "input_ids");
  if (!ids) ids = Member(instance, "ids");
  const Value* pair = Member(instance, "pair");
  if ((text || pair) && ids) return Wrong(place, "either a text or its ids, not both");
  if (ids) {
    PANO_RETURN_IF_ERROR(ReadIds(instance, *ids, place, row));
    return AtPlace(place, models::FinishRow(version, truncate, row));
  }
  if (!text || !text->is_string()) return Wrong(place, "'text' must be a string");
  if (pair && !pair->is_string()) return Wrong(place, "'pair' must be a string");
  if (Member(instance, "attention_mask") || Member(instance, "token_type_ids")) {
    return Wrong(place, "'attention_mask' and 'token_type_ids' go with 'input_ids'");
  }
  std::optional<std::string_view> second;
  if (pair) second = pair->as_string();
  return AtPlace(place, models::EncodeRow(version, text->as_string(), second, truncate, row));
}

Status ReadDecoder(const models::Predictor& version, const Value& ids, const TextPlace& place,
                   std::vector<nn::TokenId>& row) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const encoder::EncoderInfo& info = version.info();
  if (!info.decoder) return Wrong(place, "'decoder_input_ids': the model has no decoder");
  PANO_RETURN_IF_ERROR(ReadIntegers(ids, "decoder_input_ids", kMax, place, row));
  Status status = batch::CheckText(*info.decoder, version.context_length, {row, {}, {}});
  if (status.ok()) return {};
  return Wrong(place, StrCat("'decoder_input_ids': ", status.message()));
}

Status ReadInstance(const models::Predictor& version, const Value& instance, bool truncate,
                    const TextPlace& place, Instances& instances) {
  encoder::EncoderBatch& inputs = instances.inputs;
  Instances::Rows& rows = instances.rows.emplace_back();
  if (instance.is_string()) {
    rows.text = inputs.texts.size();
    encoder::TextRow& row = inputs.texts.emplace_back();
    return AtPlace(place, models::EncodeRow(version, instance.as_string(), {}, truncate, row));
  }
  if (!instance.is_object()) return Wrong(place, "must be a text or an object");
  PANO_RETURN_IF_ERROR(CheckMembers(instance, place));
  const Value* pixels = Member(instance, "pixel_values");
  bool has_text = Member(instance, "text") || Member(instance, "pair") || Member(instance, "ids") ||
                  Member(instance, "input_ids");
  if (!pixels && !has_text) {
    return Wrong(place, "'text', 'input_ids' or 'pixel_values' is missing");
  }
  if (pixels) {
    const std::optional<encoder::ImageInput>& shape = version.info().image;
    if (!shape) return Wrong(place, "'pixel_values': the model takes no images");
    rows.image = inputs.images.size();
    PANO_RETURN_IF_ERROR(ReadPixels(*pixels, *shape, place, inputs.images.emplace_back()));
  }
  if (!has_text) return {};
  rows.text = inputs.texts.size();
  PANO_RETURN_IF_ERROR(ReadText(version, instance, truncate, place, inputs.texts.emplace_back()));
  const Value* decoder = Member(instance, "decoder_input_ids");
  if (!decoder) return {};
  return ReadDecoder(version, *decoder, place, inputs.decoder_ids.emplace_back());
}

}  // namespace

Status ReadInstances(const models::Predictor& version, const json::Array& items, bool truncate,
                     Instances& instances) {
  if (items.empty()) return BadField("instances", "'instances' is an empty list");
  for (size_t i = 0; i < items.size(); ++i) {
    std::string where = StrCat("instances[", i, "]");
    TextPlace place{"instances", where};
    PANO_RETURN_IF_ERROR(ReadInstance(version, items[i], truncate, place, instances));
    const std::optional<size_t>& text = instances.rows.back().text;
    if (text) instances.tokens += static_cast<int64_t>(instances.inputs.texts[*text].ids.size());
    if (instances.tokens > kRowTokensMax) {
      return BadField("instances",
                      StrCat("one request may hold ", kRowTokensMax,
                             " tokens, and instances[0] to [", i, "] have ", instances.tokens));
    }
  }
  return {};
}

}  // namespace pano::api::native
