#pragma once

#include <cstdint>
#include <string>

#include "base/env.h"
#include "base/status.h"
#include "model/train/run/checkpoint/contents.h"

namespace pano::train {

// "step-40", the name of a whole checkpoint.
std::string StepFolderName(int64_t step);
// The step of such a name, or -1.
int64_t StepOfFolderName(std::string_view name);

// Writes `folder`/step-N in one step: the files go into a folder beside it (step-N.tmp-<hex>), are
// synced, the manifest with their checksums comes last, then the folder takes its name. Whatever
// happens meanwhile, step-N is what it was or the new one, whole; once this is ok it survives a
// crash. A failure removes what was written and names the checkpoint; a full disk is Exhausted with
// the reason "disk_full", said before the first byte where that is known.
Status WriteCheckpointFolder(Env& env, const std::string& folder,
                             const CheckpointContents& contents);

// Removes a checkpoint so that no part of it ever bears its name.
Status RemoveCheckpointFolder(Env& env, const std::string& folder, int64_t step);

// Removes what killed writers and removers left in `folder`.
void RemoveUnfinishedCheckpoints(Env& env, const std::string& folder);

}  // namespace pano::train
