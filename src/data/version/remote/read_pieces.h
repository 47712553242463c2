#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "base/env.h"
#include "base/result.h"

namespace pano::remote {

// Reads the file to its end in pieces of at most 1 MiB. Cancelled once `stop` is requested.
Status ReadPieces(const std::string& path, Env& env, const std::stop_token& stop,
                  const std::function<Status(std::span<const std::byte> piece)>& on_piece);

}  // namespace pano::remote
