#pragma once

#include <cstdint>
#include <string>

#include "base/digest/digest.h"
#include "base/env.h"
#include "base/result.h"

namespace pano {

struct FileDigest {
  std::string hex;
  uint64_t bytes = 0;  // how many were read
};

// Of a file's content, read in pieces of 1 MiB.
Result<FileDigest> DigestOfFile(Env& env, const std::string& path, Digest::Kind kind);

}  // namespace pano
