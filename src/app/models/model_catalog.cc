#include "app/models/model_catalog.h"

namespace pano::models {

const char* LoadStateName(LoadState state) {
  switch (state) {
    case LoadState::kUnloaded:
      return "unloaded";
    case LoadState::kLoading:
      return "loading";
    case LoadState::kReady:
      return "ready";
    case LoadState::kUnloading:
      return "unloading";
    case LoadState::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace pano::models
