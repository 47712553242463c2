#pragma once

#include <string>
#include <string_view>

#include "app/api/context.h"

namespace pano::api::ollama {

// A name as Ollama's lists have it: with a tag, ":latest" where it has none.
std::string TaggedName(std::string_view name);

// A Route::prepare: the model that the body names, in `model` or, as older clients have it, in `name`,
// stands in `model` as the rest of the API calls it: "NAME:latest" is "NAME", unless somebody has the whole name.
Status PrepareModelName(Context& context, Call& call);

}  // namespace pano::api::ollama
