#include "app/api/document/openapi.h"

#include <span>
#include <string>
#include <utility>

#include "app/api/body_format.h"
#include "app/api/document/component_schemas.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;

Value Reference(std::string_view schema) {
  Value reference;
  reference.Set("$ref", "#/components/schemas/" + std::string(schema));
  return reference;
}

Value Content(std::string_view type, Value schema) {
  Value media;
  media.Set("schema", std::move(schema));
  Value content;
  content.Set(type, std::move(media));
  return content;
}

Value Text() {
  Value schema;
  schema.Set("type", "string");
  return schema;
}

// The names between braces of a pattern, as required parameters.
Value PathParameters(std::string_view pattern) {
  Value list;
  for (size_t open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    size_t close = pattern.find('}', open);
    Value parameter;
    parameter.Set("name", pattern.substr(open + 1, close - open - 1));
    parameter.Set("in", "path");
    parameter.Set("required", true);
    parameter.Set("schema", Text());
    list.Append(std::move(parameter));
  }
  return list;
}

Value SuccessResponse(const Route& route) {
  Value content =
      Content(route.content_type,
              route.response_schema.empty() ? Text() : Reference(route.response_schema));
  if (route.streams) {
    Value media;
    media.Set("schema", Reference(route.event_schema));
    content.Set("text/event-stream", std::move(media));
  }
  Value response;
  response.Set("description", route.summary);
  response.Set("content", std::move(content));
  return response;
}

Value ErrorReference() {
  Value response;
  response.Set("$ref", "#/components/responses/Error");
  return response;
}

Value Operation(const Route& route) {
  Value operation;
  operation.Set("operationId", route.operation_id);
  operation.Set("summary", route.summary);
  Value parameters = PathParameters(route.pattern);
  if (!parameters.is_null()) operation.Set("parameters", std::move(parameters));
  if (!route.request_schema.empty() || route.form) {
    Value fields;
    fields.Set("type", "object");
    Value body;
    body.Set("required", true);
    const bool multipart = route.input == Route::Input::kMultipart;
    const std::string_view type = multipart    ? "multipart/form-data"
                                  : route.body ? route.body->content_type
                                               : "application/json";
    if (route.input == Route::Input::kNone) body.Set("required", false);
    body.Set("content", route.form ? Content("application/x-www-form-urlencoded", std::move(fields))
                                   : Content(type, Reference(route.request_schema)));
    operation.Set("requestBody", std::move(body));
  }
  Value responses;
  responses.Set("200", SuccessResponse(route));
  responses.Set("default", ErrorReference());
  operation.Set("responses", std::move(responses));
  // Overrides the document's own: an open route needs no security scheme.
  if (route.access == Access::kOpen) operation.Set("security", Value(json::Array()));
  return operation;
}

Value SecuritySchemes() {
  Value bearer;
  bearer.Set("type", "http");
  bearer.Set("scheme", "bearer");
  Value key;
  key.Set("type", "apiKey");
  key.Set("in", "header");
  key.Set("name", "X-Api-Key");
  Value schemes;
  schemes.Set("bearer", std::move(bearer));
  schemes.Set("apiKey", std::move(key));
  return schemes;
}

// Alternatives: no credentials (where no key is set), a bearer token, or a key header.
Value Security() {
  Value list{json::Array{Value(json::Object())}};
  for (std::string_view scheme : {"bearer", "apiKey"}) {
    Value entry;
    entry.Set(scheme, Value(json::Array()));
    list.Append(std::move(entry));
  }
  return list;
}

// `object` with the members that `names` has first, in that order.
Value Ordered(Value object, std::span<const std::string_view> names) {
  Value ordered{json::Object()};
  for (std::string_view name : names) {
    if (const Value* member = object.Find(name)) ordered.Set(name, *member);
  }
  for (auto& [name, member] : object.as_object()) {
    if (!ordered.Find(name)) ordered.Set(name, member);
  }
  return ordered;
}

Value Schemas(const std::vector<Dialect>& dialects) {
  Value schemas{json::Object()};
  for (const Dialect& dialect : dialects) {
    for (const auto& [name, schema] : dialect.schemas) schemas.Set(name, schema);
  }
  for (auto& [name, schema] : CommonSchemas()) schemas.Set(name, std::move(schema));
  return schemas;
}

}  // namespace

json::Value MakeOpenApi(const RouteTable& routes, const std::vector<Dialect>& dialects,
                        const DocumentOrder& order, std::string_view version) {
  Value info;
  info.Set("title", "Panorama");
  info.Set("version", version);
  Value license;
  license.Set("name", "Apache-2.0");
  license.Set("identifier", "Apache-2.0");
  info.Set("license", std::move(license));

  Value paths{json::Object()};
  for (const Route& route : routes.routes()) {
    if (route.IsVariant()) continue;  // the path's own operation stands for it
    if (route.transport != Transport::kHttp) continue;
    Value item = paths.Find(route.pattern) ? *paths.Find(route.pattern) : Value();
    item.Set(ToLower(route.method), Operation(route));
    paths.Set(route.pattern, std::move(item));
  }

  Value error;
  error.Set("description", "What went wrong; 429 and 503 carry Retry-After.");
  error.Set("content", Content("application/json", Reference("Error")));
  Value responses;
  responses.Set("Error", std::move(error));
  Value components;
  components.Set("schemas", Ordered(Schemas(dialects), order.schemas));
  components.Set("responses", std::move(responses));
  components.Set("securitySchemes", SecuritySchemes());

  Value document;
  document.Set("openapi", "3.1.0");
  document.Set("info", std::move(info));
  document.Set("servers", Value(json::Array{Value(json::Object{{"url", "/"}})}));
  document.Set("security", Security());
  document.Set("paths", Ordered(std::move(paths), order.paths));
  document.Set("components", std::move(components));
  return document;
}

}  // namespace pano::api
