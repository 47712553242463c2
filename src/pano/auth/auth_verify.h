#pragma once

#include <string_view>

#include "app/auth/jose/key_set.h"
#include "base/json.h"
#include "pano/command_line/command.h"

namespace pano::cli {

// pano auth verify: whether signatures are good, by the keys of a file.
int RunAuthVerify(const Command& self, Args args);

// The answer to one line of --jsonl, {"jws": TEXT}: {"valid": true, "payload": TEXT}, with "payload_base64url"
// in its place where the payload is no text, or {"valid": false, "payload": null, "error": TEXT}.
json::Value VerifyLine(const jose::KeySet& keys, std::string_view line);

}  // namespace pano::cli
