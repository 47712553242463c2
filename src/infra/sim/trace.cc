#include "infra/sim/trace.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/strings.h"

namespace pano::sim {
namespace {

constexpr int64_t kTicks = 10'000'000;  // a second: Azure's stamps have seven digits
constexpr size_t kColumnsMax = 64;
constexpr size_t kLineBytesMax = 1 << 22;

Status At(size_t line, std::string_view why) { return Corruption(StrCat("line ", line, ": ", why)); }

// Digits alone, `count` of them.
std::optional<int64_t> Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int64_t value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date
// algorithms").
int64_t DaysOf(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = year / 400, of_era = year % 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

// "2026-01-01 00:00:00.0602173", with "T", "Z" or "+00:00" too, in ticks.
std::optional<int64_t> Stamp(std::string_view text) {
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') return std::nullopt;
  if (*year < 1970 || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  int64_t ticks = ((DaysOf(*year, *month, *day) * 24 + *hour) * 60 + *minute) * 60 + *second;
  ticks *= kTicks;
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    size_t digits = 0;
    int64_t unit = kTicks;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
      unit /= 10;
      ticks += unit * (rest[digits] - '0');
    }
    if (digits == 0 || digits > 9) return std::nullopt;
    rest.remove_prefix(digits);
  }
  if (!rest.empty() && rest != "Z" && rest != "+00:00") return std::nullopt;
  return ticks;
}

// The lines of a text without copying it; the last one may lack its end.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool Next() {
    if (rest_.empty()) return false;
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, end);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    return true;
  }
  std::string_view line() const { return line_; }
  size_t number() const { return number_; }
  bool at_end() const { return Trim(rest_).empty(); }

 private:
  std::string_view rest_;
  std::string_view line_;
  size_t number_ = 0;
};

Status AddRequest(TraceRequest request, size_t line, std::vector<TraceRequest>& out) {
  if (request.input_tokens < 1 || request.input_tokens > kTraceTokensMax) {
    return At(line, StrCat("has ", request.input_tokens, " input tokens, not 1 to ", kTraceTokensMax));
  }
  if (request.output_tokens < 1 || request.output_tokens > kTraceTokensMax) {
    return At(line, StrCat("has ", request.output_tokens, " output tokens, not 1 to ", kTraceTokensMax));
  }
  if (!out.empty() && request.arrival_s < out.back().arrival_s) {
    return At(line, StrCat("is ", out.back().arrival_s - request.arrival_s, " s earlier than the line before"));
  }
  if (out.size() == kTraceRequestsMax) return At(line, StrCat("the trace has more than ", kTraceRequestsMax, " requests"));
  out.push_back(std::move(request));
  return {};
}

// Whose requests a trace has, by their names.
class Tenants {
 public:
  Result<int32_t> IdOf(std::string_view name, size_t line) {
    if (name.size() > kNameBytesMax) return At(line, StrCat("has a tenant's name of more than ", kNameBytesMax, " bytes"));
    const auto found = ids_.find(name);
    if (found != ids_.end()) return found->second;
    if (names_.size() == kTraceTenantsMax) return At(line, StrCat("the trace has more than ", kTraceTenantsMax, " tenants"));
    const auto id = static_cast<int32_t>(names_.size());
    names_.emplace_back(name);
    ids_.emplace(names_.back(), id);
    return id;
  }
  std::vector<std::string>& names() { return names_; }

 private:
  static constexpr size_t kNameBytesMax = 256;
  std::vector<std::string> names_;
  std::map<std::string, int32_t, std::less<>> ids_;
};

struct Columns {
  size_t stamp = kColumnsMax, input = kColumnsMax, output = kColumnsMax, tenant = kColumnsMax, count = 0;
};

Result<Columns> ReadHeader(std::string_view line) {
  Columns columns;
  for (const std::string_view cell : Split(line, ',')) {
    const std::string_view name = Trim(cell);
    size_t* target = name == "TIMESTAMP" ? &columns.stamp : name == "ContextTokens" ? &columns.input : name == "GeneratedTokens" ? &columns.output
                     : name == "Tenant"        ? &columns.tenant : nullptr;
    if (columns.count == kColumnsMax) return At(1, "has too many columns");
    if (target && *target != kColumnsMax) return At(1, StrCat("has the column ", name, " twice"));
    if (target) *target = columns.count;
    ++columns.count;
  }
  if (columns.stamp == kColumnsMax || columns.input == kColumnsMax || columns.output == kColumnsMax) {
    return At(1, "is no header with TIMESTAMP, ContextTokens and GeneratedTokens, and no JSON");
  }
  return columns;
}

Result<std::vector<TraceRequest>> ParseCsv(std::string_view text, Tenants& tenants) {
  Lines lines(text);
  lines.Next();
  if (lines.line().size() > kLineBytesMax) return At(1, "is too long");
  PANO_ASSIGN_OR_RETURN(const Columns columns, ReadHeader(lines.line()));
  std::vector<TraceRequest> out;
  int64_t midnight = 0;
  while (lines.Next()) {
    const std::string_view line = lines.line();
    if (Trim(line).empty()) {
      if (lines.at_end()) break;
      return At(lines.number(), "is empty: a hole in the trace");
    }
    if (line.size() > kLineBytesMax) return At(lines.number(), "is too long");
    const auto cells = Split(line, ',');
    if (cells.size() != columns.count) {
      return At(lines.number(), StrCat("has ", cells.size(), " values, the header ", columns.count));
    }
    const auto stamp = Stamp(Trim(cells[columns.stamp]));
    if (!stamp) return At(lines.number(), StrCat("TIMESTAMP '", Printable(cells[columns.stamp], 40), "' is no time like 2026-01-01 00:00:00.0602173"));
    const auto input = ParseInt(Trim(cells[columns.input])), output = ParseInt(Trim(cells[columns.output]));
    if (!input) return At(lines.number(), StrCat("ContextTokens '", Printable(cells[columns.input], 40), "' is no whole number"));
    if (!output) return At(lines.number(), StrCat("GeneratedTokens '", Printable(cells[columns.output], 40), "' is no whole number"));
    if (out.empty()) midnight = *stamp - *stamp % (86'400 * kTicks);
    const double arrival = static_cast<double>(*stamp - midnight) / static_cast<double>(kTicks);
    TraceRequest request = {arrival, *input, *output};
    if (columns.tenant != kColumnsMax) {
      PANO_ASSIGN_OR_RETURN(request.tenant, tenants.IdOf(Trim(cells[columns.tenant]), lines.number()));
    }
    PANO_RETURN_IF_ERROR(AddRequest(std::move(request), lines.number(), out));
  }
  return out;
}

Result<std::vector<TraceRequest>> ParseJsonLines(std::string_view text, Tenants& tenants) {
  Lines lines(text);
  std::vector<TraceRequest> out;
  while (lines.Next()) {
    if (Trim(lines.line()).empty()) {
      if (lines.at_end()) break;
      return At(lines.number(), "is empty: a hole in the trace");
    }
    const auto row = json::Parse(lines.line(), {.depth_max = 8, .bytes_max = kLineBytesMax});
    if (!row.ok()) return row.error().Wrap(StrCat("line ", lines.number()));
    const json::Value* stamp = row->Find("timestamp");
    const json::Value* input = row->Find("input_length");
    const json::Value* output = row->Find("output_length");
    if (!stamp || !stamp->is_number() || !(stamp->as_double() >= 0) || !(stamp->as_double() < 1e15)) {
      return At(lines.number(), "timestamp is no number of milliseconds");
    }
    if (!input || !input->is_int()) return At(lines.number(), "input_length is no whole number");
    if (!output || !output->is_int()) return At(lines.number(), "output_length is no whole number");
    TraceRequest request = {stamp->as_double() / 1e3, input->as_int(), output->as_int()};
    if (const json::Value* ids = row->Find("hash_ids")) {
      if (!ids->is_array()) return At(lines.number(), "hash_ids is no list");
      for (const json::Value& id : ids->as_array()) {
        if (!id.is_int()) return At(lines.number(), "hash_ids has what is no whole number");
        request.blocks.push_back(id.as_int());
      }
    }
    const json::Value* tenant = row->Find("tenant");
    if (tenant && !tenant->is_string()) return At(lines.number(), "tenant is no text");
    PANO_ASSIGN_OR_RETURN(request.tenant, tenants.IdOf(tenant ? std::string_view(tenant->as_string()) : "", lines.number()));
    PANO_RETURN_IF_ERROR(AddRequest(std::move(request), lines.number(), out));
  }
  return out;
}

}  // namespace

Result<std::vector<TraceRequest>> ParseTrace(std::string_view text, std::vector<std::string>* tenants) {
  if (text.size() > kTraceBytesMax) return Corruption(StrCat("the trace has more than ", kTraceBytesMax, " bytes"));
  const std::string_view begin = Trim(text.substr(0, 256));
  if (begin.empty()) return Corruption("the trace is empty");
  Tenants found;
  auto out = begin.starts_with('{') ? ParseJsonLines(text, found) : ParseCsv(text, found);
  if (out.ok() && out->empty()) return Corruption("the trace has a header and no requests");
  if (tenants) *tenants = std::move(found.names());
  if (tenants && tenants->empty()) tenants->emplace_back();
  return out;
}

}  // namespace pano::sim
