#include "pano/plan/explain.h"

#include <cmath>
#include <cstdio>

#include "base/strings.h"
#include "infra/cluster/catalogue.h"
#include "infra/planner/serve_model.h"
#include "infra/planner/train_model.h"
#include "model/workload/workload.h"
#include "pano/plan/picture.h"

namespace pano::plan {
namespace {

std::string Printed(const char* format, double a, double b = 0, double c = 0) {
  char text[256];
  std::snprintf(text, sizeof text, format, a, b, c);
  return text;
}

// "tp 8, pp 2, ..." without what is 1 or off.
std::string PlanLine(const json::Value& plan) {
  std::string out;
  for (const auto& [key, value] : plan.as_object()) {
    const bool plain = (value.is_int() && (value.as_int() == 1 || (key == "zero" && value.as_int() == 0))) ||
                       (value.is_bool() && !value.as_bool());
    if (plain && key != "dp" && key != "tp" && key != "pp") continue;
    out += StrCat(out.empty() ? "" : ", ", key, " ", value.is_string() ? value.as_string() : json::Dump(value));
  }
  return out;
}

std::string Quoted(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:@") == word.npos) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Result<planner::WorkloadSpec> Shape(const char* text) {
  PANO_ASSIGN_OR_RETURN(const json::Value config, workload::ShapeConfig(text));
  return workload::FromConfig(config, text);
}

// Requests a day of one card at the lengths of the Azure conversation trace.
Result<double> RequestsDay(const planner::WorkloadSpec& spec, const cluster::Cluster& card, const char* type, int64_t clients) {
  planner::ServeGoal goal;
  goal.context = 2048;
  goal.concurrency = clients;
  PANO_ASSIGN_OR_RETURN(goal.weights, workload::StorageTypeByName(type));
  goal.kv = {"f16", 1, 2};
  goal.prompt_tokens = 1155;
  goal.max_tokens = 211;
  PANO_ASSIGN_OR_RETURN(const planner::ServePlan plan, planner::SearchServing(spec, card, goal));
  return plan.prediction.memory.fits() ? plan.prediction.requests_day : 0;
}

}  // namespace

std::string FormatAnswer(const PlanAnswer& answer, int columns) {
  std::string out = answer.title + "\n\n" + MemoryBars(answer.memory, columns);
  out += answer.memory.fits() ? "\nIt fits" : "\nIt does NOT fit";
  out += StrCat(": ", BothUnits(static_cast<double>(answer.memory.total())), " of ", BothUnits(static_cast<double>(answer.memory.capacity)),
                " on the fullest device.\n");
  if (!answer.note.empty()) out += StrCat("Note: ", answer.note, ".\n");
  out += StrCat("Plan: ", PlanLine(*answer.json.Find("plan")), "\n\n");
  for (const Figure& figure : answer.figures) {
    char text[160];
    std::snprintf(text, sizeof text, "  %-22s %-28s %s\n", figure.name.c_str(), figure.value.c_str(), figure.how.c_str());
    out += text;
  }
  if (const json::Value* command = answer.json.Find("command")) {
    out += "\nTo run it:\n ";
    for (const json::Value& word : command->as_array()) out += " " + Quoted(word.as_string());
    out += "\n";
  }
  return out;
}

std::string FormatExplanation(const PlanAnswer& answer) {
  std::string out = "\nHow the figures came about:\n";
  for (const Figure& figure : answer.figures) {
    out += StrCat("  ", figure.name, " = ", figure.value, " [", figure.how, "]\n      ", figure.formula, "\n");
  }
  out += "\nAssumed:\n";
  for (const std::string& assumption : answer.assumptions) out += StrCat("  - ", assumption, "\n");
  return out;
}

namespace {

// From which load a second card and from which size a division of one model is needed, of one kind of card.
Result<std::string> OnHardware(const cluster::Catalogue& catalogue, const std::string& hardware, const planner::WorkloadSpec& eight_b) {
  PANO_ASSIGN_OR_RETURN(cluster::Cluster card, catalogue.ResolveHardware(hardware));
  const auto cards = static_cast<double>(card.fabric.ranks());
  card.fabric.nodes = card.fabric.gpus_per_node = card.fabric.leaf_nodes = card.fabric.nics_per_node = 1;
  const double usable = card.accelerator.capacity();
  std::string out = StrCat("\nOn ", hardware, " [derived]\n");
  for (const char* type : {"bf16", "q4_0"}) {
    PANO_ASSIGN_OR_RETURN(const double day, RequestsDay(eight_b, card, type, 32));
    if (day <= 0) {
      out += StrCat("  8 billion parameters in ", type, ", 32 clients: one card does not hold that; model parallelism from there.\n");
      continue;
    }
    out += StrCat("  8 billion parameters in ", type, ", 32 clients:", Printed(" one card answers %.2f million requests a day, %.1f a second at their mean; a second card from there", day / 1e6, day / 86400));
    out += Printed(", all %.0f to %.2f million.\n", cards, day * cards / 1e6);
  }
  out += Printed("  One card serves up to %.1f billion parameters in 16 bits, %.1f billion in 4 bits, less keys and values;", usable * 0.9 / 2 / 1e9, usable * 0.9 / (18.0 / 32) / 1e9);
  out += Printed(" it trains %.2f billion alone, all together with ZeRO-3 %.1f billion, before activations.\n", usable / 16 / 1e9, usable / 16 / 1e9 * cards);
  return out;
}

}  // namespace

Result<std::string> ExplainGuide(const std::string& hardware) {
  PANO_ASSIGN_OR_RETURN(const cluster::Catalogue catalogue, cluster::Catalogue::BuiltIn());
  PANO_ASSIGN_OR_RETURN(const cluster::Cluster h200, catalogue.ParseHardware("1xH200-141G"));
  PANO_ASSIGN_OR_RETURN(const cluster::Accelerator a100, catalogue.FindAccelerator("A100-80G"));
  PANO_ASSIGN_OR_RETURN(const planner::WorkloadSpec eight_b, Shape("layers=32,hidden=4096,heads=32,kv-heads=8,ffn=14336,vocab=128256,context=8192"));
  PANO_ASSIGN_OR_RETURN(const planner::WorkloadSpec seventy_b, Shape("layers=80,hidden=8192,heads=64,kv-heads=8,ffn=28672,vocab=128256,context=8192"));
  const double guide = 175e9 * 2 * 1.2;
  constexpr double kGpt3KvToken = 2.0 * 96 * 12288 * 2;
  std::string out;
  out += "The guide's memory formula: parameters * bytes * 1.2 [derived]\n";
  out += Printed("  175e9 * 2 * 1.2 = %.1f GB = %.3f GiB: the same bytes, divided by 1e9 and by 2^30.\n", guide / 1e9, guide / (1 << 30));
  out += Printed("  Weights alone: %.1f GB (%.2f GiB). GPT-3 itself has 174.60e9 parameters: 349.2 GB.\n", 350.0, 350e9 / (1 << 30));
  out += Printed("  The flat 20 %% is 70 GB: keys and values of %.0f tokens at %.2f MB a token, seven contexts of 2,048 and no more.\n",
                 70e9 / kGpt3KvToken, kGpt3KvToken / 1e6);
  out += "  Keys and values grow with context and requests, not with parameters: pano plan counts them.\n\n";
  out += "Cards [derived]\n";
  out += Printed("  420 / 80 = %.2f: six cards of 80 GB, and 6 divides 96 heads and a width of 12,288. Eight is the shape of a node.\n", 420.0 / 80);
  const double usable = a100.capacity();
  out += Printed("  With %.0f %% of a card usable (%.1f GB) it is %.2f: six still.\n", a100.usable * 100, usable / 1e9, guide / usable);
  const planner::TrainStates states = planner::StatesOf(175'000'000'000, 0, 1);
  const double train = static_cast<double>(states.weights + states.gradients + states.optimizer);
  out += Printed("  Training is another formula: 2 + 2 + 12 bytes a parameter = %.1f TB before activations: %.0f cards.\n\n", train / 1e12, std::ceil(train / usable));
  out += "\"Over 100,000 requests a day: distribute\" [derived]\n";
  out += Printed("  100,000 a day are %.2f a second, %.1f at a tenfold peak. What counts is tokens, and what one card gives:\n", 1e5 / 86400, 1e6 / 86400);
  PANO_ASSIGN_OR_RETURN(const double small, RequestsDay(eight_b, h200, "bf16", 64));
  PANO_ASSIGN_OR_RETURN(const double large, RequestsDay(seventy_b, h200, "fp8", 32));
  out += Printed("  8 billion parameters in bf16 on one H200, 1,155 tokens in and 211 out, 64 clients: %.2f million requests a day;\n", small / 1e6);
  out += Printed("  70 billion in fp8, 32 clients: %.2f million. Divide by the peak-to-mean ratio of your load.\n", large / 1e6);
  out += "  Below that, a second machine buys availability, not capacity. Your own numbers: pano plan --model M --hardware H --load RPS.\n\n";
  out += "\"Over 10 billion parameters: model parallelism\" [derived]\n";
  out += Printed("  Inference: 10 billion in 16 bits are 20 GB; one 80 GB card takes %.0f billion in 16 bits, %.0f billion in 4 bits (less keys and values).\n",
                 usable * 0.9 / 2 / 1e9, usable * 0.9 / (18.0 / 32) / 1e9);
  out += Printed("  Training: 16 bytes a parameter end at %.1f billion on an 80 GB card, before activations; with ZeRO-3 over 64 cards at %.0f billion,\n",
                 usable / 16 / 1e9, usable / 16 / 1e9 * 64);
  out += "  and that is sharding, not model parallelism. From which size tensor parallelism pays is a question of links:\n";
  out += "  pano plan --task train --model M --hardware H --global-batch N finds it for your cards.\n";
  if (!hardware.empty()) {
    PANO_ASSIGN_OR_RETURN(const std::string here, OnHardware(catalogue, hardware, eight_b));
    out += here;
  }
  return out;
}

}  // namespace pano::plan
