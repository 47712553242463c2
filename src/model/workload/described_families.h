#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "infra/planner/workload.h"

namespace pano::workload {

// Families whose config.json plans can count though the engine does not run them: latent attention with sigmoid routing
// (DeepSeek-AI, "DeepSeek-V3", 2024; Kimi K2) and mixtures with attention sinks and biases (OpenAI, gpt-oss, 2025).
bool IsDescribedFamily(const json::Value& config);

// Their tensors, from the inventory of the family that is nearest and what they have beside it; `note` says that
// the engine does not run it. A failure names the field, as of nn::ReadFamilyConfig. REQUIRES: IsDescribedFamily.
Result<planner::WorkloadSpec> FromDescribedFamily(const json::Value& config, const std::string& source);

}  // namespace pano::workload
