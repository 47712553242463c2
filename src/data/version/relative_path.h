#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::data {

// InvalidArgument unless `path` names something below a folder and nothing else: parts joined by single '/',
// none of them empty, "." or "..", in UTF-8 without NUL, at most 4,096 bytes and 256 parts. The message begins with what is
// wrong with it and shows the path. With this a manifest or a .dvc file cannot lead out of its folder.
Status CheckRelativePath(std::string_view path);

// `path` behind `folder` ("" = the root itself) with "." and ".." taken out of it by the letter. InvalidArgument
// where it leads out of the root. The result is "" for the root.
Result<std::string> Resolve(std::string_view folder, std::string_view path);

// Whether `path` is `folder` or lies in it, both relative to one root; everything lies in "".
bool Within(std::string_view path, std::string_view folder);

// `to` as written in a file of `folder`, both relative to one root: "../y/b" for ("x", "y/b").
std::string RelativeTo(std::string_view folder, std::string_view to);

}  // namespace pano::data
