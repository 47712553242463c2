#pragma once

#include <string>

#include "data/version/repository.h"

namespace pano::data {

// Lines of the .gitignore files beside data, so that git leaves alone what is tracked here. Nothing where the
// repository does not use git. `path` is from the root.

// Adds "/<name>", unless git ignores it already.
Status AddToGitIgnore(const Repository& repository, const std::string& path);
// Takes that line out; a file without any other is removed.
Status RemoveFromGitIgnore(const Repository& repository, const std::string& path);

}  // namespace pano::data
