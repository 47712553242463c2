// Adapters of PEFT's under the module that trains them: the logits that PEFT computes.
#include "model/train/adapter_set.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/format/weights.h"
#include "model/train/module_weights.h"
#include "model/train/tensor_file.h"
#include "model/train/ops/torch_ops.h"
#include "model/train/torch_threads.h"

namespace pano::train {
namespace {

std::string TaskOf(const std::string& base) {
  if (base.find("seqcls") != std::string::npos) return "sequence_classification";
  return base.find("tokcls") != std::string::npos ? "token_classification" : "causal_lm";
}

class Case {
 public:
  Case(std::string root, const std::string& folder) : root_(std::move(root)), folder_(folder) {
    about_ = json::Parse(ReadFile(folder_ + "/expected.json").value()).value();
    answers_ = format::OpenSafetensors({folder_ + "/expected.safetensors"}).value();
  }
  bool rare() const {
    const json::Value* rare = about_.Find("rare");
    return rare && rare->is_bool() && rare->as_bool();
  }
  at::Tensor Answer(const char* name) const {
    const tensor::TensorView* view = answers_->Find(name);
    return view ? LoadTensor(*answers_, name, view->shape).value() : at::Tensor();
  }

  // Sets the worst difference with and without the adapter, as a share of the largest logit.
  Status Compare(double* with, double* without) const {
    const std::string base = StrCat(root_, "/", about_.Find("base")->as_string());
    const std::string task = TaskOf(base);
    PANO_ASSIGN_OR_RETURN(const Recipe recipe,
                          ParseRecipe(StrCat("task: ", task, "\nmodel: ", base, "\ndata: {train: x, format: tokens}\nsteps: 1\nadapter: {from: ", folder_, "}\n"), "r"));
    PANO_ASSIGN_OR_RETURN(const BaseModel model, OpenBaseModel(recipe));
    TransformerModule module(model.spec, std::nullopt);
    WeightUse use;
    use.frozen = true;
    PANO_RETURN_IF_ERROR(LoadStoredWeights(model.files.weights, module, use));
    PANO_ASSIGN_OR_RETURN(const AdapterSet set, AdapterSet::Create(recipe, model, module, 1));
    at::NoGradGuard no_grad;
    TextBatch batch;
    batch.ids = Answer("input_ids").to(at::kLong);
    if (const at::Tensor mask = Answer("attention_mask"); mask.defined()) batch.keep = mask.ne(0);
    if (const at::Tensor types = Answer("token_type_ids"); types.defined()) batch.types = types.to(at::kLong);
    auto logits = [&](bool adapters) {
      Pass pass;
      pass.adapters = adapters;
      const at::Tensor hidden = module.Hidden(batch, pass);
      at::Tensor out = task == "causal_lm" ? module.Logits(hidden, pass) : module.Head(0, batch, hidden, pass);
      if (task == "token_classification") out = out * batch.keep.unsqueeze(-1);
      return out;
    };
    auto apart = [&](const at::Tensor& ours, const char* name) {
      const at::Tensor answer = Answer(name);
      return ((ours - answer).abs().max() / answer.abs().max()).item<double>();
    };
    *with = apart(logits(true), "logits");
    // A head that is learnt as a whole has taken the base's place.
    *without = set.config().modules_to_save.empty() ? apart(logits(false), "logits_base") : 0;
    return {};
  }

 private:
  std::string root_, folder_;
  json::Value about_;
  std::shared_ptr<const format::Weights> answers_;
};

TEST(AdapterSet, ComputesWhatPeftDoes) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known, PANO_SOURCE_DIR, "golden/training");
  SetTorchThreads(1);
  size_t computed = 0;
  for (const char* set : {"lora", "lora_gguf"}) {
    const std::string folder = JoinPath(known.path(), set);
    const std::vector<std::string> names = ListDirectory(folder).value();
    for (const std::string& name : names) {
      const Case one(known.path(), JoinPath(folder, name));
      double with = 0, without = 0;
      const Status status = one.Compare(&with, &without);
      std::printf("%-10s %-26s %s\n", set, name.c_str(),
                  status.ok() ? StrCat("with ", with, ", without ", without).c_str() : std::string(status.message()).c_str());
      if (!status.ok()) {
        // What training does not do is refused by name.
        EXPECT_EQ(status.code(), StatusCode::kUnimplemented) << name << ": " << status.ToString();
        continue;
      }
      EXPECT_LE(with, 2e-5) << name;
      EXPECT_LE(without, 2e-5) << name;
      known.Compared(2);
      ++computed;
    }
  }
  EXPECT_GE(computed, 14u);
}

}  // namespace
}  // namespace pano::train
