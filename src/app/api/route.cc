#include "app/api/route.h"

#include <optional>
#include <set>

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

}  // namespace

Result<RouteTable> RouteTable::Create(std::vector<Route> routes) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Route& route : routes) {
    std::string name = StrCat("[api] route ", route.method, " ", route.pattern);
    if (route.access == Access::kUnset)
      return InvalidArgument(StrCat(name, " has no access policy"));
    if (!route.handler) return InvalidArgument(StrCat(name, " has no handler"));
    if (!seen.emplace(route.method, route.pattern).second) {
      return InvalidArgument(StrCat(name, " stands twice"));
    }
  }
  RouteTable table;
  table.routes_ = std::move(routes);
  return table;
}

RouteTable::Match RouteTable::Find(std::string_view method, std::string_view path) const {
  if (method == "HEAD") method = "GET";
  Match match;
  for (const Route& route : routes_) {
    std::optional<Params> params = MatchPath(route.pattern, path);
    if (!params) continue;
    match.allow += StrCat(match.allow.empty() ? "" : ", ", route.method,
                          route.method == "GET" ? ", HEAD" : "");
    if (!match.route && route.method == method) {
      match.route = &route;
      match.params = *std::move(params);
    }
  }
  return match;
}

}  // namespace pano::api
