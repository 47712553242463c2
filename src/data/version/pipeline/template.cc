#include "data/version/pipeline/template.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "data/version/pipeline/yaml_dump.h"

namespace pano::pipeline {
namespace {

constexpr size_t kValuesMax = 1u << 20;  // of one resolved tree

// ${...} in a text: where it stands and what is within.
struct Match {
  size_t begin = 0, end = 0;
  std::string_view inner;
};

std::vector<Match> FindMatches(std::string_view text) {
  std::vector<Match> matches;
  size_t at = 0;
  while ((at = text.find("${", at)) != std::string_view::npos) {
    if (at > 0 && text[at - 1] == '\\') {
      at += 2;
      continue;
    }
    const size_t line = text.find('\n', at);
    const size_t close = text.find('}', at + 2);
    if (close == std::string_view::npos || (line != std::string_view::npos && line < close)) {
      at += 2;
      continue;
    }
    matches.push_back({at, close + 1, text.substr(at + 2, close - at - 2)});
    at = close + 1;
  }
  return matches;
}

// "a.b[0]" as its parts. InvalidArgument where brackets or dots do not fit.
Result<std::vector<std::string>> ParseExpression(std::string_view text) {
  std::vector<std::string> parts;
  size_t at = 0;
  const auto wrong = [&] {
    return InvalidArgument(StrCat("'${", Printable(text),
                                  "}' is no expression: write ${name}, ${name.key} or ${list[0]}"));
  };
  const auto word = [&]() -> std::string_view {
    const size_t begin = at;
    while (at < text.size() && text[at] != '.' && text[at] != '[' && text[at] != ']') ++at;
    return Trim(text.substr(begin, at - begin));
  };
  while (true) {
    const std::string_view name = word();
    if (name.empty()) return wrong();
    parts.emplace_back(name);
    while (at < text.size() && text[at] == '[') {
      ++at;
      const std::string_view index = word();
      if (index.empty() || at >= text.size() || text[at] != ']') return wrong();
      ++at;
      parts.emplace_back(index);
    }
    if (at == text.size()) return parts;
    if (text[at] != '.') return wrong();
    ++at;
    if (parts.size() > 64) return wrong();
  }
}

std::string ShellQuoted(std::string_view text) {
  const bool safe = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
  });
  if (safe) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\"'\"'";
    else
      out += c;
  }
  return out + "'";
}

// Nested mappings as "a.b" -> value.
void Flatten(const json::Value& value, const std::string& prefix, json::Object* out) {
  for (const auto& [key, member] : value.as_object()) {
    const std::string name = prefix.empty() ? key : StrCat(prefix, ".", key);
    if (member.is_object() && !member.as_object().empty()) {
      Flatten(member, name, out);
    } else if (!member.is_object()) {
      out->emplace_back(name, member);
    }
  }
}

// --key value options for a command.
Result<std::string> OptionsOf(const json::Value& value, const TemplateOptions& options) {
  json::Object flat;
  Flatten(value, "", &flat);
  std::string out;
  for (const auto& [key, member] : flat) {
    if (member.is_bool()) {
      if (member.as_bool())
        out += StrCat("--", key, " ");
      else if (options.bool_optional)
        out += StrCat("--no-", key, " ");
    } else if (member.is_string()) {
      out += StrCat("--", key, " ", ShellQuoted(member.as_string()), " ");
    } else if (member.is_array()) {
      bool first = true;
      for (const json::Value& entry : member.as_array()) {
        if (entry.is_array() || entry.is_object()) {
          return InvalidArgument(
              StrCat("a list within a list cannot be an option: '", Printable(key), "'"));
        }
        const std::string text = entry.is_string() ? ShellQuoted(entry.as_string()) : TextOf(entry);
        out += options.lists_append || first ? StrCat("--", key, " ", text, " ") : text + " ";
        first = false;
      }
    } else {
      out += StrCat("--", key, " ", member.is_null() ? "None" : TextOf(member), " ");
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

// Resolves a tree and counts what it makes. Confined to one call.
class Resolver {
 public:
  Resolver(const Scope& scope, std::string_view field, const TemplateOptions& options)
      : scope_(scope), field_(field), options_(options) {}

  Result<json::Value> Any(const json::Value& value) {
    if (++values_ > kValuesMax)
      return InvalidArgument(StrCat("resolves to more than ", kValuesMax, " values"));
    if (value.is_string()) return Text(value.as_string());
    if (value.is_array()) {
      json::Array array;
      for (const json::Value& entry : value.as_array()) {
        PANO_ASSIGN_OR_RETURN(json::Value resolved, Any(entry));
        array.push_back(std::move(resolved));
      }
      return json::Value(std::move(array));
    }
    if (value.is_object()) {
      json::Object object;
      for (const auto& [key, member] : value.as_object()) {
        PANO_ASSIGN_OR_RETURN(const json::Value name, Text(key));
        if (name.is_array() || name.is_object())
          return InvalidArgument(StrCat("'", Printable(key), "' is no text"));
        PANO_ASSIGN_OR_RETURN(json::Value resolved, Any(member));
        object.emplace_back(TextOf(name), std::move(resolved));
      }
      return json::Value(std::move(object));
    }
    return value;
  }

 private:
  Result<json::Value> Text(const std::string& text) {
    const std::vector<Match> matches = FindMatches(text);
    if (matches.size() == 1 && matches[0].begin == 0 && matches[0].end == text.size()) {
      PANO_ASSIGN_OR_RETURN(json::Value value, Value(matches[0]));
      if (value.is_object() && field_ == "cmd") {
        PANO_ASSIGN_OR_RETURN(std::string options, OptionsOf(value, options_));
        return json::Value(std::move(options));
      }
      return value;
    }
    std::string out;
    size_t at = 0;
    for (const Match& match : matches) {
      out += Unescaped(std::string_view(text).substr(at, match.begin - at));
      PANO_ASSIGN_OR_RETURN(const json::Value value, Value(match));
      if (value.is_object()) {
        PANO_ASSIGN_OR_RETURN(const std::string options, OptionsOf(value, options_));
        out += options;
      } else {
        out += TextOf(value);
      }
      if (out.size() > options_.bytes_max)
        return InvalidArgument(StrCat("resolves to more than ", options_.bytes_max, " bytes"));
      at = match.end;
    }
    out += Unescaped(std::string_view(text).substr(at));
    return json::Value(std::move(out));
  }

  Result<json::Value> Value(const Match& match) {
    PANO_ASSIGN_OR_RETURN(json::Value value, scope_.Select(match.inner));
    const bool loop = field_ == "foreach" || field_ == "matrix";
    const bool options = field_ == "cmd" && value.is_object();
    if ((value.is_array() || value.is_object()) && !loop && !options) {
      return InvalidArgument(StrCat("'${", Printable(match.inner), "}' is a ",
                                    value.is_array() ? "list" : "mapping",
                                    ", which cannot stand here"));
    }
    if (value.is_array() || value.is_object()) values_ += 1 + json::Dump(value).size() / 16;
    return value;
  }

  static std::string Unescaped(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text.substr(i).starts_with("\\${")) continue;
      out += text[i];
    }
    return out;
  }

  const Scope& scope_;
  const std::string_view field_;
  const TemplateOptions& options_;
  size_t values_ = 0;
};

Status MergeInto(json::Value* into, const json::Value& update, const std::string& place,
                 std::string_view source) {
  for (const auto& [key, value] : update.as_object()) {
    json::Value* there = nullptr;
    for (auto& [name, member] : into->as_object()) {
      if (name == key) there = &member;
    }
    const std::string name = place.empty() ? key : StrCat(place, ".", key);
    if (there == nullptr) {
      into->as_object().emplace_back(key, value);
    } else if (there->is_object() && value.is_object()) {
      PANO_RETURN_IF_ERROR(MergeInto(there, value, name, source));
    } else {
      return InvalidArgument(StrCat("cannot redefine '", Printable(name), "' from '",
                                    Printable(source, 200), "': it has a value already"));
    }
  }
  return {};
}

}  // namespace

Status Scope::Merge(const json::Value& values, std::string_view source) {
  if (!values.is_object())
    return InvalidArgument(
        StrCat(Printable(source, 200), ": variables are a mapping, not a ", values.kind()));
  if (values.as_object().size() + values_.as_object().size() > 20'000) {
    return InvalidArgument(StrCat(Printable(source, 200), ": more than 20,000 variables"));
  }
  for (const auto& [name, value] : loop_) {
    if (values.Find(name) != nullptr) {
      return InvalidArgument(
          StrCat("'", name, "' in ", Printable(source, 200), " is what the loop calls its own"));
    }
  }
  return MergeInto(&values_, values, "", source);
}

void Scope::SetLoop(std::string_view name, json::Value value) {
  loop_.emplace_back(std::string(name), std::move(value));
}
void Scope::ClearLoop() { loop_.clear(); }

Result<json::Value> Scope::Select(std::string_view expression) const {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> parts, ParseExpression(expression));
  const json::Value* value = nullptr;
  for (const auto& [name, member] : loop_) {
    if (name == parts[0]) value = &member;
  }
  if (value == nullptr) value = values_.Find(parts[0]);
  for (size_t i = 1; i < parts.size() && value != nullptr; ++i) {
    if (value->is_object()) {
      value = value->Find(parts[i]);
    } else if (value->is_array()) {
      const std::optional<int64_t> index = ParseInt(parts[i]);
      const auto size = static_cast<int64_t>(value->as_array().size());
      const int64_t at = index ? (*index < 0 ? *index + size : *index) : -1;
      value = at >= 0 && at < size ? &value->as_array()[static_cast<size_t>(at)] : nullptr;
    } else {
      value = nullptr;
    }
  }
  if (value == nullptr) return NotFound(StrCat("could not find '", Printable(expression), "'"));
  return *value;
}

bool HasTemplate(const json::Value& value) {
  if (value.is_string()) return !FindMatches(value.as_string()).empty();
  if (value.is_array())
    return std::any_of(value.as_array().begin(), value.as_array().end(), HasTemplate);
  if (value.is_object()) {
    return std::any_of(value.as_object().begin(), value.as_object().end(), [](const auto& member) {
      return HasTemplate(member.second) || HasTemplate(member.first);
    });
  }
  return false;
}

Result<json::Value> Resolve(const json::Value& value, const Scope& scope, std::string_view field,
                            const TemplateOptions& options) {
  return Resolver(scope, field, options).Any(value);
}

std::string TextOf(const json::Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_int()) return StrCat(value.as_int());
  if (value.is_double()) return PythonFloat(value.as_double());
  if (value.is_null()) return "None";
  return json::Dump(value);
}

}  // namespace pano::pipeline
