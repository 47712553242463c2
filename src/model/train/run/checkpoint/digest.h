#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/env.h"
#include "base/result.h"

namespace pano::train {

// SHA-256 (FIPS 180-4) of bytes that come in pieces. Confined to one thread.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Add(std::span<const std::byte> bytes);
  // 64 lower-case hexadecimal digits; nothing may follow.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Of a file's bytes, read in pieces; `bytes` receives how many they are.
Result<std::string> Sha256OfFile(Env& env, const std::string& path, uint64_t* bytes);

}  // namespace pano::train
