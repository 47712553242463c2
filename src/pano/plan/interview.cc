#include "pano/plan/interview.h"

#include "base/strings.h"
#include "infra/cluster/catalogue.h"
#include "model/workload/workload.h"

namespace pano::plan {
namespace {

constexpr int kTries = 3;

Status Ended() { return Status(StatusCode::kCancelled, "the interview ended before its last question"); }

Result<std::string> AskText(const Ask& ask, const std::string& question, const std::string& otherwise) {
  const auto answer = ask(StrCat(question, " [", otherwise, "]: "));
  if (!answer) return Ended();
  const std::string_view text = Trim(*answer);
  return text.empty() ? otherwise : std::string(text);
}

Result<int64_t> AskNumber(const Ask& ask, const std::string& question, int64_t otherwise, int64_t most) {
  for (int i = 0; i < kTries; ++i) {
    PANO_ASSIGN_OR_RETURN(const std::string text, AskText(ask, i == 0 ? question : StrCat("a whole number from 1 to ", most, ", please. ", question), StrCat(otherwise)));
    const auto number = ParseInt(text);
    if (number && *number >= 1 && *number <= most) return *number;
  }
  return InvalidArgument(StrCat(question, ": no whole number from 1 to ", most));
}

// Asked again with the reason while `check` finds the answer wrong.
template <typename Check>
Result<std::string> AskChecked(const Ask& ask, const std::string& question, const std::string& otherwise, const Check& check) {
  Status wrong;
  for (int i = 0; i < kTries; ++i) {
    PANO_ASSIGN_OR_RETURN(std::string text, AskText(ask, i == 0 ? question : StrCat(wrong.message(), "\n", question), otherwise));
    wrong = check(text);
    if (wrong.ok()) return text;
  }
  return wrong;
}

Status CheckModel(const std::string& model) {
  if (model.starts_with("hf:")) return {};   // fetched later
  return workload::ReadWorkload(model).status();
}

Status CheckHardware(const std::string& hardware) {
  if (hardware == "auto" || hardware == "cpu") return {};
  PANO_ASSIGN_OR_RETURN(const cluster::Catalogue catalogue, cluster::Catalogue::BuiltIn());
  return catalogue.ResolveHardware(hardware).status();
}

}  // namespace

Result<PlanOptions> Interview(const Ask& ask, const std::string& default_model) {
  PlanOptions o;
  for (int i = 0;; ++i) {
    PANO_ASSIGN_OR_RETURN(o.task, AskText(ask, "Serve, train or finetune-lora?", "serve"));
    o.task = ToLower(o.task);
    if (o.task == "serve" || o.task == "train" || o.task == "finetune-lora") break;
    if (i + 1 == kTries) return InvalidArgument("the task is serve, train or finetune-lora");
  }
  PANO_ASSIGN_OR_RETURN(o.model, AskChecked(ask, "Which model? A folder, a config.json, or a shape as 7B", default_model, CheckModel));
  PANO_ASSIGN_OR_RETURN(o.hardware, AskChecked(ask, "On what? Cards as 8xA100-80G, a cluster file, or auto for this machine",
                                               o.task == "serve" ? "auto" : "8xA100-80G", CheckHardware));
  if (o.task == "serve") {
    PANO_ASSIGN_OR_RETURN(o.concurrency, AskNumber(ask, "How many requests at once?", 4, 1 << 24));
    PANO_ASSIGN_OR_RETURN(o.prompt_tokens, AskNumber(ask, "Tokens of a prompt?", 128, 1 << 24));
    PANO_ASSIGN_OR_RETURN(o.max_tokens, AskNumber(ask, "Tokens of an answer?", 64, 1 << 24));
  } else {
    PANO_ASSIGN_OR_RETURN(o.global_batch, AskNumber(ask, "Sequences of one training step?", 256, int64_t{1} << 32));
    PANO_ASSIGN_OR_RETURN(o.context, AskNumber(ask, "Tokens of a sequence?", 2048, 1 << 24));
  }
  return o;
}

}  // namespace pano::plan
