#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/status.h"

namespace YAML {
class Node;
}

namespace pano::yaml {

// What a file of settings may be, before anything of it is built. A value.
struct DocumentLimits {
  size_t bytes_max = 1 << 20;
  size_t nodes_max = 1 << 18;  // scalars, lists and mappings; each takes a few hundred bytes
  int depth_max = 32;
};

// Calls `read` with the root of the one YAML document in `text` (null for a text without any), and answers
// what it answers. InvalidArgument, with the line, where the text is no YAML, is beyond the limits, has a
// second document, or has anchors and aliases: with those a value is no longer where it is written, and a
// short text can stand for a very long one. What yaml-cpp throws meanwhile, `read` included, becomes
// InvalidArgument.
Status ReadDocument(std::string_view text, const DocumentLimits& limits,
                    const std::function<Status(const YAML::Node& root)>& read);

}  // namespace pano::yaml
