#include "model/train/lm_recipe.h"

#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "base/check.h"
#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::train {
namespace {

// One mapping of the file; remembers the first failure and which keys were asked for.
// Confined to one thread.
class Section {
 public:
  Section(YAML::Node node, std::string name, Status* status)
      : node_(std::move(node)), name_(std::move(name)), status_(status) {
    if (node_ && !node_.IsMap()) Fail(name_, "is no mapping");
  }

  YAML::Node Child(const std::string& key) {
    keys_.insert(key);
    return node_ && node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
  }

  template <typename T>
  void Number(const std::string& key, T* target, double min, double max) {
    YAML::Node node = Child(key);
    if (!node) return;
    try {
      T value = node.as<T>();
      auto number = static_cast<double>(value);
      if (!(number >= min && number <= max))
        return Fail(key, StrCat("must lie in ", min, " to ", max));
      *target = value;
    } catch (const YAML::Exception&) {
      Fail(key, "is no such number");
    }
  }
  void Text(const std::string& key, std::string* target, bool required = false) {
    YAML::Node node = Child(key);
    if (node && node.IsScalar()) {
      *target = node.Scalar();
    } else if (node || required) {
      Fail(key, node ? "is no text" : "is missing");
    }
  }

  // Complains about keys that nothing asked for.
  void Finish() {
    if (!node_ || !node_.IsMap()) return;
    for (const auto& member : node_) {
      if (!member.first.IsScalar() || !keys_.contains(member.first.Scalar())) {
        Fail(member.first.IsScalar() ? Printable(member.first.Scalar()) : "?", "is no known key");
      }
    }
  }
  void Fail(const std::string& key, const std::string& what) {
    if (status_->ok()) *status_ = InvalidArgument(StrCat("[", name_, "] ", key, " ", what));
  }

 private:
  YAML::Node node_;
  std::string name_;
  Status* status_;
  std::set<std::string> keys_;
};

void ReadCorpus(Section section, LmRecipe* out, Status* status) {
  section.Number("held_out", &out->held_out, 0, 0.9);
  YAML::Node files = section.Child("files");
  if (files && !files.IsSequence()) section.Fail("files", "is no list");
  if (files && files.IsSequence()) {
    for (const YAML::Node& node : files) {
      Section entry(node, "corpus.files", status);
      LmRecipe::File file;
      entry.Text("path", &file.path, true);
      entry.Number("bytes", &file.bytes, 0, 1e12);
      entry.Text("sha256", &file.sha256);
      entry.Text("source", &file.source);
      entry.Text("licence", &file.licence, true);
      entry.Finish();
      out->files.push_back(std::move(file));
    }
  }
  section.Finish();
}

void ReadModel(Section section, ModelSizes* out) {
  section.Text("family", &out->family);
  section.Number("hidden", &out->hidden_size, 1, 65536);
  section.Number("layers", &out->layer_count, 1, 1024);
  section.Number("heads", &out->head_count, 1, 1024);
  section.Number("kv_heads", &out->kv_head_count, 1, 1024);
  section.Number("ffn", &out->ffn_size, 1, 262144);
  section.Number("context", &out->context_length, 8, 65536);
  section.Number("rope_theta", &out->rope_theta, 1, 1e9);
  section.Number("norm_eps", &out->norm_epsilon, 1e-12, 1);
  section.Finish();
}

void ReadTraining(Section section, LmRecipe::Training* out) {
  section.Number("epochs", &out->epochs, 1, 100000);
  section.Number("rows", &out->rows, 1, 65536);
  section.Number("row_tokens", &out->row_tokens, 2, 65536);
  section.Number("shards", &out->shards, 1, 1024);
  section.Number("learning_rate", &out->learning_rate, 0, 1);
  section.Number("final_fraction", &out->final_fraction, 0, 1);
  section.Number("warmup_steps", &out->warmup_steps, 0, 1e9);
  section.Number("weight_decay", &out->weight_decay, 0, 10);
  section.Number("beta1", &out->beta1, 0, 0.9999);
  section.Number("beta2", &out->beta2, 0, 0.99999);
  section.Number("dropout", &out->dropout, 0, 0.9);
  section.Number("clip_norm", &out->clip_norm, 1e-6, 1e9);
  section.Number("evaluate_every", &out->evaluate_every, 1, 1e9);
  section.Number("patience", &out->patience, 1, 1e9);
  section.Finish();
}

void ReadSamples(Section section, LmRecipe::Samples* out) {
  section.Number("tokens", &out->tokens, 1, 65536);
  section.Number("temperature", &out->temperature, 0.01, 10);
  section.Number("top_p", &out->top_p, 0.01, 1);
  YAML::Node prompts = section.Child("prompts");
  if (prompts && !prompts.IsSequence()) section.Fail("prompts", "is no list");
  if (prompts && prompts.IsSequence()) {
    for (const YAML::Node& node : prompts) {
      if (!node.IsScalar()) return section.Fail("prompts", "holds something that is no text");
      out->prompts.push_back(node.Scalar());
    }
  }
  section.Finish();
}

Status Read(const YAML::Node& root, LmRecipe* out) {
  Status status;
  Section top(root, "recipe", &status);
  top.Text("name", &out->name, true);
  top.Number("seed", &out->seed, 0, 9e15);
  top.Text("dtype", &out->dtype);
  Section tokenizer(top.Child("tokenizer"), "tokenizer", &status);
  tokenizer.Number("vocab_size", &out->vocab_size, 257, 65536);
  tokenizer.Finish();
  ReadCorpus(Section(top.Child("corpus"), "corpus", &status), out, &status);
  ReadModel(Section(top.Child("model"), "model", &status), &out->model);
  ReadTraining(Section(top.Child("training"), "training", &status), &out->training);
  ReadSamples(Section(top.Child("samples"), "samples", &status), &out->samples);
  top.Finish();
  if (out->dtype != "float32" && out->dtype != "float16" && out->dtype != "bfloat16") {
    top.Fail("dtype", "is none of float32, float16, bfloat16");
  }
  if (out->training.row_tokens > out->model.context_length) {
    top.Fail("training.row_tokens", "is longer than model.context");
  }
  if (out->training.rows % out->training.shards != 0) {
    top.Fail("training.rows", "is no multiple of training.shards");
  }
  return status;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  PANO_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) ==
             1);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out;
}

Result<LmRecipe> ParseLmRecipe(const std::string& yaml) {
  LmRecipe recipe;
  try {
    YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) return InvalidArgument("[recipe] is no mapping");
    PANO_RETURN_IF_ERROR(Read(root, &recipe));
  } catch (const YAML::Exception& e) {
    return InvalidArgument(StrCat("[recipe] ", e.what()));
  }
  ModelSizes with_vocabulary = recipe.model;
  with_vocabulary.vocab_size = recipe.vocab_size;
  PANO_RETURN_IF_ERROR(MakeModelSpec(with_vocabulary).status());
  return recipe;
}

Result<LmRecipe> LoadLmRecipe(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, 1 << 20));
  return ParseLmRecipe(text).Wrap(path);
}

Result<std::string> LoadText(const LmRecipe& recipe, const std::string& data_folder,
                             const std::vector<std::string>& paths) {
  std::string out;
  for (const std::string& path : paths) {
    PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
    out.append(text).push_back('\n');
  }
  if (!paths.empty()) return out;
  for (const LmRecipe::File& file : recipe.files) {
    std::string path = JoinPath(data_folder, file.path);
    Result<std::string> read = ReadFile(path);
    if (!read.ok() && read.error().code() == StatusCode::kNotFound) {
      return NotFound(StrCat(path, ": is not there, and a checkout has no corpus; the recipe means ",
                             file.source.empty() ? file.path : file.source,
                             ": put it there, or name a text with --data FILE"));
    }
    PANO_ASSIGN_OR_RETURN(std::string text, std::move(read));
    if (!file.sha256.empty() && Sha256Hex(text) != file.sha256) {
      return Corruption(StrCat(path, ": is not the file that the recipe names (SHA-256 differs, ",
                               text.size(), " bytes, expected ", file.bytes, ")"));
    }
    out.append(text).push_back('\n');
  }
  if (out.empty()) return InvalidArgument("[corpus] no files");
  return out;
}

}  // namespace pano::train
