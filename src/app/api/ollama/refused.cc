#include "app/api/ollama/refused.h"

#include <string_view>

#include "base/strings.h"

namespace pano::api::ollama {

void Refuse(Context&, CallPtr call) {
  const std::string_view path = call->request().path;
  std::string_view instead = "models are served from --model and --models-dir";
  if (path == "/api/pull") instead = "'pano pull ORG/NAME' downloads a model; a folder given by --models-dir serves it";
  if (path == "/api/copy") instead = "'pano serve --alias NAME=ID' gives a model another name";
  if (path == "/api/delete") instead = "a model that is moved out of the folder of --models-dir is served no more";
  if (path == "/api/create") instead = "'pano convert' and 'pano quantize' make models";
  call->Fail(Unimplemented(StrCat(path, " is not supported by this server: ", instead)).WithReason("not_supported"));
}

}  // namespace pano::api::ollama
