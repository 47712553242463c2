#include "model/grammar/json_schema/schema_document.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/strings.h"

namespace pano::grammar {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %41 becomes A; what is no such escape stays.
std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
                        HexValue(text[i + 2]) >= 0;
    if (!escape) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])));
    i += 2;
  }
  return out;
}

// A step of a JSON pointer (RFC 6901): ~1 is '/', ~0 is '~'.
std::string PointerDecoded(std::string_view step) {
  std::string out;
  for (size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out.push_back(step[++i] == '0' ? '~' : '/');
    } else {
      out.push_back(step[i]);
    }
  }
  return out;
}

// Keywords whose values are data: what stands there is no schema, whatever it looks like.
constexpr std::array<std::string_view, 4> kDataKeywords = {"const", "enum", "default", "examples"};
// Keywords whose members are schemas under names of the author's.
constexpr std::array<std::string_view, 6> kNamedSchemas = {"$defs",      "definitions",       "properties",
                                                           "dependencies", "patternProperties", "dependentSchemas"};

using Anchors = std::map<std::string, SchemaDocument::Target>;
void CollectAnchors(const json::Value& value, const std::string& place, Anchors& anchors);

void CollectFromMembers(const json::Object& members, const std::string& place, Anchors& anchors) {
  for (const auto& [name, member] : members) {
    if (member.is_object() || member.is_array()) CollectAnchors(member, PlaceOf(place, name), anchors);
  }
}

// `value`: a schema, or a list of them. What has an $id of its own is a resource apart (2020-12, 8.2.1), whose anchors
// are not the document's.
void CollectAnchors(const json::Value& value, const std::string& place, Anchors& anchors) {
  if (value.is_array()) {
    size_t index = 0;
    for (const json::Value& element : value.as_array()) {
      const std::string step = StrCat(index++);
      if (element.is_object() || element.is_array()) CollectAnchors(element, PlaceOf(place, step), anchors);
    }
  }
  if (!value.is_object()) return;
  if (const json::Value* id = value.Find("$id"); id != nullptr && id->is_string() && place != "#") return;
  for (const auto& [name, member] : value.as_object()) {
    if (std::ranges::find(kDataKeywords, name) != kDataKeywords.end()) continue;
    if (name == "$anchor" && member.is_string()) {
      anchors.try_emplace(member.as_string(), SchemaDocument::Target{&value, place});
    }
    if (member.is_object() && std::ranges::find(kNamedSchemas, name) != kNamedSchemas.end()) {
      CollectFromMembers(member.as_object(), PlaceOf(place, name), anchors);
    } else if (member.is_object() || member.is_array()) {
      CollectAnchors(member, PlaceOf(place, name), anchors);
    }
  }
}

}  // namespace

std::vector<const std::pair<std::string, json::Value>*> LastMembers(const json::Object& object) {
  std::vector<const std::pair<std::string, json::Value>*> out;
  std::unordered_map<std::string_view, size_t> at;
  out.reserve(object.size());
  for (const auto& member : object) {
    const auto [known, added] = at.try_emplace(member.first, out.size());
    if (added) {
      out.push_back(&member);
    } else {
      out[known->second] = &member;
    }
  }
  return out;
}

std::string PlaceOf(std::string_view place, std::string_view step) {
  std::string out(place);
  const auto add = [&](std::string_view text) {
    if (out.size() + text.size() <= kPlaceBytesMax) out += text;
    return out.size() + text.size() <= kPlaceBytesMax;
  };
  bool room = add("/");
  for (size_t i = 0; room && i < step.size(); ++i) {
    room = add(step[i] == '~' ? "~0" : step[i] == '/' ? "~1" : step.substr(i, 1));
  }
  return out;
}

Status UnsupportedKeyword(std::string_view place, std::string_view keyword, std::string_view why) {
  const std::string at = PlaceOf(place, keyword);
  return Unimplemented(StrCat("[schema] '", Printable(keyword), "' at ", Printable(at, 200),
                              " cannot be enforced: ", why))
      .WithReason("unsupported_keyword")
      .WithField(Printable(at, 200));
}

Status WrongKeyword(std::string_view place, std::string_view keyword, std::string_view why) {
  const std::string at = PlaceOf(place, keyword);
  return InvalidArgument(
             StrCat("[schema] '", Printable(keyword), "' at ", Printable(at, 200), " ", why))
      .WithReason("invalid_schema")
      .WithField(Printable(at, 200));
}

SchemaDocument::SchemaDocument(const json::Value& root) : root_(root) {
  if (const json::Value* id = root.Find("$id"); id != nullptr && id->is_string()) {
    id_ = id->as_string().substr(0, id->as_string().find('#'));
  }
  CollectAnchors(root, "#", anchors_);
}

Result<SchemaDocument::Target> SchemaDocument::Resolve(const std::string& reference,
                                                       const std::string& place) const {
  std::string_view fragment = reference;
  if (!id_.empty() && fragment.starts_with(id_)) fragment.remove_prefix(id_.size());
  if (!fragment.empty() && fragment[0] != '#') {
    return UnsupportedKeyword(
        place, "$ref",
        StrCat("'", Printable(reference), "' is not within the schema, and nothing is fetched"));
  }
  if (!fragment.empty()) fragment.remove_prefix(1);
  const std::string decoded = PercentDecoded(fragment);
  if (decoded.empty()) return Target{&root_, "#"};
  const Status missing = WrongKeyword(
      place, "$ref", StrCat("names '", Printable(reference), "', which is not in the schema"));
  if (decoded[0] != '/') {
    const auto found = anchors_.find(decoded);
    if (found == anchors_.end()) return missing;
    return found->second;
  }
  Target target{&root_, "#"};
  for (std::string_view step : Split(std::string_view(decoded).substr(1), '/')) {
    const std::string name = PointerDecoded(step);
    const json::Value* next = target.schema->Find(name);
    if (target.schema->is_array()) {
      const std::optional<int64_t> index = ParseInt(name);
      const json::Array& array = target.schema->as_array();
      if (index && *index >= 0 && static_cast<size_t>(*index) < array.size()) {
        next = &array[static_cast<size_t>(*index)];
      }
    }
    if (next == nullptr) return missing;
    target = {next, PlaceOf(target.place, name)};
  }
  return target;
}

}  // namespace pano::grammar
