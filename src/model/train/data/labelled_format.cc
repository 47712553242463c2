#include <algorithm>
#include <map>
#include <utility>

#include "base/closest_name.h"
#include "base/strings.h"
#include "model/train/data/encoded_text.h"
#include "model/train/data/line_formats.h"

namespace pano::train {
namespace {

// Labels as files write them: a name of the list, or a number below its size.
class LabelNames {
 public:
  explicit LabelNames(std::vector<std::string> names) : names_(std::move(names)) {
    for (size_t i = 0; i < names_.size(); ++i) ids_.emplace(names_[i], static_cast<int32_t>(i));
  }

  Result<int32_t> Find(const json::Value& value) const {
    if (value.is_int()) {
      if (value.as_int() == kNoLabel) return kNoLabel;
      if (value.as_int() >= 0 && value.as_int() < static_cast<int64_t>(names_.size())) {
        return static_cast<int32_t>(value.as_int());
      }
      return InvalidArgument(StrCat("label ", value.as_int(), " is not below ", names_.size(), ", the number of labels"));
    }
    if (!value.is_string()) return InvalidArgument(StrCat("a label is a ", value.kind(), ", not a name or a number"));
    const auto found = ids_.find(value.as_string());
    if (found != ids_.end()) return found->second;
    const std::vector<std::string_view> names(names_.begin(), names_.end());
    return InvalidArgument(StrCat("'", Printable(value.as_string()), "' is none of the ", names_.size(), " labels",
                                  DidYouMean(value.as_string(), names)));
  }

  Result<std::vector<int32_t>> FindAll(const json::Value& line, std::string_view key, size_t count) const {
    const json::Value* list = line.Find(key);
    if (list == nullptr || !list->is_array()) return InvalidArgument(StrCat("has no \"", key, "\" that is a list"));
    if (list->as_array().size() != count) {
      return InvalidArgument(StrCat("\"", key, "\" has ", list->as_array().size(), " entries for ", count, " words"));
    }
    std::vector<int32_t> out;
    for (const json::Value& tag : list->as_array()) {
      PANO_ASSIGN_OR_RETURN(const int32_t id, Find(tag));
      out.push_back(id);
    }
    return out;
  }

 private:
  const std::vector<std::string> names_;
  std::map<std::string, int32_t> ids_;
};

struct Head {
  std::string key;      // of a line
  bool tags = false;    // one a word, else one a text
  LabelNames names;
};

class Labelled : public LineFormat {
 public:
  Labelled(TextEncoder encoder, std::vector<Head> heads, bool several)
      : encoder_(std::move(encoder)), heads_(std::move(heads)), several_(several) {}

  Status Check(const json::Value& line) const override {
    PANO_ASSIGN_OR_RETURN(const Texts texts, TextsOf(line));
    return LabelsOf(line, texts.words.size()).status();
  }

  Result<Row> Make(const json::Value& line) const override {
    PANO_ASSIGN_OR_RETURN(const Texts texts, TextsOf(line));
    PANO_ASSIGN_OR_RETURN(const std::vector<std::vector<int32_t>> labels, LabelsOf(line, texts.words.size()));
    Row row;
    if (UsesWords()) {
      std::vector<int32_t> firsts;   // the number of each word, on its first token
      for (size_t w = 0; w < texts.words.size(); ++w) firsts.push_back(static_cast<int32_t>(w));
      PANO_ASSIGN_OR_RETURN(Sequence s, encoder_.EncodeWords(texts.words, firsts));
      for (size_t h = 0; h < heads_.size(); ++h) {
        HeadLabels tokens = labels[h];
        if (heads_[h].tags) {
          tokens = s.labels;
          for (int32_t& token : tokens) {
            if (token != kNoLabel) token = labels[h][static_cast<size_t>(token)];
          }
        }
        Put(h, std::move(tokens), row);
      }
      s.labels.clear();
      if (!several_) s.labels = std::move(row.heads[0]);
      row.sequences.push_back(std::move(s));
    } else {
      for (size_t h = 0; h < heads_.size(); ++h) Put(h, labels[h], row);
      if (texts.second) {
        PANO_ASSIGN_OR_RETURN(Sequence s, encoder_.EncodePair(texts.text, *texts.second));
        row.sequences.push_back(std::move(s));
      } else {
        PANO_ASSIGN_OR_RETURN(Sequence s, encoder_.Encode(texts.text));
        row.sequences.push_back(std::move(s));
      }
      if (!several_) row.label = row.heads[0][0];
    }
    if (!several_) row.heads.clear();
    return row;
  }

 private:
  struct Texts {
    std::string text;
    std::optional<std::string> second;
    std::vector<std::string> words;
  };

  bool UsesWords() const {
    return std::any_of(heads_.begin(), heads_.end(), [](const Head& head) { return head.tags; });
  }

  Result<Texts> TextsOf(const json::Value& line) const {
    Texts out;
    if (UsesWords()) {
      PANO_ASSIGN_OR_RETURN(out.words, StringsOf(line, line.Find("words") == nullptr ? "tokens" : "words"));
      if (out.words.empty()) return InvalidArgument("has no words");
      return out;
    }
    PANO_ASSIGN_OR_RETURN(out.text, StringOf(line, "text"));
    if (const json::Value* second = line.Find("text_pair"); second != nullptr && !second->is_null()) {
      PANO_ASSIGN_OR_RETURN(out.second, StringOf(line, "text_pair"));
    }
    return out;
  }

  // By head: the label, or one a word.
  Result<std::vector<std::vector<int32_t>>> LabelsOf(const json::Value& line, size_t words) const {
    std::vector<std::vector<int32_t>> out;
    for (const Head& head : heads_) {
      if (head.tags) {
        PANO_ASSIGN_OR_RETURN(std::vector<int32_t> tags, head.names.FindAll(line, head.key, words));
        out.push_back(std::move(tags));
        continue;
      }
      const json::Value* label = line.Find(head.key);
      // One of several heads may have nothing to learn from a line.
      if (label == nullptr || label->is_null()) {
        if (!several_) return InvalidArgument(StrCat("has no \"", head.key, "\""));
        out.push_back({kNoLabel});
        continue;
      }
      PANO_ASSIGN_OR_RETURN(const int32_t id, head.names.Find(*label));
      out.push_back({id});
    }
    return out;
  }

  void Put(size_t head, HeadLabels labels, Row& row) const {
    row.heads.resize(heads_.size());
    row.heads[head] = std::move(labels);
  }

  const TextEncoder encoder_;
  const std::vector<Head> heads_;
  const bool several_;   // the recipe has heads; else the one head is the task itself
};

}  // namespace

Result<std::unique_ptr<LineFormat>> LabelledFormat(const Recipe& recipe, const TextRowOptions& options) {
  PANO_ASSIGN_OR_RETURN(TextEncoder encoder, TextEncoder::Create(options.tokenizer, recipe.data.length));
  std::vector<Head> heads;
  for (const HeadRecipe& head : recipe.heads) {
    if (head.labels.empty()) return InvalidArgument(StrCat("head '", Printable(head.name), "' has no labels")).WithField("heads");
    heads.push_back({head.name, head.task == Task::kTokenClassification, LabelNames(head.labels)});
  }
  if (recipe.heads.empty()) {
    const bool tags = recipe.task == Task::kTokenClassification;
    const std::vector<std::string>& labels = recipe.labels.empty() ? options.labels : recipe.labels;
    if (labels.empty()) return InvalidArgument("the model names none: list them").WithField("labels");
    heads.push_back({tags ? "tags" : "label", tags, LabelNames(labels)});
  }
  return std::unique_ptr<LineFormat>(
      std::make_unique<Labelled>(std::move(encoder), std::move(heads), !recipe.heads.empty()));
}

}  // namespace pano::train
