#pragma once

#include <memory>
#include <string>

#include "pano/chat/http_caller.h"

namespace pano::chat {

// `url`: "https://host[:port][/path]". InvalidArgument for one that libcurl cannot take apart.
Result<std::unique_ptr<HttpCaller>> MakeCurlCaller(std::string url,
                                                   const HttpCallerOptions& options);

}  // namespace pano::chat
