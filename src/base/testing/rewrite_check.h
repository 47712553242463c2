#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/status.h"

namespace pano {

// What must hold of every writer that replaces a file or folder in one step, whatever goes wrong.
// `prepare` puts the old state into an empty Env (and syncs it), `write` replaces it, `read` says
// what a reader finds: the old text, the new one, or anything else when it is neither.
struct Rewrite {
  std::function<void(Env&)> prepare;
  std::function<Status(Env&)> write;
  std::function<std::string(Env&)> read;
  std::string old_text, new_text;
  // Names that may stand at the root when `write` has come back, whatever it said.
  std::vector<std::string> names;
};

// Expects (as gtest failures, named with call number and seed) that
//   short writes change nothing;
//   an EIO at any call leaves old or new, and new where `write` was ok, and no leftover files;
//   a crash at any call leaves old or new, and new where `write` was ok, whatever survived of what
//     was not synced;
//   on a disk of any size too small the answer is Exhausted, "disk_full", and the old state stands.
void CheckRewrite(const Rewrite& rewrite);

}  // namespace pano
