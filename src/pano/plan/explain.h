#pragma once

#include <string>

#include "pano/plan/make_plan.h"

namespace pano::plan {

// The answer for people: what fits, where the bytes go, the plan, what to expect, the command.
std::string FormatAnswer(const PlanAnswer& answer, int columns);

// Each figure with its tag (derived, simulated or measured), its formula and source, and every assumption.
std::string FormatExplanation(const PlanAnswer& answer);

// The guide's formula and its two rules of thumb, worked out: 391 GiB = 420 GB, six cards and not eight, 100,000
// requests a day, ten billion parameters. Computed from the same models as plans. With `hardware`
// (cards or a cluster file) also from which load and which size one of its cards is not enough.
Result<std::string> ExplainGuide(const std::string& hardware = {});

}  // namespace pano::plan
