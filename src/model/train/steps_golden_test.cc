// Five optimizer steps of every task against the original implementations (torch, transformers,
// PEFT, TRL, sentence-transformers): losses, gradients, learning rates and what the steps did.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/format/weights.h"
#include "model/train/tensor_file.h"
#include "model/train/ops/torch_ops.h"
#include "model/train/torch_threads.h"
#include "model/train/trainer.h"

namespace pano::train {
namespace {

class Rows final : public RowSource {
 public:
  std::vector<Row> rows;
  int64_t size() const override { return static_cast<int64_t>(rows.size()); }
  Result<Row> Read(int64_t index) const override { return rows[static_cast<size_t>(index)]; }
  std::string Version() const override { return "test"; }
};

// How far two tensors are apart, in float64.
double L2(const at::Tensor& a, const at::Tensor& b) {
  const double size = b.to(at::kDouble).norm().item<double>();
  const double apart = (a.to(at::kDouble) - b.to(at::kDouble)).norm().item<double>();
  return size == 0 ? apart : apart / size;
}

// One case of the set.
class StepsCase {
 public:
  StepsCase(std::string set, const std::string& name) : set_(std::move(set)), folder_(StrCat(set_, "/steps/", name)) {
    json_ = json::Parse(ReadFile(folder_ + "/case.json").value()).value();
    inputs_ = format::OpenSafetensors({folder_ + "/inputs.safetensors"}).value();
    expected_ = format::OpenSafetensors({folder_ + "/expected.safetensors"}).value();
  }

  const json::Value& operator[](const char* key) const { return *json_.Find(key); }
  const format::Weights& expected() const { return *expected_; }

  // The recipe that a person would write. `row_by_row`: each row a micro-batch of its own.
  std::string RecipeText(bool row_by_row) const {
    std::string task = json_.Find("task")->as_string();
    if (task == "dpo") task = "preference";
    if (task == "contrastive") task = "embedding";
    const json::Value& optimizer = *json_.Find("optimizer");
    const json::Value& schedule = *json_.Find("schedule");
    const int64_t rows = RowsOfStep();
    std::string text = StrCat("task: ", task, "\nmodel: ", set_, "/", json_.Find("base")->as_string(),
                              "\ndata: {train: inputs, format: tokens, shuffle: false}\nsteps: ", json_.Find("steps")->as_int(),
                              "\nbatch: {sequences: ", row_by_row ? 1 : rows, ", accumulate: ", row_by_row ? rows : 1, "}\n");
    text += StrCat("optimizer: {lr: ", optimizer.Find("lr")->as_double(), ", betas: ", json::Dump(*optimizer.Find("betas")),
                   ", eps: ", optimizer.Find("eps")->as_double(), ", weight_decay: ", optimizer.Find("weight_decay")->as_double(),
                   ", clip: ", json_.Find("clip")->as_double(), "}\n");
    const std::string& kind = schedule.Find("kind")->as_string();
    text += StrCat("schedule: {name: ", kind, ", warmup_steps: ", schedule.Find("warmup")->as_int());
    if (kind == "wsd") {
      const int64_t stable = schedule.Find("stable")->as_int(), decay = schedule.Find("decay")->as_int();
      text += StrCat(", decay_steps: ", decay, ", decay: ", schedule.Find("decay_type")->as_string(), ", min_lr_ratio: ",
                     schedule.Find("min_lr_ratio")->as_double(), ", total_steps: ", schedule.Find("warmup")->as_int() + stable + decay);
    } else {
      text += StrCat(", total_steps: ", schedule.Find("total")->as_int());
    }
    text += "}\n";
    const json::Value& adapter = *json_.Find("adapter");
    if (adapter.is_string()) text += StrCat("adapter: {from: ", set_, "/", adapter.as_string(), "}\n");
    if (const json::Value* beta = json_.Find("beta")) text += StrCat("dpo: {beta: ", beta->as_double(), "}\n");
    if (const json::Value* scale = json_.Find("scale")) {
      text += StrCat("embedding: {scale: ", scale->as_double(), ", pooling: ", json_.Find("pooling")->as_string(), "}\n");
    }
    return text;
  }

  std::unique_ptr<RowSource> Data() const {
    auto source = std::make_unique<Rows>();
    for (int64_t step = 0; step < json_.Find("steps")->as_int(); ++step) {
      for (int64_t micro = 0; micro < json_.Find("micro_batches")->as_int(); ++micro) AddRows(step, micro, source->rows);
    }
    return source;
  }

 private:
  // Values of a tensor; empty where there is none.
  std::vector<int64_t> Numbers(const std::string& name, int64_t row) const {
    const tensor::TensorView* view = inputs_->Find(name);
    if (!view) return {};
    const int64_t width = view->shape.size() == 2 ? view->shape[1] : 1;
    const int64_t* data = view->as<int64_t>() + row * width;
    return {data, data + width};
  }
  Sequence SequenceAt(const std::string& prefix, int64_t row) const {
    auto narrow = [&](const char* key, auto& to) {
      for (int64_t value : Numbers(prefix + key, row)) to.push_back(static_cast<std::decay_t<decltype(to[0])>>(value));
    };
    Sequence s;
    narrow("input_ids", s.input_ids);
    narrow("position_ids", s.position_ids);
    narrow("attention_mask", s.attention_mask);
    narrow("token_type_ids", s.token_type_ids);
    narrow("completion_mask", s.completion_mask);
    const tensor::TensorView* labels = inputs_->Find(prefix + "labels");
    if (labels && labels->shape.size() == 2) narrow("labels", s.labels);
    return s;
  }
  void AddRows(int64_t step, int64_t micro, std::vector<Row>& rows) const {
    const std::string prefix = StrCat(step, ".", micro, ".");
    const std::string& task = json_.Find("task")->as_string();
    const bool pairs = task == "contrastive";
    const int64_t count = inputs_->Find(prefix + (pairs ? "anchor.input_ids" : "input_ids"))->shape[0];
    const int64_t half = count / 2;
    for (int64_t row = 0; row < (task == "dpo" ? half : count); ++row) {
      Row out;
      if (pairs) {
        for (const char* part : {"anchor.", "positive.", "negative."}) {
          if (inputs_->Find(StrCat(prefix, part, "input_ids"))) out.sequences.push_back(SequenceAt(prefix + part, row));
        }
      } else {
        out.sequences.push_back(SequenceAt(prefix, row));
        if (task == "dpo") out.sequences.push_back(SequenceAt(prefix, half + row));
      }
      const tensor::TensorView* labels = inputs_->Find(prefix + "labels");
      if (labels && labels->shape.size() == 1) out.label = static_cast<int32_t>(Numbers(prefix + "labels", row)[0]);
      rows.push_back(std::move(out));
    }
  }
  int64_t RowsOfStep() const {
    std::vector<Row> rows;
    for (int64_t micro = 0; micro < json_.Find("micro_batches")->as_int(); ++micro) AddRows(0, micro, rows);
    return static_cast<int64_t>(rows.size());
  }

  const std::string set_, folder_;
  json::Value json_;
  std::shared_ptr<const format::Weights> inputs_, expected_;
};

// What of a run was compared with what is allowed, each as a share of its tolerance.
struct Worst {
  std::map<std::string, double> share;
  void Note(const std::string& what, double apart, double tolerance) {
    double& worst = share[what];
    worst = std::max(worst, apart / tolerance);
  }
};

// The parts of a tensor whose true gradient is 0 are left out of both.
at::Tensor WithoutZeroParts(const StepsCase& c, const std::string& name, const at::Tensor& t) {
  const json::Value* part = c["zero_grad"].Find(name);
  if (!part) return t;
  at::Tensor out = t.clone();
  out.narrow(0, (*part).as_array()[0].as_int(), (*part).as_array()[1].as_int() - (*part).as_array()[0].as_int()).zero_();
  return out;
}

void CompareNamed(const StepsCase& c, const std::string& prefix, const NamedTensors& ours, const char* what,
                  double tolerance, double tolerance_all, Worst& worst, size_t* compared) {
  std::map<std::string, at::Tensor> by_name(ours.begin(), ours.end());
  double apart = 0, size = 0;
  for (const std::string& name : c.expected().Names()) {
    if (!name.starts_with(prefix)) continue;
    const std::string base = name.substr(prefix.size());
    const at::Tensor answer =
        WithoutZeroParts(c, base, LoadTensor(c.expected(), name, c.expected().Find(name)->shape).value().to(at::kDouble));
    const auto found = by_name.find(base);
    at::Tensor mine = found == by_name.end() ? at::zeros_like(answer) : WithoutZeroParts(c, base, found->second.to(at::kDouble));
    ASSERT_EQ(mine.sizes(), answer.sizes()) << base;
    if (answer.abs().max().item<double>() == 0) {
      worst.Note(StrCat(what, " 0"), mine.abs().max().item<double>() == 0 ? 0 : 2, 1);
    } else {
      worst.Note(what, L2(mine, answer), tolerance);
    }
    apart += (mine - answer).square().sum().item<double>();
    size += answer.square().sum().item<double>();
    ++*compared;
  }
  EXPECT_GT(size, 0) << prefix;
  if (tolerance_all > 0) worst.Note(StrCat(what, " all"), std::sqrt(apart / size), tolerance_all);
}

NamedTensors Minus(const NamedTensors& a, const NamedTensors& b) {
  const std::map<std::string, at::Tensor> by_name(b.begin(), b.end());
  NamedTensors out;
  for (const auto& [name, tensor] : a) out.emplace_back(name, tensor.to(at::kDouble) - by_name.at(name).to(at::kDouble));
  return out;
}

Worst RunCase(const StepsCase& c, bool row_by_row, bool deterministic, size_t* compared) {
  Worst worst;
  auto recipe = ParseRecipe(c.RecipeText(row_by_row), "case.yaml");
  if (!recipe.ok()) {
    ADD_FAILURE() << recipe.error().ToString();
    return worst;
  }
  auto base = OpenBaseModel(*recipe);
  if (!base.ok()) {
    ADD_FAILURE() << base.error().ToString();
    return worst;
  }
  Trainer::Data data;
  data.train = c.Data();
  Trainer::Options options;
  options.deterministic = deterministic;
  auto made = Trainer::Create(*recipe, std::move(*base), std::move(data), options);
  if (!made.ok()) {
    ADD_FAILURE() << made.error().ToString();
    return worst;
  }
  Trainer& trainer = **made;
  trainer.KeepGradients(true);
  const NamedTensors start = trainer.State().weights;
  const json::Value& tolerance = c["tolerance"];
  while (!trainer.done()) {
    const auto step = trainer.Step();
    if (!step.ok()) {
      ADD_FAILURE() << step.error().ToString();
      return worst;
    }
    const auto k = static_cast<size_t>(step->step - 1);
    const double loss = c["loss"].as_array()[k].as_double(), norm = c["grad_norm"].as_array()[k].as_double();
    worst.Note("loss", std::abs(step->loss / loss - 1), tolerance.Find("loss")->as_double());
    worst.Note("norm", std::abs(step->grad_norm / norm - 1), tolerance.Find("grad_norm")->as_double());
    worst.Note("lr", std::abs(step->lr - c["lr"].as_array()[k].as_double()), 1e-12);
    const json::Value& items = c["items"].as_array()[k];
    if (items.is_int()) worst.Note("items", items.as_int() == step->items ? 0 : 2, 1);
    if (step->step == 1) {
      CompareNamed(c, "grad.", trainer.Gradients(), "grad", tolerance.Find("grad")->as_double(), 0, worst, compared);
    }
    const json::Value* delta = tolerance.Find("delta")->Find(StrCat(step->step));
    if (!delta) continue;
    CompareNamed(c, StrCat("delta", step->step, "."), Minus(trainer.State().weights, start), "delta", delta->as_double(),
                 tolerance.Find("delta_all")->Find(StrCat(step->step))->as_double(), worst, compared);
    *compared += 4;
  }
  return worst;
}

TEST(GoldenSteps, EveryTask) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known, PANO_SOURCE_DIR, "golden/training/steps");
  SetTorchThreads(1);
  const std::string set = known.path().substr(0, known.path().rfind('/'));
  std::printf("what a run of five steps is apart from the answers, as a share of what is allowed\n%-26s %-12s", "case", "micro-batch");
  const char* const columns[] = {"loss", "norm", "grad", "delta", "delta all"};
  for (const char* column : columns) std::printf(" %9s", column);
  std::printf("\n");
  const std::vector<std::string> names = ListDirectory(known.path()).value();
  for (const std::string& name : names) {
    const StepsCase c(set, name);
    const bool pairs = c["task"].as_string() == "contrastive";
    for (const auto& [label, row_by_row, deterministic] :
         {std::tuple("all rows", false, false), std::tuple("each row", true, false), std::tuple("row by row", false, true)}) {
      if (row_by_row && pairs) continue;  // the loss lies between the rows of a micro-batch
      size_t compared = 0;
      const Worst worst = RunCase(c, row_by_row, deterministic, &compared);
      known.Compared(compared);
      EXPECT_GT(compared, 10u) << name;
      std::printf("%-26s %-12s", name.c_str(), label);
      for (const char* column : columns) std::printf(" %9.3f", worst.share.contains(column) ? worst.share.at(column) : -1.0);
      std::printf("\n");
      for (const auto& [what, share] : worst.share) EXPECT_LE(share, 1) << name << ": " << what;
    }
  }
}

}  // namespace
}  // namespace pano::train
