#include "data/version/yaml_text.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::data {
namespace {

constexpr yaml::DocumentLimits kLimits{.bytes_max = 16 << 20, .nodes_max = 1 << 20, .depth_max = 64};

// Whether YAML 1.2's core schema, or DVC's reader, takes the plain text for something else than a text.
bool ReadsAsOther(std::string_view text) {
  static constexpr std::string_view kWords[] = {"null", "Null", "NULL", "~",     "true",  "True", "TRUE", "false",
                                                "False", "FALSE", ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", "<<", "="};
  if (std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords)) return true;
  // Numbers in all their forms (1_000, 0o7, 1e3, 1:30, dates) consist of few characters and begin with few.
  const char first = text.front();
  const bool may_begin = (first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.';
  return may_begin && text.find_first_not_of("0123456789abcdefABCDEFxoXOiIntT+-._:Z ") == text.npos;
}

bool IsPrintable(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t n = Utf8Length(text.substr(i));
    if (n == 0) return false;
    const char32_t c = Utf8Decode(text.substr(i), n);
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF) {
      return false;
    }
    i += n;
  }
  return true;
}

bool MayBePlain(std::string_view text) {
  constexpr std::string_view kIndicators = ",[]{}#&*!|>'\"%@`";
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (kIndicators.find(text.front()) != kIndicators.npos) return false;
  const char first = text.front();
  if ((first == '-' || first == '?' || first == ':') && (text.size() == 1 || text[1] == ' ')) return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
  return !ReadsAsOther(text);
}

std::string DoubleQuoted(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  const auto escape = [&](char kind, int digits, char32_t c) {
    out += '\\';
    out += kind;
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHex[(c >> shift) & 15];
  };
  for (size_t i = 0; i < text.size();) {
    const size_t n = std::max<size_t>(1, Utf8Length(text.substr(i)));
    const std::string_view piece = text.substr(i, n);
    i += n;
    const char32_t c = Utf8Length(piece) == 0 ? 0xFFFD : Utf8Decode(piece, n);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (IsPrintable(piece)) {
      out += piece;
    } else if (c < 0x100) {
      escape('x', 2, c);
    } else if (c < 0x10000) {
      escape('u', 4, c);
    } else {
      escape('U', 8, c);
    }
  }
  return out + '"';
}

using Lines = std::vector<std::string>;

Lines ToLines(std::string_view text) {
  Lines lines;
  for (const std::string_view line : Split(text, '\n')) lines.emplace_back(line);
  if (!lines.empty() && lines.back().empty()) lines.pop_back();   // behind the last line break
  return lines;
}

std::string FromLines(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + '\n';
  return out;
}

size_t Line(const YAML::Node& node) { return static_cast<size_t>(std::max(0, node.Mark().line)); }
size_t Column(const YAML::Node& node) { return static_cast<size_t>(std::max(0, node.Mark().column)); }
bool IsFlow(const YAML::Node& node) { return node.IsDefined() && (node.IsMap() || node.IsSequence()) && node.Style() == YAML::EmitterStyle::Flow; }

// Lines [begin, end) of an entry or item; `column` of its key or of what follows its dash.
struct Span {
  size_t begin = 0, end = 0, column = 0;
};

// Where `lines` of the span end that are its own: blank lines and comments at the end that are no deeper than it
// belong to what follows.
size_t ContentEnd(const Lines& lines, const Span& span) {
  size_t end = std::min(span.end, lines.size());
  while (end > span.begin + 1) {
    const std::string& line = lines[end - 1];
    const size_t first = line.find_first_not_of(" \t\r");
    if (first != line.npos && !(line[first] == '#' && first <= span.column)) break;
    --end;
  }
  return end;
}

// A node and the lines that it may use.
struct Place {
  YAML::Node node;
  Span span;
};

struct Entries {
  std::vector<YAML::Node> keys, values;   // of a list: keys are the items, too
  std::vector<Span> spans;
};

Entries EntriesOf(const YAML::Node& node, const Span& within, const Lines& lines) {
  Entries out;
  for (const auto& item : node) {
    if (node.IsMap()) {
      out.keys.push_back(item.first);
      out.values.push_back(item.second);
    } else {
      out.keys.push_back(item);
      out.values.push_back(item);
    }
  }
  size_t above = within.begin;
  for (const YAML::Node& key : out.keys) {
    Span span{Line(key), 0, Column(key)};
    // A dash may stand on a line of its own.
    while (node.IsSequence() && span.begin > above && span.begin < lines.size()) {
      const size_t first = lines[span.begin].find_first_not_of(' ');
      if (first != std::string::npos && lines[span.begin][first] == '-') break;
      --span.begin;
    }
    above = span.begin + 1;
    out.spans.push_back(span);
  }
  for (size_t i = 0; i < out.spans.size(); ++i) {
    out.spans[i].end = i + 1 < out.spans.size() ? out.spans[i + 1].begin : within.end;
  }
  return out;
}

std::optional<size_t> IndexOf(const Entries& entries, bool is_map, const YamlStep& step) {
  if (!is_map) {
    const size_t* i = std::get_if<size_t>(&step);
    return i != nullptr && *i < entries.keys.size() ? std::optional(*i) : std::nullopt;
  }
  const std::string* name = std::get_if<std::string>(&step);
  for (size_t i = 0; name != nullptr && i < entries.keys.size(); ++i) {
    if (entries.keys[i].IsScalar() && entries.keys[i].Scalar() == *name) return i;
  }
  return std::nullopt;
}

std::string ShowPath(const YamlPath& path) {
  std::string out;
  for (const YamlStep& step : path) {
    if (const size_t* i = std::get_if<size_t>(&step)) {
      out += StrCat("[", *i, "]");
    } else {
      out += StrCat(out.empty() ? "" : ".", std::get<std::string>(step));
    }
  }
  return out;
}

// Goes down to `path`; false where it is not there.
bool Descend(const YAML::Node& root, const Lines& lines, const YamlPath& path, Place* place) {
  place->node.reset(root);
  place->span = {0, lines.size(), 0};
  for (const YamlStep& step : path) {
    const YAML::Node node = place->node;
    if (!node.IsMap() && !node.IsSequence()) return false;
    const Entries entries = EntriesOf(node, place->span, lines);
    const auto i = IndexOf(entries, node.IsMap(), step);
    if (!i) return false;
    place->node.reset(entries.values[*i]);
    place->span = entries.spans[*i];
  }
  return true;
}

std::string Spaces(size_t count) { return std::string(count, ' '); }

std::string ScalarText(const YAML::Node& node) {
  if (node.IsNull()) return "";
  const std::string text = node.Scalar();
  const bool plain = node.Tag() == "?" || node.Tag().empty();
  return plain && text.find('\n') == text.npos && !text.empty() ? text : YamlScalar(text);
}

// The node in block style, each line with `indent` spaces; REQUIRES: a mapping or list that is not empty.
std::string EmitBlock(const YAML::Node& node, size_t indent) {
  std::string out;
  const auto value = [&](const YAML::Node& child, size_t deeper) -> std::string {
    if (child.IsMap() || child.IsSequence()) {
      if (child.size() == 0) return child.IsMap() ? " {}\n" : " []\n";
      return "\n" + EmitBlock(child, deeper);
    }
    const std::string scalar = ScalarText(child);
    return scalar.empty() ? "\n" : " " + scalar + "\n";
  };
  for (const auto& item : node) {
    out += Spaces(indent);
    if (node.IsMap()) {
      out += ScalarText(item.first) + ":";
      out += value(item.second, item.second.IsSequence() ? indent : indent + 2);
    } else if ((item.IsMap() || item.IsSequence()) && item.size() > 0) {
      out += "- " + EmitBlock(item, indent + 2).substr(indent + 2);
    } else {
      out += "-" + value(item, indent + 2);
    }
  }
  return out;
}

// Where the scalar that begins at `at` ends in its line.
size_t ScalarEnd(std::string_view line, size_t at) {
  if (at >= line.size()) return line.size();
  const char quote = line[at];
  if (quote == '"' || quote == '\'') {
    for (size_t i = at + 1; i < line.size(); ++i) {
      if (quote == '"' && line[i] == '\\') {
        ++i;
      } else if (line[i] == quote) {
        if (quote == '\'' && i + 1 < line.size() && line[i + 1] == quote) {
          ++i;
        } else {
          return i + 1;
        }
      }
    }
    return line.size();
  }
  size_t end = line.size();
  for (size_t i = at; i + 1 < line.size(); ++i) {
    if ((line[i] == ' ' || line[i] == '\t') && line[i + 1] == '#') {
      end = i;
      break;
    }
  }
  while (end > at && (line[end - 1] == ' ' || line[end - 1] == '\t' || line[end - 1] == '\r')) --end;
  return end;
}

// Behind the ':' of the key at `column`.
size_t BehindColon(std::string_view line, size_t column) {
  size_t at = column;
  if (at < line.size() && (line[at] == '"' || line[at] == '\'')) at = ScalarEnd(line, at);
  while (at < line.size() && !(line[at] == ':' && (at + 1 == line.size() || line[at + 1] == ' ' || line[at + 1] == '\t' || line[at + 1] == '\r'))) {
    ++at;
  }
  return std::min(at + 1, line.size());
}

void ReplaceLines(Lines* lines, size_t begin, size_t end, const Lines& with) {
  lines->erase(lines->begin() + static_cast<ptrdiff_t>(begin), lines->begin() + static_cast<ptrdiff_t>(end));
  lines->insert(lines->begin() + static_cast<ptrdiff_t>(begin), with.begin(), with.end());
}

}  // namespace

std::string YamlScalar(std::string_view text) {
  if (!IsPrintable(text)) return DoubleQuoted(text);
  if (MayBePlain(text)) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

Result<YamlText> YamlText::Parse(std::string text) {
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text, kLimits, [](const YAML::Node&) { return OkStatus(); }));
  return YamlText(std::move(text));
}

Status YamlText::Become(std::string text) {
  // An edit that does not give YAML is an error of ours; the text stays what it was.
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text, kLimits, [](const YAML::Node&) { return OkStatus(); }).Wrap("an edit failed"));
  text_ = std::move(text);
  return {};
}

// Writes the outermost mapping or list in flow style on the way to `path`, `path` included, in block style; its comments
// go above it.
Status YamlText::ToBlockStyle(const YamlPath& path) {
  std::optional<std::string> next;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text_, kLimits, [&](const YAML::Node& root) -> Status {
    Lines lines = ToLines(text_);
    for (size_t depth = 0; depth <= path.size(); ++depth) {
      Place place;
      if (!Descend(root, lines, YamlPath(path.begin(), path.begin() + static_cast<ptrdiff_t>(depth)), &place)) return {};
      if (!IsFlow(place.node) || place.node.size() == 0) continue;
      if (depth == 0) {
        next = EmitBlock(place.node, 0);
        return {};
      }
      const bool item = std::holds_alternative<size_t>(path[depth - 1]);
      const size_t end = ContentEnd(lines, place.span);
      Lines out;
      const std::string& first = lines[place.span.begin];
      for (size_t i = place.span.begin; i < end; ++i) {
        for (size_t at = lines[i].find('#'); at != std::string::npos; at = lines[i].find('#', at + 1)) {
          if (at > 0 && lines[i][at - 1] != ' ') continue;
          const std::string comment = lines[i].substr(at);
          if (comment.find_first_of("'\"]}") == std::string::npos) {
            out.push_back(Spaces(first.find_first_not_of(' ')) + comment);
            break;
          }
        }
      }
      if (item) {
        const size_t dash = first.find('-');
        const std::string block = EmitBlock(place.node, dash + 2);
        out.push_back(first.substr(0, dash) + "- " + FromLines({ToLines(block).front()}).substr(dash + 2));
        out.back().pop_back();
        const Lines rest = ToLines(block);
        out.insert(out.end(), rest.begin() + 1, rest.end());
      } else {
        const size_t column = place.span.column;
        out.push_back(first.substr(0, BehindColon(first, column)));
        const Lines rest = ToLines(EmitBlock(place.node, place.node.IsSequence() ? column : column + 2));
        out.insert(out.end(), rest.begin(), rest.end());
      }
      ReplaceLines(&lines, place.span.begin, end, out);
      next = FromLines(lines);
      return {};
    }
    return {};
  }));
  if (!next) return {};
  PANO_RETURN_IF_ERROR(Become(*std::move(next)));
  return ToBlockStyle(path);   // another one may lie deeper; each time fewer are left
}

Status YamlText::SetScalar(const YamlPath& path, std::string_view value, std::string_view before) {
  return Set(path, YamlScalar(value), before);
}

Status YamlText::SetPlain(const YamlPath& path, std::string_view text, std::string_view before) {
  return Set(path, std::string(text), before);
}

Status YamlText::Set(const YamlPath& path, std::string scalar, std::string_view before) {
  if (path.empty()) return InvalidArgument("a document's root is no value to set");
  YamlPath parent = path;
  parent.pop_back();
  PANO_RETURN_IF_ERROR(ToBlockStyle(parent));
  std::string next;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text_, kLimits, [&](const YAML::Node& root) -> Status {
    Lines lines = ToLines(text_);
    Place place;
    const std::string* key = std::get_if<std::string>(&path.back());
    if (!Descend(root, lines, parent, &place) || !place.node.IsMap() || key == nullptr || place.node.size() == 0) {
      return InvalidArgument(StrCat("there is no mapping ", ShowPath(parent), " to set ", ShowPath(path), " in"));
    }
    const Entries entries = EntriesOf(place.node, place.span, lines);
    if (const auto i = IndexOf(entries, /*is_map=*/true, path.back())) {
      const Span& span = entries.spans[*i];
      const YAML::Node& value = entries.values[*i];
      std::string& line = lines[span.begin];
      const size_t colon = BehindColon(line, span.column);
      const size_t end = ContentEnd(lines, span);
      const bool one_line = end == span.begin + 1;
      if (one_line && value.IsScalar() && Line(value) == span.begin && Column(value) >= colon) {
        const size_t at = Column(value);
        line = line.substr(0, at) + scalar + line.substr(ScalarEnd(line, at));
      } else if (one_line && value.IsNull()) {
        const size_t hash = line.find(" #", colon == 0 ? 0 : colon - 1);
        line = line.substr(0, colon) + " " + scalar + (hash == std::string::npos ? "" : " " + std::string(Trim(line.substr(hash))));
      } else {
        ReplaceLines(&lines, span.begin, end, {line.substr(0, colon) + " " + scalar});
      }
      next = FromLines(lines);
      return {};
    }
    const std::string entry = YamlScalar(*key) + ": " + scalar;
    const size_t column = entries.spans.front().column;
    const auto at = before.empty() ? std::nullopt : IndexOf(entries, true, YamlStep(std::string(before)));
    if (at) {
      const Span& span = entries.spans[*at];
      const std::string line = lines[span.begin];
      ReplaceLines(&lines, span.begin, span.begin + 1,
                   {line.substr(0, column) + entry, Spaces(column) + line.substr(column)});
    } else {
      const size_t end = ContentEnd(lines, entries.spans.back());
      ReplaceLines(&lines, end, end, {Spaces(column) + entry});
    }
    next = FromLines(lines);
    return {};
  }));
  return Become(std::move(next));
}

Status YamlText::Remove(const YamlPath& path) {
  if (path.empty()) return InvalidArgument("a document's root cannot be removed");
  YamlPath parent = path;
  parent.pop_back();
  PANO_RETURN_IF_ERROR(ToBlockStyle(parent));
  std::optional<std::string> next;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text_, kLimits, [&](const YAML::Node& root) -> Status {
    Lines lines = ToLines(text_);
    Place place;
    if (!Descend(root, lines, parent, &place) || !(place.node.IsMap() || place.node.IsSequence())) return {};
    const Entries entries = EntriesOf(place.node, place.span, lines);
    const auto i = IndexOf(entries, place.node.IsMap(), path.back());
    if (!i) return {};
    const Span& span = entries.spans[*i];
    const std::string first = lines[span.begin];
    const bool is_map = place.node.IsMap();
    const size_t lead = is_map ? span.column : 0;
    const bool on_dash = is_map && Trim(first.substr(0, lead)).ends_with('-');
    Lines with;
    size_t end = ContentEnd(lines, span);
    if (entries.keys.size() == 1) {
      // What would be left is nothing: an empty mapping or list is said.
      if (parent.empty()) {
        with.push_back(is_map ? "{}" : "[]");
      } else if (on_dash) {
        with.push_back(first.substr(0, lead) + "{}");
      } else if (span.begin > 0) {
        Lines above{StrCat(lines[span.begin - 1], is_map ? " {}" : " []")};
        ReplaceLines(&lines, span.begin - 1, end, above);
        next = FromLines(lines);
        return {};
      }
    } else if (on_dash && *i + 1 < entries.spans.size()) {
      // The entry behind it takes its place behind the dash.
      const size_t follower = entries.spans[*i + 1].begin;
      with.assign(lines.begin() + static_cast<ptrdiff_t>(end), lines.begin() + static_cast<ptrdiff_t>(follower));
      with.push_back(first.substr(0, lead) + lines[follower].substr(lead));
      end = follower + 1;
    }
    ReplaceLines(&lines, span.begin, end, with);
    next = FromLines(lines);
    return {};
  }));
  return next ? Become(*std::move(next)) : OkStatus();
}

Status YamlText::AppendItem(const YamlPath& path, std::string_view block) {
  PANO_RETURN_IF_ERROR(ToBlockStyle(path));
  std::string next;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text_, kLimits, [&](const YAML::Node& root) -> Status {
    Lines lines = ToLines(text_);
    Place place;
    if (!Descend(root, lines, path, &place) || !(place.node.IsNull() || place.node.IsSequence())) {
      return InvalidArgument(StrCat("there is no list ", ShowPath(path)));
    }
    size_t dash = place.span.column, end = place.span.begin + 1;
    if (place.node.size() > 0) {
      const Entries entries = EntriesOf(place.node, place.span, lines);
      dash = lines[entries.spans.front().begin].find('-');
      end = ContentEnd(lines, entries.spans.back());
    } else if (!path.empty()) {
      std::string& line = lines[place.span.begin];
      line = line.substr(0, BehindColon(line, place.span.column));   // takes "[]" away
    }
    Lines out;
    for (const std::string& line : ToLines(block)) out.push_back(Spaces(dash) + (out.empty() ? "- " : "  ") + line);
    ReplaceLines(&lines, std::min(end, lines.size()), std::min(end, lines.size()), out);
    next = FromLines(lines);
    return {};
  }));
  return Become(std::move(next));
}

Status YamlText::AppendEntry(const YamlPath& path, std::string_view key, std::string_view block) {
  PANO_RETURN_IF_ERROR(ToBlockStyle(path));
  std::string next;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(text_, kLimits, [&](const YAML::Node& root) -> Status {
    Lines lines = ToLines(text_);
    Place place;
    if (!Descend(root, lines, path, &place) || !(place.node.IsNull() || place.node.IsMap())) {
      return InvalidArgument(StrCat("there is no mapping ", ShowPath(path)));
    }
    size_t column = path.empty() ? 0 : place.span.column + 2, end = path.empty() ? lines.size() : place.span.begin + 1;
    if (place.node.size() > 0) {
      const Entries entries = EntriesOf(place.node, place.span, lines);
      column = entries.spans.front().column;
      end = ContentEnd(lines, entries.spans.back());
    } else if (!path.empty()) {
      std::string& line = lines[place.span.begin];
      line = line.substr(0, BehindColon(line, place.span.column));
    } else {
      std::erase_if(lines, [](const std::string& line) { return Trim(line) == "{}"; });
      end = lines.size();
    }
    const bool list = block.starts_with("- ");
    Lines out{Spaces(column) + YamlScalar(key) + ":"};
    for (const std::string& line : ToLines(block)) out.push_back(Spaces(column + (list ? 0 : 2)) + line);
    ReplaceLines(&lines, std::min(end, lines.size()), std::min(end, lines.size()), out);
    next = FromLines(lines);
    return {};
  }));
  return Become(std::move(next));
}

}  // namespace pano::data
