#include "model/train/parallel/gloo/gloo_group.h"

namespace pano::train {

bool GlooIsAvailable() { return false; }

Result<std::unique_ptr<collective::Communicator>> CreateGlooGroup(collective::Communicator*,
                                                                  const std::string&, Duration) {
  return Unimplemented("[parallel] this build has no Gloo: libtorch-dev and libgloo-dev were not "
                       "there when it was configured");
}

}  // namespace pano::train
