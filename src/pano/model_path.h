#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"

namespace pano::cli {

// The local path of what stands where a command takes a model: a path stays as it is, and
// "hf:ORG/NAME[@REVISION][:FILE-or-TYPE]" becomes the folder or file in the hub's cache, fetched where it
// is not there or not the latest, with a line of progress on stderr. By the main thread, before others
// start: meanwhile SIGINT and SIGTERM end the pull.
Result<std::string> ResolveModel(const std::string& argument);
// The same where interrupts are somebody else's: a stop ends it with Cancelled.
Result<std::string> ResolveModel(const std::string& argument, const std::stop_token& stop);

// The same for "[ID=]PATH" as `pano serve --model` takes it. A model of the hub without an id of its own
// gets its repository's name.
Result<std::string> ResolveServedModel(const std::string& argument);

}  // namespace pano::cli
