#pragma once

#include <memory>

namespace pano::models {

class ModelHost;
struct Generator;
struct LoadSettings;
struct ModelVersion;
struct Predictor;
using GeneratorPtr = std::shared_ptr<const Generator>;
using ModelVersionPtr = std::shared_ptr<const ModelVersion>;
using PredictorPtr = std::shared_ptr<const Predictor>;

}  // namespace pano::models
