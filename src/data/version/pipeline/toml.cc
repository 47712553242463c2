#include "data/version/pipeline/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace pano::pipeline {
namespace {

constexpr int kDepthMax = 64;
constexpr size_t kBytesMax = 16u << 20;

Status Wrong(int64_t line, std::string_view why) {
  return InvalidArgument(StrCat("line ", line, ": ", Printable(why, 300)));
}

bool IsBareKey(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// Refuses what is deeper than kDepthMax, in brackets or in dotted keys, before toml++ builds (and unbuilds) it by
// recursion. Knows of TOML only where strings and comments begin and end. Confined to one call.
class DepthCheck {
 public:
  explicit DepthCheck(std::string_view text) : text_(text) {}

  Status Run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        SkipString(c);
        AfterPart();
        continue;
      }
      if (IsBareKey(c)) {
        while (at_ < text_.size() && IsBareKey(text_[at_])) ++at_;
        AfterPart();
        if (parts_ > kDepthMax) return TooDeep();
        continue;
      }
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        continue;
      }
      ++at_;
      if (c == '\n') ++line_;
      if (c == '[' || c == '{') ++brackets_;
      if ((c == ']' || c == '}') && brackets_ > 0) --brackets_;
      if (brackets_ > kDepthMax) return TooDeep();
      if (c == '.') {
        dot_ = true;
      } else if (c != ' ' && c != '\t') {
        parts_ = 0;
        dot_ = false;
      }
    }
    return {};
  }

 private:
  Status TooDeep() const { return Wrong(line_, "too deep"); }

  // Of "a.b.c", each of a, b and c.
  void AfterPart() {
    parts_ = dot_ ? parts_ + 1 : 1;
    dot_ = false;
  }

  // Past the string that begins here; one without an end goes to the end of its line, or of the text.
  void SkipString(char quote) {
    const std::string three(3, quote);
    const bool multiline = text_.substr(at_).starts_with(three);
    at_ += multiline ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (multiline && text_.substr(at_).starts_with(three)) {
        at_ += 3;
        while (at_ < text_.size() && text_[at_] == quote) ++at_;   // two more may belong to the text
        return;
      }
      if (!multiline && (c == quote || c == '\n')) {
        at_ += c == quote ? 1 : 0;
        return;
      }
      if (c == '\n') ++line_;
      at_ += c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' ? 2 : 1;
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
  int64_t line_ = 1;
  int brackets_ = 0, parts_ = 0;
  bool dot_ = false;
};

// What toml++ read as our values: keys in the order of the file, dates and times as they stand there. Confined to one
// call.
class Converter {
 public:
  explicit Converter(std::string_view text) : text_(text) {
    lines_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(i + 1);
    }
  }

  Result<json::Value> ValueOf(const toml::node& node, int depth) const {
    if (depth > kDepthMax) return Wrong(node.source().begin.line, "too deep");
    if (const toml::table* table = node.as_table()) return ObjectOf(*table, depth);
    if (const toml::array* array = node.as_array()) {
      json::Array out;
      out.reserve(array->size());
      for (const toml::node& element : *array) {
        PANO_ASSIGN_OR_RETURN(json::Value value, ValueOf(element, depth + 1));
        out.push_back(std::move(value));
      }
      return json::Value(std::move(out));
    }
    if (const auto* text = node.as_string()) return json::Value(text->get());
    if (const auto* whole = node.as_integer()) return json::Value(whole->get());
    if (const auto* real = node.as_floating_point()) return json::Value(real->get());
    if (const auto* truth = node.as_boolean()) return json::Value(truth->get());
    return json::Value(DateAt(node.source().begin));
  }

 private:
  Result<json::Value> ObjectOf(const toml::table& table, int depth) const {
    std::vector<std::pair<const toml::key*, const toml::node*>> members;
    members.reserve(table.size());
    for (auto it = table.begin(); it != table.end(); ++it) members.emplace_back(&it->first, &it->second);
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
      return a.first->source().begin < b.first->source().begin;
    });
    json::Object out;
    out.reserve(members.size());
    for (const auto& [key, node] : members) {
      PANO_ASSIGN_OR_RETURN(json::Value value, ValueOf(*node, depth + 1));
      out.emplace_back(std::string(key->str()), std::move(value));
    }
    return json::Value(std::move(out));
  }

  // The text of a date or time that begins there; columns count characters, from 1.
  std::string DateAt(const toml::source_position& begin) const {
    if (begin.line == 0 || begin.line > lines_.size()) return "";
    size_t at = lines_[begin.line - 1];
    for (toml::source_index column = 1; column < begin.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80) ++at;
    }
    const auto is_date = [&](size_t i) {
      constexpr std::string_view kOthers = "-+:.TtZz";
      return i < text_.size() && ((text_[i] >= '0' && text_[i] <= '9') || kOthers.find(text_[i]) != kOthers.npos);
    };
    size_t end = at;
    while (is_date(end)) ++end;
    // A space may stand between a date and its time.
    if (end < text_.size() && text_[end] == ' ' && end + 1 < text_.size() && text_[end + 1] >= '0' && text_[end + 1] <= '9') {
      ++end;
      while (is_date(end)) ++end;
    }
    return std::string(text_.substr(at, end - at));
  }

  const std::string_view text_;
  std::vector<size_t> lines_;   // where each begins
};

}  // namespace

Result<json::Value> ParseToml(std::string_view text) {
  if (text.size() > kBytesMax) return Wrong(1, StrCat("more than ", kBytesMax, " bytes"));
  PANO_RETURN_IF_ERROR(DepthCheck(text).Run());
  try {
    const toml::table table = toml::parse(text);
    return Converter(text).ValueOf(table, 0);
  } catch (const toml::parse_error& error) {
    return Wrong(std::max<int64_t>(1, error.source().begin.line), error.description());
  }
}

}  // namespace pano::pipeline
