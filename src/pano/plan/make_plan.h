#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/options.h"
#include "base/result.h"
#include "infra/planner/plan.h"

namespace pano::plan {

// What `pano plan` is asked, as its options say it.
struct PlanOptions {
  std::string model;
  std::string hardware = "auto";
  std::vector<std::string> catalogues;
  std::string task = "serve";
  int64_t context = 0, concurrency = 1;
  std::string weights, kv_type = "auto";
  int64_t tensor_parallel = 0, pipeline_parallel = 0, memory = 0;
  int64_t prompt_tokens = 0, max_tokens = 0;
  int64_t global_batch = 0;
  std::string slo, load;
  double usd_hour = 0;

  void Declare(OptionSet& options);
};

// A figure with how it came about: "derived" (a formula), "simulated" or "measured", and where the formula stands.
struct Figure {
  std::string name, value, how, formula;
};

struct PlanAnswer {
  json::Value json;                       // as --json prints it
  planner::Memory memory;
  std::string title;                      // "llama, 8.0 billion parameters on 8xA100-80G"
  std::string note;                       // what has to be said of the model beside the figures; "" for nothing
  std::vector<Figure> figures;
  std::vector<std::string> assumptions;
};

// The plan. A failure names the option, field or file. Nothing is loaded or measured except with the hardware cpu or auto.
Result<PlanAnswer> MakePlan(const PlanOptions& options);

// One answer a line for each plan a line of `plans` (JSON Lines), in order; {"error": ...} for a plan that makes no
// sense. `each` takes them.
Status EvaluatePlans(const PlanOptions& options, const std::string& plans, const std::function<void(const json::Value&)>& each);

}  // namespace pano::plan
