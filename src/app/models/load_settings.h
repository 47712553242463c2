#pragma once

#include <string>

#include "model/batch/predictor.h"
#include "model/engine/engine.h"
#include "model/nn/load.h"

namespace pano::models {

// How versions are loaded. A value.
struct LoadSettings {
  nn::LoadOptions load;
  // End and begin tokens, the namespace and the draft model are filled in.
  engine::Options engine;
  std::string draft_model;  // path of the model that drafts for each that generates; "": none
  batch::PredictorOptions predictor;  // its limits are filled in
};

}  // namespace pano::models
