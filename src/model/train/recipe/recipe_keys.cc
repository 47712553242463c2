#include "model/train/recipe/recipe_keys.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"

namespace pano::train {
namespace {

constexpr int64_t kStepsMax = 1'000'000'000;
constexpr size_t kFilesMax = 4096;
constexpr size_t kNamesMax = 4096;

constexpr std::string_view kTasks[] = {"causal_lm",
                                       "chat",
                                       "preference",
                                       "sequence_classification",
                                       "token_classification",
                                       "masked_lm",
                                       "embedding",
                                       "tokenizer"};
constexpr std::string_view kFormats[] = {"text", "chat", "preference", "labelled", "pairs", "tokens"};
constexpr std::string_view kPrecisions[] = {"f32", "bf16", "fp16"};
constexpr std::string_view kSchedules[] = {"cosine", "linear", "wsd", "constant"};
constexpr std::string_view kDecays[] = {"linear", "cosine", "1-sqrt"};
constexpr std::string_view kPoolings[] = {"mean", "cls"};
constexpr std::string_view kTokenizers[] = {"byte_bpe", "wordpiece", "unigram"};
constexpr std::string_view kSplits[] = {"gpt2", "qwen2"};
constexpr std::string_view kTieRules[] = {"ids", "lexicographic"};
constexpr std::string_view kHeadTasks[] = {"sequence_classification", "token_classification"};

std::string Joined(std::span<const std::string_view> names) {
  std::string out;
  for (std::string_view name : names) out += StrCat(out.empty() ? "" : ", ", name);
  return out;
}

// Where a value of a type goes.
template <typename T>
using Field = T& (*)(Recipe& recipe);

// The table while it is written.
class Keys {
 public:
  // The tasks of the rows that follow.
  Keys& For(TaskSet tasks) {
    tasks_ = tasks;
    return *this;
  }
  Keys& Whole(std::string path, Field<int64_t> field, int64_t least, int64_t most, std::string help) {
    return Add(std::move(path), StrCat(least, " to ", most), StrCat(field(defaults_)), std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(field(recipe), value.Whole(least, most));
                 return {};
               });
  }
  Keys& Real(std::string path, Field<double> field, double least, double most, std::string help) {
    return Add(std::move(path), StrCat(least, " to ", most), StrCat(field(defaults_)), std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(field(recipe), value.Real(least, most));
                 return {};
               });
  }
  Keys& Bool(std::string path, Field<bool> field, std::string help) {
    return Add(std::move(path), "true, false", field(defaults_) ? "true" : "false", std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(field(recipe), value.Bool());
                 return {};
               });
  }
  Keys& Text(std::string path, std::string values, Field<std::string> field, std::string help) {
    return Add(std::move(path), std::move(values), field(defaults_), std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(field(recipe), value.Text());
                 return {};
               });
  }
  Keys& Texts(std::string path, std::string values, Field<std::vector<std::string>> field,
              size_t count_max, std::string help) {
    return Add(std::move(path), std::move(values), "", std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(field(recipe), value.Texts(count_max));
                 return {};
               });
  }
  // One of names that are the enumerators in their order.
  template <typename E>
  Keys& Choice(std::string path, std::span<const std::string_view> names, Field<E> field,
               std::string help) {
    const std::string by_default(names[static_cast<size_t>(field(defaults_))]);
    return Add(std::move(path), Joined(names), by_default, std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(const size_t chosen, value.Choice(names));
                 field(recipe) = static_cast<E>(chosen);
                 return {};
               });
  }
  // One of names as a text.
  Keys& Named(std::string path, std::span<const std::string_view> names, Field<std::string> field,
              std::string help) {
    return Add(std::move(path), Joined(names), field(defaults_), std::move(help),
               [=](const RecipeValue& value, Recipe& recipe) -> Status {
                 PANO_ASSIGN_OR_RETURN(const size_t chosen, value.Choice(names));
                 field(recipe) = names[chosen];
                 return {};
               });
  }
  Keys& Add(std::string path, std::string values, std::string by_default, std::string help,
            std::function<Status(const RecipeValue&, Recipe&)> read) {
    keys_.push_back({std::move(path), std::move(values), std::move(by_default), std::move(help),
                     tasks_, std::move(read)});
    return *this;
  }
  std::vector<RecipeKey> Take() { return std::move(keys_); }

 private:
  Recipe defaults_;
  TaskSet tasks_ = kModelTasks;
  std::vector<RecipeKey> keys_;
};

Recipe::Adapter& AdapterOf(Recipe& recipe) {
  if (!recipe.adapter) recipe.adapter.emplace(Recipe::Adapter{});
  return *recipe.adapter;
}

Status ReadTask(const RecipeValue& value, Recipe& recipe) {
  if (value.node().IsScalar() && value.node().Scalar() == "distill") {
    return value.Wrong("'distill' is reserved: this version does not distil");
  }
  PANO_ASSIGN_OR_RETURN(const size_t chosen, value.Choice(kTasks));
  recipe.task = static_cast<Task>(chosen);
  return {};
}

Status Reserved(const RecipeValue& value, Recipe&) {
  return value.Wrong("is reserved for distillation, which this version does not do");
}

Status ReadModelPath(const RecipeValue& value, Recipe& recipe) {
  PANO_ASSIGN_OR_RETURN(recipe.model.path, value.Text());
  return {};
}

Status ReadModelConfig(const RecipeValue& value, Recipe& recipe) {
  PANO_ASSIGN_OR_RETURN(recipe.model.config, value.Json());
  if (!recipe.model.config.is_object()) return value.Wrong("expected a mapping: what config.json says");
  return {};
}

Status ReadModelInit(const RecipeValue& value, Recipe&) {
  constexpr std::string_view kInits[] = {"random"};
  return value.Choice(kInits).status();
}

Status ReadBetas(const RecipeValue& value, Recipe& recipe) {
  const YAML::Node& node = value.node();
  if (!node.IsSequence() || node.size() != 2) return value.Wrong("expected two numbers: [0.9, 0.999]");
  double* const targets[] = {&recipe.optimizer.beta1, &recipe.optimizer.beta2};
  for (size_t i = 0; i < 2; ++i) {
    const YAML::Node entry = node[i];
    PANO_ASSIGN_OR_RETURN(*targets[i], RecipeValue(entry, value.path(), value.file()).Real(0, 0.999999999));
  }
  return {};
}

Status ReadNoDecay(const RecipeValue& value, Recipe& recipe) {
  Recipe::Optimizer& optimizer = recipe.optimizer;
  if (value.node().IsScalar() && value.node().Scalar() == "default") return {};
  optimizer.no_decay_default = false;
  if (value.node().IsScalar() && value.node().Scalar() == "none") return {};
  PANO_ASSIGN_OR_RETURN(optimizer.no_decay, value.Texts(kNamesMax));
  for (std::string& part : optimizer.no_decay) part = ToLower(part);
  return {};
}

Status ReadOptimizerName(const RecipeValue& value, Recipe& recipe) {
  constexpr std::string_view kNames[] = {"adamw", "adamw_8bit"};
  PANO_ASSIGN_OR_RETURN(const size_t chosen, value.Choice(kNames));
  recipe.optimizer.eight_bit = chosen == 1;
  return {};
}

Status ReadTargets(const RecipeValue& value, Recipe& recipe) {
  Recipe::Adapter& adapter = AdapterOf(recipe);
  const bool one = value.node().IsScalar();
  PANO_ASSIGN_OR_RETURN(adapter.targets, value.Texts(kNamesMax));
  adapter.all_linear = one && (adapter.targets[0] == "all-linear" || adapter.targets[0] == "all_linear");
  if (adapter.all_linear) adapter.targets.clear();
  adapter.targets_pattern = one && !adapter.all_linear;
  return {};
}

Status ReadLabels(const RecipeValue& value, std::vector<std::string>& labels) {
  const YAML::Node& node = value.node();
  if (node.IsScalar() && ParseInt(node.Scalar())) {
    PANO_ASSIGN_OR_RETURN(const int64_t count, value.Whole(1, 1 << 16));
    for (int64_t i = 0; i < count; ++i) labels.push_back(StrCat("LABEL_", i));
    return {};
  }
  PANO_ASSIGN_OR_RETURN(labels, value.Texts(1 << 16));
  const std::set<std::string> distinct(labels.begin(), labels.end());
  return distinct.size() == labels.size() ? Status() : value.Wrong("a label stands twice");
}

// heads: {sentiment: {task: sequence_classification, labels: [...], weight: 1}}
Status ReadHeads(const RecipeValue& value, Recipe& recipe) {
  const YAML::Node& node = value.node();
  if (!node.IsMap() || node.size() == 0 || node.size() > 64) {
    return value.Wrong("expected a mapping of 1 to 64 names of heads");
  }
  for (const auto& entry : node) {
    HeadRecipe head;
    if (!entry.first.IsScalar() || entry.first.Scalar().empty()) return value.Wrong("a head has no name");
    head.name = entry.first.Scalar();
    const std::string path = StrCat(value.path(), ".", Printable(head.name));
    const RecipeValue whole(entry.second, path, value.file());
    if (!entry.second.IsMap()) return whole.Wrong("expected a mapping of task, labels, weight");
    for (const auto& member : entry.second) {
      const std::string key = member.first.IsScalar() ? member.first.Scalar() : "?";
      const std::string member_path = StrCat(path, ".", Printable(key));
      const RecipeValue at(member.second, member_path, value.file());
      if (key == "task") {
        PANO_ASSIGN_OR_RETURN(const size_t chosen, at.Choice(kHeadTasks));
        head.task = chosen == 0 ? Task::kSequenceClassification : Task::kTokenClassification;
      } else if (key == "labels") {
        PANO_RETURN_IF_ERROR(ReadLabels(at, head.labels));
      } else if (key == "weight") {
        PANO_ASSIGN_OR_RETURN(head.weight, at.Real(0, 1e6));
      } else {
        return at.Wrong("there is no such key; there are task, labels, weight");
      }
    }
    if (head.labels.empty()) return whole.Wrong("'labels' is missing");
    recipe.heads.push_back(std::move(head));
  }
  return {};
}

Status ReadInitialAlphabet(const RecipeValue& value, Recipe& recipe) {
  if (!value.node().IsScalar()) {
    PANO_ASSIGN_OR_RETURN(recipe.tokenizer.initial_characters, value.Texts(1 << 20));
    return {};
  }
  PANO_ASSIGN_OR_RETURN(recipe.tokenizer.initial_alphabet, value.Bool());
  return {};
}

void AddModel(Keys& keys) {
  keys.For(kEveryTask)
      .Add("task", Joined(kTasks), "", "What is learnt.", ReadTask)
      .Text("name", "text", [](Recipe& r) -> std::string& { return r.name; }, "What the result is called in its card.");
  keys.For(kModelTasks)
      .Add("model", "path", "", "The model to start from: a Hugging Face folder, or a GGUF file under an adapter.", ReadModelPath)
      .Add("model.config", "mapping", "", "In place of a path: what config.json says of a model with random weights.", ReadModelConfig)
      .Add("model.init", "random", "", "How the weights of model.config begin.", ReadModelInit);
}

void AddData(Keys& keys) {
  keys.For(kEveryTask)
      .Texts("data.train", "path or list", [](Recipe& r) -> std::vector<std::string>& { return r.data.train; }, kFilesMax,
             "What is learnt from.")
      .Choice<DataFormat>("data.format", kFormats, [](Recipe& r) -> DataFormat& { return r.data.format; },
                          "How the files are written; by default as the task needs them.");
  keys.For(kModelTasks)
      .Text("data.validation", "path", [](Recipe& r) -> std::string& { return r.data.validation; },
            "What is measured and not learnt from.")
      .Bool("data.shuffle", [](Recipe& r) -> bool& { return r.data.shuffle; },
            "Rows in an order that the seed gives, anew for every pass; else as they stand.")
      .Bool("data.pack", [](Recipe& r) -> bool& { return r.data.pack; },
            "Several texts in a row, each of which sees itself alone.")
      .Whole("data.length", [](Recipe& r) -> int64_t& { return r.data.length; }, 2, 1 << 20, "Tokens that a row has at most.")
      .Text("data.tokenizer", "path", [](Recipe& r) -> std::string& { return r.data.tokenizer; },
            "A folder or tokenizer.json in place of the model's tokenizer.");
}

void AddRun(Keys& keys) {
  keys.For(kModelTasks)
      .Whole("batch.sequences", [](Recipe& r) -> int64_t& { return r.batch.sequences; }, 1, 1 << 20,
             "Rows of a micro-batch over all members together; pairs for preference and embedding.")
      .Whole("batch.accumulate", [](Recipe& r) -> int64_t& { return r.batch.accumulate; }, 1, 1 << 20, "Micro-batches of a step.")
      .Whole("steps", [](Recipe& r) -> int64_t& { return r.steps; }, 1, kStepsMax, "Steps of the run.")
      .Whole("epochs", [](Recipe& r) -> int64_t& { return r.epochs; }, 1, 1'000'000, "In place of steps: passes over the rows.");
  keys.For(kEveryTask)
      .Whole("seed", [](Recipe& r) -> int64_t& { return r.seed; }, 0, int64_t{1} << 53, "Of every random number.");
  keys.For(kModelTasks)
      .Choice<Precision>("precision", kPrecisions, [](Recipe& r) -> Precision& { return r.precision; },
                         "Of matrix products; weights and optimizer stay F32.")
      .Real("dropout", [](Recipe& r) -> double& { return r.dropout; }, 0, 0.9,
            "Share of values that are dropped from embeddings and from what blocks add.");
}

void AddOptimizer(Keys& keys) {
  keys.For(kModelTasks)
      .Add("optimizer.name", "adamw, adamw_8bit", "adamw", "AdamW (Loshchilov and Hutter, 2019); adamw_8bit keeps its moments in 8 bits.", ReadOptimizerName)
      .Real("optimizer.lr", [](Recipe& r) -> double& { return r.optimizer.lr; }, 0, 1000, "The learning rate that the schedule multiplies.")
      .Add("optimizer.betas", "[number, number]", "[0.9, 0.999]", "How slowly the moments follow the gradient and its square.", ReadBetas)
      .Real("optimizer.eps", [](Recipe& r) -> double& { return r.optimizer.eps; }, 0, 1, "Added to the root of the second moment.")
      .Real("optimizer.weight_decay", [](Recipe& r) -> double& { return r.optimizer.weight_decay; }, 0, 1000,
            "Of the weights that decay, times the learning rate.")
      .Add("optimizer.no_decay", "default, none, list", "default",
           "What does not decay: norms and biases, nothing, or the tensors whose names contain one of the parts.", ReadNoDecay)
      .Real("optimizer.clip", [](Recipe& r) -> double& { return r.optimizer.clip; }, 0, 1e12, "The most that all gradients' common norm may be; 0: as it is.")
      .Choice<Recipe::Schedule::Kind>("schedule.name", kSchedules, [](Recipe& r) -> Recipe::Schedule::Kind& { return r.schedule.kind; },
                                      "How the learning rate goes down after the warm-up.")
      .Whole("schedule.warmup_steps", [](Recipe& r) -> int64_t& { return r.schedule.warmup_steps; }, 0, kStepsMax, "Steps on a straight line up; the first has rate 0.")
      .Whole("schedule.decay_steps", [](Recipe& r) -> int64_t& { return r.schedule.decay_steps; }, 0, kStepsMax, "wsd: the last steps, in which the rate goes down.")
      .Choice<Recipe::Schedule::Decay>("schedule.decay", kDecays, [](Recipe& r) -> Recipe::Schedule::Decay& { return r.schedule.decay; }, "wsd: how it does.")
      .Whole("schedule.total_steps", [](Recipe& r) -> int64_t& { return r.schedule.total_steps; }, 0, kStepsMax, "Where the schedule ends; 0: with the run.")
      .Real("schedule.min_lr_ratio", [](Recipe& r) -> double& { return r.schedule.min_lr_ratio; }, 0, 1, "The least that the rate falls to, as a share of lr.")
      .Real("schedule.cycles", [](Recipe& r) -> double& { return r.schedule.cycles; }, 0, 1000, "cosine: waves after the warm-up; half of one goes down once.");
}

void AddAdapter(Keys& keys) {
  keys.For(kModelTasks)
      .Whole("adapter.r", [](Recipe& r) -> int64_t& { return AdapterOf(r).r; }, 1, 4096, "Rank of the low-rank matrices (LoRA, Hu et al., 2021).")
      .Real("adapter.alpha", [](Recipe& r) -> double& { return AdapterOf(r).alpha; }, 0, 1e6, "Their product is scaled by alpha / r.")
      .Add("adapter.targets", "all-linear, list, pattern", "all-linear",
           "Which linear layers: all but the head, those whose names end so, or those that one regular expression matches whole.", ReadTargets)
      .Real("adapter.dropout", [](Recipe& r) -> double& { return AdapterOf(r).dropout; }, 0, 0.99, "Share of a layer's input that its low-rank matrices do not see.")
      .Bool("adapter.rslora", [](Recipe& r) -> bool& { return AdapterOf(r).rslora; }, "Scale by alpha / sqrt(r) (Kalajdzievski, 2023).")
      .Bool("adapter.dora", [](Recipe& r) -> bool& { return AdapterOf(r).dora; }, "Learn the rows' lengths apart (DoRA, Liu et al., 2024).")
      .Texts("adapter.modules_to_save", "list", [](Recipe& r) -> std::vector<std::string>& { return AdapterOf(r).modules_to_save; }, kNamesMax,
             "Modules that are learnt as a whole; a classifier is one by itself.")
      .Text("adapter.from", "path", [](Recipe& r) -> std::string& { return AdapterOf(r).from; }, "A PEFT folder to go on with.");
}

void AddTasks(Keys& keys) {
  constexpr TaskSet kClassifiers = Of(Task::kSequenceClassification) | Of(Task::kTokenClassification);
  keys.For(Of(Task::kPreference)).Real("dpo.beta", [](Recipe& r) -> double& { return r.dpo_beta; }, 0, 1000, "How close the model stays to its start.");
  keys.For(Of(Task::kEmbedding))
      .Real("embedding.scale", [](Recipe& r) -> double& { return r.embedding.scale; }, 0, 1e6, "Factor on the cosines.")
      .Add("embedding.pooling", Joined(kPoolings), "mean", "How the rows of a text become one vector.",
           [](const RecipeValue& value, Recipe& recipe) -> Status {
             PANO_ASSIGN_OR_RETURN(const size_t chosen, value.Choice(kPoolings));
             recipe.embedding.cls = chosen == 1;
             return {};
           });
  keys.For(Of(Task::kMaskedLm)).Real("masked_lm.probability", [](Recipe& r) -> double& { return r.masked_lm.probability; }, 0.001, 0.9, "Share of the tokens of a text that are hidden.");
  keys.For(kClassifiers)
      .Add("labels", "number or list", "", "The classifier's labels; by default those of the model.",
           [](const RecipeValue& value, Recipe& recipe) { return ReadLabels(value, recipe.labels); })
      .Add("heads", "mapping", "", "Several classifiers on one encoder: a name for each, with task, labels and weight of its loss.", ReadHeads);
}

void AddCare(Keys& keys) {
  keys.For(kModelTasks)
      .Whole("checkpoint.every", [](Recipe& r) -> int64_t& { return r.checkpoint.every; }, 0, kStepsMax, "Steps between checkpoints; 0: one when the run ends or is stopped.")
      .Whole("checkpoint.keep", [](Recipe& r) -> int64_t& { return r.checkpoint.keep; }, 1, 1'000'000, "Checkpoints that are kept.")
      .Whole("evaluate.every", [](Recipe& r) -> int64_t& { return r.evaluate.every; }, 0, kStepsMax, "Steps between measurements on data.validation; 0: at the end.")
      .Whole("evaluate.patience", [](Recipe& r) -> int64_t& { return r.evaluate.patience; }, 0, 1'000'000,
             "Measurements without a better one after which the run ends and the best weights are kept; 0: the run goes to its end.")
      .Add("teacher", "reserved", "", "Of distillation.", Reserved)
      .Add("distill", "reserved", "", "Of distillation.", Reserved);
}

void AddTokenizer(Keys& keys) {
  keys.For(kTokenizerTask)
      .Named("type", kTokenizers, [](Recipe& r) -> std::string& { return r.tokenizer.type; }, "How texts are cut into pieces.")
      .Whole("vocab", [](Recipe& r) -> int64_t& { return r.tokenizer.vocab; }, 1, 1 << 22, "Pieces, special ones included.")
      .Add("special", "list", "", "Special tokens, which come first; by default none for byte_bpe, BERT's five for wordpiece, <unk> for unigram.",
           [](const RecipeValue& value, Recipe& recipe) -> Status {
             PANO_ASSIGN_OR_RETURN(recipe.tokenizer.special, value.Texts(kNamesMax, 0));
             return {};
           })
      .Whole("min_frequency", [](Recipe& r) -> int64_t& { return r.tokenizer.min_frequency; }, 0, int64_t{1} << 40, "How often a pair must occur to be merged.")
      .Bool("prefix_space", [](Recipe& r) -> bool& { return r.tokenizer.prefix_space; }, "A space in front of a text that has none.")
      .Named("split", kSplits, [](Recipe& r) -> std::string& { return r.tokenizer.split; }, "byte_bpe: the pattern that cuts words.")
      .Bool("nfc", [](Recipe& r) -> bool& { return r.tokenizer.nfc; }, "Texts are composed (Unicode's form C) first.")
      .Add("initial_alphabet", "true, false, list", "true",
           "byte_bpe: whether all 256 bytes are pieces, or those that occur; else a list of characters that are pieces in any case.", ReadInitialAlphabet)
      .Whole("max_token_length", [](Recipe& r) -> int64_t& { return r.tokenizer.max_token_length; }, 0, 1 << 20, "unigram: characters that a piece has at most (16); else a merged piece is shorter than this; 0: any number.")
      .Bool("lowercase", [](Recipe& r) -> bool& { return r.tokenizer.lowercase; }, "In lower case; by default wordpiece alone, there without accents.")
      .Whole("limit_alphabet", [](Recipe& r) -> int64_t& { return r.tokenizer.limit_alphabet; }, 0, 1 << 21, "Characters that are kept, the most frequent ones; by default all.")
      .Named("tie_rule", kTieRules, [](Recipe& r) -> std::string& { return r.tokenizer.tie_rule; }, "byte_bpe: which of equally frequent pairs is merged first.");
}

}  // namespace

std::string_view TaskName(Task task) { return kTasks[static_cast<size_t>(task)]; }

std::span<const RecipeKey> RecipeKeys() {
  static const std::vector<RecipeKey> table = [] {
    Keys keys;
    AddModel(keys);
    AddData(keys);
    AddRun(keys);
    AddOptimizer(keys);
    AddAdapter(keys);
    AddTasks(keys);
    AddCare(keys);
    AddTokenizer(keys);
    return keys.Take();
  }();
  return table;
}

}  // namespace pano::train
