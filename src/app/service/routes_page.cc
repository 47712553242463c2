#include "app/service/routes_page.h"

#include <string_view>
#include <vector>

#include "app/api/route.h"
#include "app/service/dialects.h"
#include "base/strings.h"

namespace pano::service {
namespace {

constexpr std::string_view kIntroduction = R"(# Routes

Every path that `pano serve` answers, and who may call it. This page is written from the table of routes that the server itself goes by
(`UPDATE=1 build/release/bin/pano_app_service_test --gtest_filter='RoutesPage.*'` writes it anew); `pano serve --routes` prints the same for programs. A route without a
policy does not start.

| policy | who may call |
|---|---|
| open | everybody, without credentials |
| caller | whoever shows a valid token or key; lists have only what that caller may read |
| models:{id}:P | whoever has the scope `models:ID:P` or `models:*:P`, for the model whose id, or other name, stands in the path |
| models:{model}:P | the same for the model that the body's `model` names; where it names none, the only one that the caller may see |
| metrics:read | whoever has that scope |
| admin | whoever has that scope, which implies all others |

Where the server takes no credentials (loopback, no `--api-key`, `--auth` or `--auth-state`) everybody may do everything. Otherwise:

- No or bad credentials: 401, with `WWW-Authenticate: Bearer` by RFC 6750. A path that does not exist is answered the same way.
- A model that the caller may not read (and may not use in the way that the route is about) is answered to the byte as one that does not exist: 404.
- A model that it may read but not use so: 403, `error="insufficient_scope"`, and the scope that is missing.

HEAD is answered wherever GET is. A method gRPC is one that `--grpc-port` answers; the token is in the metadata `authorization`.

| method | path | policy | what |
|---|---|---|---|
)";

std::string PathOf(const api::Route& route) {
  std::string path(route.pattern);
  if (!route.query.empty()) path += StrCat("?", route.query);
  if (!route.header.empty()) path += StrCat(" (", route.header, ")");
  return path;
}

std::string_view MethodOf(const api::Route& route) {
  return route.transport == api::Transport::kGrpc ? "gRPC" : route.method;
}

std::vector<api::Route> AllRoutes() {
  std::vector<api::Route> routes;
  for (const api::Dialect& dialect : AllDialects()) {
    routes.insert(routes.end(), dialect.routes.begin(), dialect.routes.end());
  }
  return routes;
}

}  // namespace

std::string RouteLines() {
  std::string text;
  for (const api::Route& route : AllRoutes()) {
    text += StrCat(MethodOf(route), " ", PathOf(route), " ", api::PolicyName(route.access), "\n");
  }
  return text;
}

std::string RoutesPage() {
  std::string text(kIntroduction);
  for (const api::Route& route : AllRoutes()) {
    text += StrCat("| ", MethodOf(route), " | `", PathOf(route), "` | ", api::PolicyName(route.access),
                   " | ", route.summary, " |\n");
  }
  return text;
}

}  // namespace pano::service
