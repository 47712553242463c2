#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "base/testing/memory_env.h"

namespace pano {

// Writes a file whose folders are made on the way: trees like /proc and /sys for tests.
inline void PutFile(MemoryEnv& env, const std::string& path, std::string_view text) {
  for (size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) {
    (void)env.MakeFolder(path.substr(0, slash));   // may be there
  }
  auto file = env.Open(path, Env::OpenMode::kWrite);
  ASSERT_TRUE(file.ok()) << path << ": " << file.error().message();
  ASSERT_TRUE((*file)->WriteAll(std::as_bytes(std::span(text))).ok()) << path;
}

}  // namespace pano
