#include "app/api/route.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "app/api/dialect.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using Params = std::vector<std::pair<std::string, std::string>>;

// The parameters of `path` when it fits `pattern`, segment by segment; a parameter is never empty.
std::optional<Params> MatchPath(std::string_view pattern, std::string_view path) {
  Params params;
  while (true) {
    size_t pattern_end = pattern.find('/');
    size_t path_end = path.find('/');
    std::string_view want = pattern.substr(0, pattern_end);
    std::string_view have = path.substr(0, path_end);
    if (want.starts_with('{')) {
      if (have.empty()) return std::nullopt;
      params.emplace_back(want.substr(1, want.size() - 2), have);
    } else if (want != have) {
      return std::nullopt;
    }
    bool pattern_over = pattern_end == std::string_view::npos;
    bool path_over = path_end == std::string_view::npos;
    if (pattern_over != path_over) return std::nullopt;
    if (pattern_over) return params;
    pattern.remove_prefix(pattern_end + 1);
    path.remove_prefix(path_end + 1);
  }
}

// Whether a route that asks for something in the query gets it.
bool MatchQuery(std::string_view wanted, const http::Request& request) {
  if (wanted.empty()) return true;
  size_t equals = wanted.find('=');
  return request.Query(wanted.substr(0, equals)) == wanted.substr(equals + 1);
}

Status Check(const Route& route) {
  std::string name = StrCat("[api] route ", route.method, " ", route.pattern);
  if (route.access == Access::kUnset) return InvalidArgument(StrCat(name, " has no access policy"));
  if (!route.handler) return InvalidArgument(StrCat(name, " has no handler"));
  return {};
}

}  // namespace

Result<RouteTable> RouteTable::Create(const std::vector<Dialect>& dialects) {
  RouteTable table;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> seen;
  for (const Dialect& dialect : dialects) {
    for (Route route : dialect.routes) {
      PANO_RETURN_IF_ERROR(Check(route));
      if (!seen.emplace(route.method, route.pattern, route.query).second) {
        return InvalidArgument(
            StrCat("[api] route ", route.method, " ", route.pattern, " stands twice"));
      }
      route.error_body = dialect.error_body;
      table.routes_.push_back(std::move(route));
    }
  }
  return table;
}

RouteTable::Match RouteTable::Find(const http::Request& request) const {
  std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Match match;
  std::vector<std::string_view> methods;  // that the path takes
  for (const Route& route : routes_) {
    std::optional<Params> params = MatchPath(route.pattern, request.path);
    if (!params || !MatchQuery(route.query, request)) continue;
    if (std::find(methods.begin(), methods.end(), route.method) == methods.end()) {
      methods.push_back(route.method);
      match.allow += StrCat(match.allow.empty() ? "" : ", ", route.method,
                            route.method == "GET" ? ", HEAD" : "");
    }
    if (route.method != method) continue;
    if (match.route && match.route->query.size() >= route.query.size()) continue;
    match.route = &route;
    match.params = *std::move(params);
  }
  return match;
}

}  // namespace pano::api
