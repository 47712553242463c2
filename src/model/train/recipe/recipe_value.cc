#include "model/train/recipe/recipe_value.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "base/closest_name.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::train {
namespace {

json::Value PlainScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // in quotes
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return {};
  if (const auto whole = ParseInt(text)) return *whole;
  const auto real = ParseDouble(text);
  return real && std::isfinite(*real) ? json::Value(*real) : json::Value(text);
}

json::Value AsJson(const YAML::Node& node) {
  if (node.IsScalar()) return PlainScalar(node);
  if (node.IsSequence()) {
    json::Array out;
    for (const YAML::Node& entry : node) out.push_back(AsJson(entry));
    return out;
  }
  if (!node.IsMap()) return {};
  json::Object out;
  for (const auto& entry : node) out.emplace_back(entry.first.Scalar(), AsJson(entry.second));
  return out;
}

}  // namespace

int RecipeValue::line() const { return node_.Mark().is_null() ? 1 : node_.Mark().line + 1; }

Status RecipeValue::Wrong(std::string_view why) const {
  std::string text = StrCat(file_, ":", line(), ": ");
  if (!path_.empty()) text += StrCat(path_, ": ");
  return InvalidArgument(text + std::string(why)).WithField(std::string(path_));
}

Result<int64_t> RecipeValue::Whole(int64_t least, int64_t most) const {
  const auto value = node_.IsScalar() ? ParseInt(node_.Scalar()) : std::nullopt;
  if (value && *value >= least && *value <= most) return *value;
  const std::string shown =
      node_.IsScalar() ? StrCat(", not '", Printable(node_.Scalar()), "'") : "";
  return Wrong(StrCat("expected a whole number from ", least, " to ", most, shown));
}

Result<double> RecipeValue::Real(double least, double most) const {
  const auto value = node_.IsScalar() ? ParseDouble(node_.Scalar()) : std::nullopt;
  if (value && *value >= least && *value <= most) return *value;
  const std::string shown =
      node_.IsScalar() ? StrCat(", not '", Printable(node_.Scalar()), "'") : "";
  return Wrong(StrCat("expected a number from ", least, " to ", most, shown));
}

Result<bool> RecipeValue::Bool() const {
  const std::string_view text = node_.IsScalar() ? std::string_view(node_.Scalar()) : "";
  if (text == "true") return true;
  if (text == "false") return false;
  return Wrong("expected true or false");
}

Result<std::string> RecipeValue::Text() const {
  if (!node_.IsScalar()) return Wrong("expected a text");
  if (node_.Scalar().empty() || !Utf8Valid(node_.Scalar())) {
    return Wrong("expected a text that is not empty");
  }
  return node_.Scalar();
}

Result<std::vector<std::string>> RecipeValue::Texts(size_t count_max, size_t count_min) const {
  std::vector<std::string> texts;
  if (!node_.IsSequence()) {
    PANO_ASSIGN_OR_RETURN(std::string text, Text());
    texts.push_back(std::move(text));
    return texts;
  }
  if (node_.size() < count_min || node_.size() > count_max) {
    return Wrong(StrCat("expected ", count_min, " to ", count_max, " entries"));
  }
  for (const YAML::Node& entry : node_) {
    PANO_ASSIGN_OR_RETURN(std::string text, RecipeValue(entry, path_, file_).Text());
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<size_t> RecipeValue::Choice(std::span<const std::string_view> names) const {
  const std::string text = node_.IsScalar() ? node_.Scalar() : "";
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  std::string all;
  for (std::string_view name : names) all += StrCat(all.empty() ? "" : ", ", name);
  return Wrong(StrCat(node_.IsScalar() ? StrCat("'", Printable(text), "' is none of ") : "expected one of ",
                      all, DidYouMean(text, names)));
}

Result<json::Value> RecipeValue::Json() const { return AsJson(node_); }

}  // namespace pano::train
