// Shapes of models in one word, for plans of what does not exist yet.
#include <cmath>
#include <map>

#include "base/closest_name.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/workload/workload.h"

namespace pano::workload {
namespace {

constexpr size_t kShapeBytesMax = 512;
constexpr std::string_view kKeys[] = {"layers", "hidden", "heads", "kv-heads", "ffn", "vocab", "context", "experts", "experts-used"};

// "7B", "1.3b", "350M", "1T": parameters.
std::optional<double> ParameterCountOf(std::string_view text) {
  if (text.size() < 2 || text.size() > 16) return std::nullopt;
  double unit = 0;
  switch (text.back()) {
    case 'M': case 'm': unit = 1e6; break;
    case 'B': case 'b': unit = 1e9; break;
    case 'T': case 't': unit = 1e12; break;
    default: return std::nullopt;
  }
  text.remove_suffix(1);
  if (text.find_first_not_of("0123456789.") != text.npos) return std::nullopt;
  const auto number = ParseDouble(text);
  if (!number) return std::nullopt;
  return *number * unit;
}

json::Value Llama(const std::map<std::string, int64_t, std::less<>>& sizes) {
  auto size = [&](std::string_view key, int64_t otherwise) {
    const auto it = sizes.find(key);
    return it != sizes.end() ? it->second : otherwise;
  };
  const int64_t hidden = size("hidden", 4096), heads = size("heads", 32);
  json::Value out;
  const bool experts = sizes.contains("experts");
  out.Set("model_type", experts ? "mixtral" : "llama");
  out.Set("hidden_size", hidden);
  out.Set("num_hidden_layers", size("layers", 32));
  out.Set("num_attention_heads", heads);
  out.Set("num_key_value_heads", size("kv-heads", heads));
  out.Set("intermediate_size", size("ffn", (hidden * 8 / 3 + 255) / 256 * 256));
  out.Set("vocab_size", size("vocab", 32000));
  out.Set("max_position_embeddings", size("context", 4096));
  out.Set("rms_norm_eps", 1e-5);
  out.Set("hidden_act", "silu");
  out.Set("tie_word_embeddings", false);
  out.Set("torch_dtype", "bfloat16");
  if (experts) {
    out.Set("num_local_experts", size("experts", 8));
    out.Set("num_experts_per_tok", size("experts-used", 2));
  }
  return out;
}

// Layers and width of a dense decoder of `parameters` (12 L h^2 + 2 V h, with V = 32000): a width of about 128 a layer, as
// large published models have, in whole groups of eight heads of 128, which block types and tensor ranks divide; the
// layers then make the count come out.
Result<json::Value> OfCount(double parameters, std::string_view text) {
  if (!(parameters >= 1e7 && parameters <= 1e13)) {
    return InvalidArgument(StrCat("shape '", Printable(text), "': from 10M to 10T parameters can be planned for"));
  }
  constexpr double kVocabulary = 32000;
  const double layers = std::max(2.0, std::round(std::cbrt(parameters / (12.0 * 128 * 128))));
  const double b = 2 * kVocabulary, a = 12 * layers;
  const double width = (-b + std::sqrt(b * b + 4 * a * parameters)) / (2 * a);
  const int64_t step = width >= 2048 ? 1024 : 128;
  const int64_t hidden = std::max<int64_t>(1, std::llround(width / static_cast<double>(step))) * step;
  const auto h = static_cast<double>(hidden);
  const int64_t depth = std::max<int64_t>(1, std::llround((parameters - 2 * kVocabulary * h) / (12 * h * h)));
  return Llama({{"layers", depth}, {"hidden", hidden}, {"heads", std::max<int64_t>(1, hidden / 128)}});
}

}  // namespace

bool LooksLikeShape(std::string_view text) {
  return ParameterCountOf(text).has_value() || (text.find('=') != text.npos && text.find('/') == text.npos);
}

Result<json::Value> ShapeConfig(std::string_view text) {
  if (text.size() > kShapeBytesMax) return InvalidArgument("the shape is longer than any");
  if (const auto count = ParameterCountOf(text)) return OfCount(*count, text);
  std::map<std::string, int64_t, std::less<>> sizes;
  for (std::string_view part : Split(text, ',')) {
    part = Trim(part);
    const size_t equals = part.find('=');
    const std::string_view key = part.substr(0, equals);
    bool known = false;
    for (std::string_view one : kKeys) known = known || one == key;
    if (equals == part.npos || !known) {
      return InvalidArgument(StrCat("shape '", Printable(text), "': '", Printable(part), "' is no KEY=NUMBER", DidYouMean(key, kKeys),
                                    "; keys are layers, hidden, heads, kv-heads, ffn, vocab, context, experts, experts-used"));
    }
    const auto value = ParseInt(part.substr(equals + 1));
    if (!value || *value < 1) {
      return InvalidArgument(StrCat("shape '", Printable(text), "': ", key, ": '", Printable(part.substr(equals + 1)),
                                    "' is no whole number of at least 1"));
    }
    if (!sizes.emplace(key, *value).second) {
      return InvalidArgument(StrCat("shape '", Printable(text), "': ", key, " stands twice"));
    }
    if (*value > (int64_t{1} << 31)) {
      return InvalidArgument(StrCat("shape '", Printable(text), "': ", key, ": ", *value, " is larger than any model's"));
    }
  }
  for (std::string_view needed : {"layers", "hidden", "heads"}) {
    if (!sizes.contains(needed)) return InvalidArgument(StrCat("shape '", Printable(text), "': ", needed, " is missing"));
  }
  return Llama(sizes);
}

}  // namespace pano::workload
