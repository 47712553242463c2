#include "data/version/pipeline/yaml_value.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::pipeline {
namespace {

constexpr size_t kLinesMax = 20'000;
constexpr size_t kAnchorsMax = 10'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string WithoutUnderscores(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  return out;
}

// The number that `digits` are to `base`; nothing when there is none or one is foreign or it is too
// large.
json::Value Integer(std::string_view digits, int base, bool negative, std::string_view whole) {
  uint64_t value = 0;
  bool any = false;
  for (const char c : digits) {
    if (c == '_') continue;
    const int digit = IsDigit(c)                               ? c - '0'
                      : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                               : 99;
    if (digit >= base) return std::string(whole);
    any = true;
    if (value > (std::numeric_limits<uint64_t>::max() - 15) / static_cast<uint64_t>(base)) {
      const std::optional<double> large = ParseDouble(WithoutUnderscores(whole));
      return large ? json::Value(*large) : json::Value(std::string(whole));
    }
    value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
  if (!any) return std::string(whole);
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  }
  return negative ? json::Value(-static_cast<double>(value)) : json::Value(value);
}

// [-+]? digits with '.', an exponent or both.
bool LooksLikeFloat(std::string_view text) {
  size_t at = 0, digits = 0;
  bool point = false, exponent = false;
  while (at < text.size() && (IsDigit(text[at]) || text[at] == '_' || text[at] == '.')) {
    if (text[at] == '.') {
      if (point) return false;
      point = true;
    } else if (IsDigit(text[at])) {
      ++digits;
    } else if (digits == 0) {
      return false;
    }
    ++at;
  }
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    exponent = true;
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (at == text.size()) return false;
    while (at < text.size() && IsDigit(text[at])) ++at;
  }
  return at == text.size() && (point || exponent);
}

std::string JoinPlace(std::string_view place, std::string_view name) {
  return place.empty() ? std::string(name) : StrCat(place, ".", name);
}

// Builds the tree while the parser reads. The first objection ends the building. Confined to one
// call.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const YamlLimits& limits, YamlDocument* document)
      : limits_(limits), document_(document) {}
  const Status& status() const { return status_; }
  int documents() const { return documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Object(mark, "a second document begins");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, json::Value(), 1);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!Utf8Valid(value)) return Object(mark, "a text that is not UTF-8");
    json::Value resolved(value);
    if (tag == "?") {
      resolved = ResolvePlainScalar(value);
    } else if (tag.ends_with(":int") || tag.ends_with(":float") || tag.ends_with(":bool") ||
               tag.ends_with(":null")) {
      resolved = ResolvePlainScalar(value);
    } else if (tag != "!" && !tag.empty() && !tag.ends_with(":str")) {
      return Object(mark, StrCat("the tag '", Printable(tag), "' is not taken"));
    }
    // A key is a text as it stands.
    if (InMapping() && !stack_.back().has_key) resolved = value;
    Add(mark, anchor, std::move(resolved), 1);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Object(mark, "an alias of what is not whole yet");
    Add(mark, YAML::NullAnchor, found->second.value, found->second.nodes);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Enter(mark, anchor, json::Value(json::Array()));
  }
  void OnSequenceEnd() override { Leave(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Enter(mark, anchor, json::Value(json::Object()));
  }
  void OnMapEnd() override { Leave(); }

 private:
  struct Level {
    json::Value value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::Mark mark;
    size_t nodes = 1;
    std::string place;
    bool has_key = false;
    std::string key;
    std::set<std::string> keys;       // written here, not merged
    std::vector<json::Value> merged;  // values of "<<", in their order
  };
  struct Anchored {
    json::Value value;
    size_t nodes = 1;
  };

  void Object(const YAML::Mark& mark, std::string_view what) {
    if (status_.ok()) status_ = InvalidArgument(StrCat("line ", mark.line + 1, ": ", what));
  }
  bool InMapping() const { return !stack_.empty() && stack_.back().value.is_object(); }

  bool Spend(const YAML::Mark& mark, size_t nodes) {
    if (!status_.ok()) return false;
    if (nodes > limits_.nodes_max - spent_) {
      Object(mark, StrCat("there are more than ", limits_.nodes_max,
                          " values (aliases count what they stand for)"));
      return false;
    }
    spent_ += nodes;
    return true;
  }

  void Enter(const YAML::Mark& mark, YAML::anchor_t anchor, json::Value value) {
    if (!Spend(mark, 1)) return;
    if (static_cast<int>(stack_.size()) >= limits_.depth_max) {
      return Object(mark, StrCat("nests deeper than ", limits_.depth_max, " levels"));
    }
    if (InMapping() && !stack_.back().has_key)
      return Object(mark, "a key is a text, not a list or a mapping");
    Level level;
    level.value = std::move(value);
    level.anchor = anchor;
    level.mark = mark;
    level.place = PlaceOfNext();
    stack_.push_back(std::move(level));
  }

  std::string PlaceOfNext() const {
    if (stack_.empty()) return "";
    const Level& top = stack_.back();
    if (top.value.is_object()) return JoinPlace(top.place, top.key);
    return StrCat(top.place, "[", top.value.as_array().size(), "]");
  }

  void Leave() {
    if (!status_.ok() || stack_.empty()) return;
    Level level = std::move(stack_.back());
    stack_.pop_back();
    for (const json::Value& merged : level.merged) Merge(level, merged);
    if (!status_.ok()) return;
    Store(level.mark, level.anchor, std::move(level.value), level.nodes);
  }

  // Keys of a merged mapping do not replace what is there.
  void Merge(Level& level, const json::Value& merged) {
    if (merged.is_array()) {
      for (const json::Value& one : merged.as_array()) Merge(level, one);
      return;
    }
    if (!merged.is_object()) return Object(level.mark, "'<<' merges mappings");
    for (const auto& [key, value] : merged.as_object()) {
      if (level.keys.insert(key).second) level.value.as_object().emplace_back(key, value);
    }
  }

  void Add(const YAML::Mark& mark, YAML::anchor_t anchor, json::Value value, size_t nodes) {
    if (!Spend(mark, nodes)) return;
    Store(mark, anchor, std::move(value), nodes);
  }

  // Puts a whole value where it belongs.
  void Store(const YAML::Mark& mark, YAML::anchor_t anchor, json::Value value, size_t nodes) {
    if (anchor != YAML::NullAnchor) {
      // A copy for later: it is paid for like any value.
      if (!Spend(mark, nodes)) return;
      if (anchors_.size() >= kAnchorsMax) return Object(mark, "there are too many anchors");
      anchors_[anchor] = {value, nodes};
    }
    if (stack_.empty()) {
      document_->root = std::move(value);
      return;
    }
    Level& top = stack_.back();
    top.nodes += nodes;
    if (top.value.is_array()) {
      top.value.as_array().push_back(std::move(value));
      return;
    }
    if (!top.has_key) {
      if (value.is_null()) value = "null";
      if (!value.is_string()) return Object(mark, "a key is a text, not a list or a mapping");
      top.key = value.as_string();
      top.has_key = true;
      if (document_->lines.size() < kLinesMax)
        document_->lines.emplace(JoinPlace(top.place, top.key), mark.line + 1);
      return;
    }
    top.has_key = false;
    if (top.key == "<<") {
      top.merged.push_back(std::move(value));
      return;
    }
    if (!top.keys.insert(top.key).second) {
      return Object(mark, StrCat("the key '", Printable(top.key), "' stands twice"));
    }
    top.value.as_object().emplace_back(std::move(top.key), std::move(value));
  }

  const YamlLimits& limits_;
  YamlDocument* document_;
  std::vector<Level> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  size_t spent_ = 0;
  int documents_ = 0;
  Status status_;
};

}  // namespace

std::string YamlDocument::Where(std::string_view file, std::string_view place) const {
  while (true) {
    const auto found = lines.find(place);
    if (found != lines.end()) return StrCat(file, ":", found->second, ": ");
    const size_t cut = place.find_last_of(".[");
    if (cut == std::string_view::npos) return StrCat(file, ": ");
    place = place.substr(0, cut);
  }
}

json::Value ResolvePlainScalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return json::Value();
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::string_view number = text;
  const bool negative = number[0] == '-';
  if (negative || number[0] == '+') number.remove_prefix(1);
  if (number == ".inf" || number == ".Inf" || number == ".INF") {
    const double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  if (number.empty() || !(IsDigit(number[0]) || number[0] == '.')) return std::string(text);
  if (number.starts_with("0b")) return Integer(number.substr(2), 2, negative, text);
  if (number.starts_with("0o")) return Integer(number.substr(2), 8, negative, text);
  if (number.starts_with("0x")) return Integer(number.substr(2), 16, negative, text);
  if (std::all_of(number.begin(), number.end(), [](char c) { return IsDigit(c) || c == '_'; })) {
    return Integer(number, 10, negative, text);
  }
  if (LooksLikeFloat(number)) {
    const std::string plain = WithoutUnderscores(number);
    const std::optional<double> value = ParseDouble(plain.starts_with('.') ? "0" + plain : plain);
    if (value) return negative ? -*value : *value;
  }
  return std::string(text);
}

Result<YamlDocument> ParseYaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return InvalidArgument(StrCat("has ", text.size(), " bytes of at most ", limits.bytes_max));
  }
  YamlDocument document;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder(limits, &document);
    while (builder.status().ok() && parser.HandleNextDocument(builder)) {
    }
    if (!builder.status().ok()) return builder.status();
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) return InvalidArgument(Printable(error.msg, 200));
    return InvalidArgument(StrCat("line ", error.mark.line + 1, ", column ", error.mark.column + 1,
                                  ": ", Printable(error.msg, 200)));
  } catch (const std::exception& error) {  // of the standard library below it
    return InvalidArgument(Printable(error.what(), 200));
  }
  return document;
}

}  // namespace pano::pipeline
