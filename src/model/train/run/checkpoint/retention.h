#pragma once

#include <cstdint>
#include <vector>

namespace pano::train {

// Which of the checkpoints `steps` to remove, oldest first, once that of `newest` is whole: of those
// up to it all but the last `keep`, and never that of `best_step` (-1: none). Those of later steps
// are leftovers of a run that was resumed from before them: the run writes them anew. REQUIRES:
// keep >= 1.
std::vector<int64_t> StepsToRemove(std::vector<int64_t> steps, int64_t newest, int64_t best_step,
                                   int64_t keep);

}  // namespace pano::train
