#include "app/api/ollama/errors.h"

namespace pano::api::ollama {

json::Value ErrorBodyJson(const Failure& failure, std::string_view) {
  json::Value body;
  body.Set("error", failure.status.message());
  return body;
}

}  // namespace pano::api::ollama
