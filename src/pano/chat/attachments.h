#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace pano::chat {

constexpr size_t kAttachmentBytesMax = 256 << 10;  // of one file: about 64 thousand tokens
constexpr size_t kAttachedBytesMax = 1 << 20;      // of all files of a message

struct AttachedText {
  std::string text;                // what goes to the model
  std::vector<std::string> files;  // what was read, with its size, for the person
};

// Puts the text of files into a message: each @path at the start of a word, with quotes where it has
// spaces (@"my notes.txt"), is kept as the path alone, and the file's text follows the message in a
// block with its name. "~/" is the home folder. "@@" is a plain "@". NotFound and the like for a file
// that cannot be read, InvalidArgument for one that is binary or no file, Exhausted for one that is too
// large.
Result<AttachedText> AttachFiles(std::string_view message, Env& env = Env::Real());

// Paths that begin as `word` ("@src/ma") does, as words with the "@".
std::vector<std::string> PathsWith(std::string_view word, const Env& env = Env::Real());

// "~/x" with the home folder in place of the tilde.
std::string ExpandHome(std::string_view path, const Env& env = Env::Real());

}  // namespace pano::chat
