#include "app/api/route.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "app/api/dialect.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using Params = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kModelId = "{id}";
constexpr std::string_view kPath = "{path}";
constexpr size_t kIdSegmentsMax = 3;

// What follows the closing brace of a pattern's segment; "" of a literal one.
std::string_view SuffixOf(std::string_view segment) {
  return segment.starts_with('{') ? segment.substr(segment.find('}') + 1) : std::string_view();
}

// How much of a pattern is fixed: whole segments, and ends of segments, which are less.
size_t Fixed(const std::vector<std::string_view>& pattern) {
  size_t fixed = 0;
  for (std::string_view segment : pattern) {
    fixed += !segment.starts_with('{') ? 2 : SuffixOf(segment).empty() ? 0 : 1;
  }
  return fixed;
}

// The parameters of `path` when it fits `pattern`, segment by segment; a parameter is never empty.
// An id, and a path, take what the rest of the pattern leaves them.
std::optional<Params> MatchPath(const std::vector<std::string_view>& pattern,
                                const std::vector<std::string_view>& path) {
  if (path.size() < pattern.size()) return std::nullopt;
  size_t spare = path.size() - pattern.size();  // segments beyond one each
  Params params;
  size_t at = 0;
  for (std::string_view want : pattern) {
    size_t count = want.starts_with(kModelId) || want == kPath ? 1 + std::exchange(spare, 0) : 1;
    if (count > kIdSegmentsMax) return std::nullopt;
    std::string have;
    for (size_t i = 0; i < count; ++i, ++at) {
      if (want.starts_with('{') && path[at].empty()) return std::nullopt;
      if (i > 0) have.push_back('/');
      have.append(path[at]);
    }
    if (want.starts_with('{')) {
      const std::string_view suffix = SuffixOf(want);
      if (have.size() <= suffix.size() || !have.ends_with(suffix)) return std::nullopt;
      have.resize(have.size() - suffix.size());
      params.emplace_back(want.substr(1, want.find('}') - 1), std::move(have));
    } else if (want != have) {
      return std::nullopt;
    }
  }
  if (spare > 0) return std::nullopt;
  return params;
}

// Whether `path` begins as the fixed beginning of a pattern does, which most do not.
bool MayMatch(std::string_view pattern, std::string_view path) {
  const size_t brace = pattern.find('{');
  return brace == std::string_view::npos ? path == pattern : path.starts_with(pattern.substr(0, brace));
}

// Whether a route that asks for something in the query gets it.
bool MatchQuery(std::string_view wanted, const http::Request& request) {
  if (wanted.empty()) return true;
  size_t equals = wanted.find('=');
  return request.Query(wanted.substr(0, equals)) == wanted.substr(equals + 1);
}

// Whether a route that is for requests with some query or header gets such a one.
bool MatchVariant(const Route& route, const http::Request& request) {
  return MatchQuery(route.query, request) &&
         (route.header.empty() || !request.Header(route.header).empty());
}

Status Check(const Route& route) {
  std::string name = StrCat("[api] route ", route.method, " ", route.pattern);
  if (route.access == Access::kUnset) return InvalidArgument(StrCat(name, " has no access policy"));
  if (route.access.kind == Access::Kind::kModel) {
    const bool in_path = route.access.place == Access::Place::kPath;
    const bool has_place =
        in_path ? route.pattern.find(kModelId) != std::string_view::npos : route.method == "POST";
    if (!has_place) {
      return InvalidArgument(StrCat(name, " has a policy by its model and no ",
                                    in_path ? "{id} in its path" : "body that names one"));
    }
  }
  if (!route.handler) return InvalidArgument(StrCat(name, " has no handler"));
  if (route.streams == route.event_schema.empty()) {
    return InvalidArgument(StrCat(name, " streams without a schema of its events, or the reverse"));
  }
  return {};
}

}  // namespace

Result<RouteTable> RouteTable::Create(const std::vector<Dialect>& dialects) {
  RouteTable table;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>> seen;
  for (const Dialect& dialect : dialects) {
    if (!dialect.prefix.empty()) table.prefixes_.emplace_back(dialect.prefix, dialect.error_body);
    for (Route route : dialect.routes) {
      PANO_RETURN_IF_ERROR(Check(route));
      if (!seen.emplace(route.method, route.pattern, route.query, route.header).second) {
        return InvalidArgument(
            StrCat("[api] route ", route.method, " ", route.pattern, " stands twice"));
      }
      route.error_body = dialect.error_body;
      table.routes_.push_back(std::move(route));
    }
    table.absent_.insert(table.absent_.end(), dialect.absent.begin(), dialect.absent.end());
  }
  return table;
}

std::string_view RouteTable::Match::Param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

const AbsentPath* RouteTable::FindAbsent(std::string_view path) const {
  for (const AbsentPath& absent : absent_) {
    const std::string_view rest = path.substr(std::min(path.size(), absent.path.size()));
    if (path.starts_with(absent.path) && (rest.empty() || rest.front() == '/')) return &absent;
  }
  return nullptr;
}

RouteTable::Match RouteTable::Find(const http::Request& request, Transport transport) const {
  std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Match match;
  std::vector<std::string_view> methods;  // that the path takes
  // A request's path may be long; no pattern has nearly as many segments.
  constexpr std::ptrdiff_t kSegmentsMax = 32;
  if (std::count(request.path.begin(), request.path.end(), '/') >= kSegmentsMax) return match;
  for (const auto& [prefix, error_body] : prefixes_) {
    const bool below = request.path.starts_with(prefix) &&
                       (request.path.size() == prefix.size() || request.path[prefix.size()] == '/');
    if (below) match.error_body = error_body;
  }
  const std::vector<std::string_view> path = Split(request.path, '/');
  size_t fixed = 0;  // of the best pattern so far: "/predict" at the end is no part of an id
  for (const Route& route : routes_) {
    if (route.transport != transport || !MayMatch(route.pattern, request.path)) continue;
    const std::vector<std::string_view> pattern = Split(route.pattern, '/');
    std::optional<Params> params = MatchPath(pattern, path);
    if (!params || !MatchVariant(route, request)) continue;
    const size_t own = Fixed(pattern);
    if (own < fixed) continue;
    if (own > fixed) {
      fixed = own;
      const ErrorBody shape = match.error_body;
      match = {};
      match.error_body = shape;
      methods.clear();
    }
    if (std::find(methods.begin(), methods.end(), route.method) == methods.end()) {
      methods.push_back(route.method);
      match.allow += StrCat(match.allow.empty() ? "" : ", ", route.method,
                            route.method == "GET" ? ", HEAD" : "");
    }
    if (route.method != method) continue;
    if (match.route && match.route->IsVariant() >= route.IsVariant()) continue;
    match.route = &route;
    match.params = *std::move(params);
  }
  return match;
}

}  // namespace pano::api
