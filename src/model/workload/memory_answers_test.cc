// Known answers of published models and runs: bytes to the byte, states, activations, published MFU, planning
// problems. Prints a table; what shared data lacks is skipped visibly.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "base/env.h"
#include "base/json.h"
#include "base/testing/known_answers.h"
#include "infra/planner/serve_model.h"
#include "infra/planner/train_search.h"
#include "model/workload/workload.h"

namespace pano::workload {
namespace {

json::Value ReadJson(const std::string& path) {
  const auto text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << path;
  return json::Parse(*text).value();
}

int64_t Int(const json::Value& row, const char* key) { return row.Find(key)->as_int(); }
double Number(const json::Value& row, const char* key) { return row.Find(key)->as_double(); }
const std::string& Text(const json::Value& row, const char* key) { return row.Find(key)->as_string(); }

planner::StorageType KvType(const std::string& name) { return StorageTypeByName(name == "fp8" ? "int8" : name).value(); }

TEST(PublishedModels, BytesOfWeightsAndKeysAndValues) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/memory");
  const json::Value all = ReadJson(JoinPath(answers.path(), "memory.json"));
  std::printf("%-18s %15s %15s %5s %5s\n", "model", "parameters", "active", "types", "kv");
  for (const json::Value& row : all.Find("models")->as_array()) {
    const std::string& name = Text(row, "name");
    const auto spec = ReadWorkload(JoinPath(answers.path(), "configs/" + name));
    ASSERT_TRUE(spec.ok()) << name << ": " << spec.error().ToString();
    EXPECT_EQ(spec->parameters(), Int(row, "parameters")) << name;
    EXPECT_EQ(spec->active_parameters(), Int(row, "active_parameters")) << name;
    size_t types = 0, kv = 0;
    for (const auto& [type, bytes] : row.Find("weight_bytes")->as_object()) {
      const int64_t ours = planner::WeightBytes(*spec, StorageTypeByName(type).value());
      EXPECT_GE(ours, bytes.as_int()) << name << " " << type;
      EXPECT_LE(ours, Int(*row.Find("weight_bytes_most"), type.c_str())) << name << " " << type;
      ++types;
    }
    for (const json::Value& one : row.Find("kv")->as_array()) {
      const int64_t ours = planner::KvBytes(*spec, KvType(Text(one, "type")), 0, Int(one, "context"), Int(one, "concurrency"));
      EXPECT_GE(ours, Int(one, "bytes")) << name;
      EXPECT_LE(ours, Int(one, "bytes_in_blocks_of_32")) << name;
      ++kv;
    }
    std::printf("%-18s %15lld %15lld %5zu %5zu\n", name.c_str(), static_cast<long long>(spec->parameters()),
                static_cast<long long>(spec->active_parameters()), types, kv);
    answers.Compared(types + kv + 2);
  }
}

TEST(PublishedModels, WhatOthersMeasured) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/memory");
  const json::Value all = ReadJson(JoinPath(answers.path(), "published.json"));
  for (const json::Value& fact : all.Find("facts")->as_array()) {
    std::string folder = Text(fact, "name");
    for (char& c : folder) c = c == ' ' ? '-' : c;
    const auto spec = ReadWorkload(JoinPath(answers.path(), "published/" + folder));
    ASSERT_TRUE(spec.ok()) << folder << ": " << spec.error().ToString();
    planner::ServeGoal goal;
    goal.context = 1;
    int64_t tp = 1;
    const bool weights = Text(fact, "what") == "weights";
    goal.weights = weights ? StorageTypeByName(Text(fact, "weights")).value() : spec->type;
    goal.kv = weights ? spec->type : KvType(Text(fact, "kv_type"));
    if (!weights) {
      goal.context = Int(fact, "context");
      goal.concurrency = Int(fact, "concurrency");
      tp = Int(fact, "tensor_parallel");
    }
    const auto memory = planner::ServeMemory(*spec, goal, tp, 1, goal.concurrency);
    ASSERT_TRUE(memory.ok()) << memory.error().ToString();
    const auto ours = static_cast<double>(weights ? memory->weights : memory->kv);
    const double error = ours / Number(fact, "measured_bytes") - 1;
    std::printf("%-34s %-8s measured %14.0f planned %14.0f  %+.2f %%\n", folder.c_str(), weights ? "weights" : "kv",
                Number(fact, "measured_bytes"), ours, 100 * error);
    EXPECT_LE(std::abs(error), Number(fact, "tolerance")) << folder;
    answers.Compared(1);
  }
}

planner::TrainModel ModelOn(const planner::WorkloadSpec& spec, const std::string& hardware, const std::string& catalogue_file = "") {
  auto catalogue = cluster::Catalogue::BuiltIn().value();
  if (!catalogue_file.empty()) {
    EXPECT_TRUE(catalogue.AddFile(catalogue_file).ok());
  }
  const auto cluster = catalogue.ResolveHardware(hardware);
  EXPECT_TRUE(cluster.ok()) << cluster.error().ToString();
  return planner::TrainModel::Create(spec, *cluster, 0).value();
}

TEST(PublishedTraining, StatesAndActivations) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/training");
  const json::Value zero = ReadJson(JoinPath(answers.path(), "zero.json"));
  for (const json::Value& row : zero.Find("rows")->as_array()) {
    const planner::TrainStates s = planner::StatesOf(Int(row, "parameters"), Int(row, "stage"), Int(row, "ranks"));
    EXPECT_EQ(s.weights, Int(row, "weights"));
    EXPECT_EQ(s.gradients, Int(row, "gradients"));
    EXPECT_EQ(s.optimizer, Int(row, "optimizer"));
    answers.Compared(3);
  }
  const json::Value activations = ReadJson(JoinPath(answers.path(), "activations.json"));
  for (const json::Value& row : activations.Find("rows")->as_array()) {
    const auto spec = FromConfig(*row.Find("config"), Text(row, "model"));
    ASSERT_TRUE(spec.ok()) << spec.error().ToString();
    auto plan = planner::ParsePlan(*row.Find("plan"));
    ASSERT_TRUE(plan.ok()) << plan.error().ToString();
    const planner::TrainModel model = ModelOn(*spec, StrCat(plan->ranks(), "xA100-80G"));
    ASSERT_TRUE(model.Check(*plan).ok()) << model.Check(*plan).ToString();
    EXPECT_NEAR(static_cast<double>(model.Predict(*plan).memory.activations), Number(row, "first_stage_bytes"),
                Number(row, "first_stage_bytes") * 1e-6) << Text(row, "model") << " " << planner::RecomputeName(plan->recompute);
    answers.Compared(1);
  }
}

TEST(PublishedTraining, ModelFlopsUtilisation) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/training");
  int within = 0;
  const json::Value runs = ReadJson(JoinPath(answers.path(), "throughput.json"));
  for (const json::Value& row : runs.Find("rows")->as_array()) {
    const auto spec = ReadWorkload(JoinPath(answers.path(), "configs/" + Text(row, "name")));
    ASSERT_TRUE(spec.ok()) << spec.error().ToString();
    const auto plan = planner::ParsePlan(*row.Find("plan"));
    ASSERT_TRUE(plan.ok()) << plan.error().ToString();
    const planner::TrainModel model = ModelOn(*spec, Text(row, "hardware"));
    ASSERT_TRUE(model.Check(*plan).ok()) << Text(row, "name") << model.Check(*plan).ToString();
    const planner::TrainPrediction now = model.Predict(*plan);
    const double points = 100 * (now.mfu - Number(row, "mfu"));
    std::printf("%-30s published %.3f predicted %.3f  %+.1f points  %.1f GiB of %.1f\n", Text(row, "name").c_str(), Number(row, "mfu"),
                now.mfu, points, static_cast<double>(now.memory.total()) / (1 << 30), static_cast<double>(now.memory.capacity) / (1 << 30));
    within += std::abs(points) <= 5;
    EXPECT_LE(std::abs(points), 7) << Text(row, "name");
    EXPECT_TRUE(now.memory.fits()) << Text(row, "name") << ": it ran";
    answers.Compared(1);
  }
  EXPECT_GE(within, 11);
}

TEST(PlanningProblems, TheBestIsFoundAndTheRuleOfThumbIsBeaten) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/plans");
  const std::string catalogue = JoinPath(answers.path(), "catalogue.yaml");
  int better = 0, rows = 0;
  for (const char* file : {"instances", "heuristic"}) {
    const json::Value all = ReadJson(JoinPath(answers.path(), StrCat(file, ".json")));
    for (const json::Value& row : all.Find(file)->as_array()) {
      const auto spec = ReadWorkload(JoinPath(answers.path(), "models/" + Text(row, "model")));
      ASSERT_TRUE(spec.ok()) << spec.error().ToString();
      const planner::TrainModel model = ModelOn(*spec, JoinPath(answers.path(), Text(row, "cluster")), catalogue);
      planner::TrainGoal goal;
      goal.global_batch = Int(row, "global_batch");
      goal.seq = Int(row, "seq");
      const planner::TrainSearch found = planner::SearchTraining(model, goal);
      ASSERT_TRUE(found.plan) << Text(row, "name");
      EXPECT_TRUE(found.prediction.memory.fits()) << Text(row, "name");
      const auto rule = planner::RuleOfThumb(model, goal);
      const double theirs = rule ? model.Predict(*rule).step_s : 0;
      std::printf("%-17s %.2f s, mfu %.3f, rule of thumb %.2f s: %.2f times; %lld plans, %lld excluded: %s\n", Text(row, "name").c_str(),
                  found.prediction.step_s, found.prediction.mfu, theirs, theirs / found.prediction.step_s,
                  static_cast<long long>(found.predicted), static_cast<long long>(found.pruned),
                  json::Dump(planner::PlanJson(*found.plan)).c_str());
      if (std::string_view(file) == "heuristic") {
        ++rows;
        better += !rule || theirs >= 1.15 * found.prediction.step_s;
      }
      answers.Compared(1);
    }
  }
  EXPECT_GE(better, 5) << "of " << rows;
}

}  // namespace
}  // namespace pano::workload
