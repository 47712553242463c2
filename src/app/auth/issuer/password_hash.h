#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::issuer {

// What scrypt (RFC 7914) spends on one password: 128 * r * 2^log2_n bytes and as much time as that takes
// p times.
struct ScryptCost {
  uint32_t log2_n = 15;  // with r = 8: 32 MiB, some 100 ms
  uint32_t r = 8;
  uint32_t p = 1;
};

inline constexpr size_t kPasswordBytesMax = 1024;

// "scrypt$15$8$1$SALT$HASH" with a new salt: what may be stored of a password or secret. The cost stands in
// it, so that another default leaves older hashes good. InvalidArgument for a password that is empty or
// too long.
Result<std::string> HashPassword(std::string_view password, ScryptCost cost = {});

// Whether `hash` is of that password. False also for a hash that is none, or costs more than 128 MiB.
bool CheckPassword(std::string_view password, std::string_view hash);

// Takes as long as CheckPassword by the default cost, for a name that nobody has: how long an answer
// takes does not tell whether the name exists.
void SpendPasswordCheck(std::string_view password);

}  // namespace pano::issuer
