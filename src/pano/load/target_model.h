#pragma once

#include <optional>
#include <string>

#include "app/http/client.h"
#include "base/result.h"

namespace pano::load {

// What GET /v1/models says about the model that is to be loaded.
struct TargetModel {
  std::string id;
  std::optional<int64_t> vocab_size;  // our own servers say it, most others do not
};

// `wanted` as the server lists it, or its first model where `wanted` is "". A server that has no
// such list, or does not list `wanted`, is fine as long as `wanted` is given.
Result<TargetModel> FindTargetModel(http::Client& client, const std::string& wanted,
                                    const std::string& api_key);

}  // namespace pano::load
