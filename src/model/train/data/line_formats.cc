#include "model/train/data/line_formats.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "model/train/data/chat_sequence.h"
#include "model/train/data/encoded_text.h"

namespace pano::train {
namespace {

constexpr size_t kNegativesMax = 62;   // with the anchor and the positive, what a row may hold

class Pairs : public LineFormat {
 public:
  explicit Pairs(TextEncoder encoder) : encoder_(std::move(encoder)) {}

  Status Check(const json::Value& line) const override { return TextsOf(line).status(); }

  Result<Row> Make(const json::Value& line) const override {
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> texts, TextsOf(line));
    Row row;
    for (const std::string& text : texts) {
      PANO_ASSIGN_OR_RETURN(Sequence s, encoder_.Encode(text));
      row.sequences.push_back(std::move(s));
    }
    return row;
  }

 private:
  static Result<std::vector<std::string>> TextsOf(const json::Value& line) {
    std::vector<std::string> out;
    for (const char* key : {"anchor", "positive"}) {
      PANO_ASSIGN_OR_RETURN(std::string text, StringOf(line, key));
      out.push_back(std::move(text));
    }
    if (line.Find("negative") != nullptr) {
      PANO_ASSIGN_OR_RETURN(std::string text, StringOf(line, "negative"));
      out.push_back(std::move(text));
    }
    if (line.Find("negatives") != nullptr) {
      PANO_ASSIGN_OR_RETURN(const std::vector<std::string> texts, StringsOf(line, "negatives"));
      out.insert(out.end(), texts.begin(), texts.end());
    }
    if (out.size() > kNegativesMax + 2) return InvalidArgument(StrCat("has more than ", kNegativesMax, " negatives"));
    return out;
  }

  const TextEncoder encoder_;
};

class Chat : public LineFormat {
 public:
  Chat(tokenizer::TokenizerPtr tokenizer, jinja::ChatTemplatePtr chat)
      : tokenizer_(std::move(tokenizer)), writer_(*tokenizer_, std::move(chat)) {}

  Status Check(const json::Value& line) const override {
    const json::Value* messages = line.Find("messages");
    if (messages == nullptr) return InvalidArgument("has no \"messages\"");
    return CheckMessages(*messages);
  }

  Result<Row> Make(const json::Value& line) const override {
    const json::Value* tools = line.Find("tools");
    PANO_ASSIGN_OR_RETURN(const WrittenChat chat,
                          writer_.Write(*line.Find("messages"), tools ? *tools : json::Value()));
    Row row;
    PANO_ASSIGN_OR_RETURN(Sequence s, ChatSequence(*tokenizer_, chat));
    row.sequences.push_back(std::move(s));
    return row;
  }

 private:
  const tokenizer::TokenizerPtr tokenizer_;
  const ChatWriter writer_;
};

// A prompt and one answer to it.
struct Answered {
  json::Value prompt;   // a string, or messages
  json::Value answer;
};

class Preference : public LineFormat {
 public:
  Preference(tokenizer::TokenizerPtr tokenizer, jinja::ChatTemplatePtr chat, int64_t length)
      : tokenizer_(std::move(tokenizer)), chat_(chat), writer_(*tokenizer_, chat), length_(length) {}

  Status Check(const json::Value& line) const override {
    for (const char* key : {"chosen", "rejected"}) {
      PANO_ASSIGN_OR_RETURN(const Answered answered, AnsweredOf(line, key));
      if (answered.answer.is_string()) continue;
      if (!chat_) return InvalidArgument("holds messages, and the model has no chat template");
      PANO_RETURN_IF_ERROR(CheckMessages(answered.answer));
      PANO_RETURN_IF_ERROR(CheckMessages(answered.prompt));
    }
    return {};
  }

  Result<Row> Make(const json::Value& line) const override {
    Row row;
    const json::Value* tools = line.Find("tools");
    for (const char* key : {"chosen", "rejected"}) {
      PANO_ASSIGN_OR_RETURN(const Answered answered, AnsweredOf(line, key));
      Result<Sequence> s = answered.answer.is_string()
                               ? OfTexts(answered.prompt.as_string(), answered.answer.as_string())
                               : OfMessages(answered, tools ? *tools : json::Value());
      if (!s.ok()) return s.error().Wrap(key);
      PANO_RETURN_IF_ERROR(Shorten(*s).Wrap(key));
      row.sequences.push_back(*std::move(s));
    }
    return row;
  }

 private:
  static Result<Answered> AnsweredOf(const json::Value& line, const char* key) {
    const json::Value* answer = line.Find(key);
    const json::Value* prompt = line.Find("prompt");
    const bool texts = answer != nullptr && answer->is_string();
    if (!texts && (answer == nullptr || !answer->is_array())) {
      return InvalidArgument(StrCat("has no \"", key, "\" that is a string or a list of messages"));
    }
    if (prompt != nullptr && !prompt->is_null()) {
      if (texts ? !prompt->is_string() : !prompt->is_array()) {
        return InvalidArgument(StrCat("\"prompt\" is not of the kind of \"", key, "\""));
      }
      return Answered{*prompt, *answer};
    }
    if (texts) return InvalidArgument("has no \"prompt\"");
    // The messages that both begin with are the prompt.
    const json::Value* other = line.Find(std::string_view(key) == "chosen" ? "rejected" : "chosen");
    if (other == nullptr || !other->is_array()) return InvalidArgument("has no \"prompt\"");
    const json::Array& own = answer->as_array();
    const auto split = std::mismatch(own.begin(), own.end(), other->as_array().begin(), other->as_array().end()).first;
    return Answered{json::Array(own.begin(), split), json::Array(split, own.end())};
  }

  // The answer is ended by the model's end token, where it has one.
  Result<Sequence> OfTexts(const std::string& prompt, const std::string& answer) const {
    WrittenChat chat{StrCat(prompt, answer), {}, {{prompt.size(), prompt.size() + answer.size()}}};
    chat.plain.push_back({0, chat.text.size()});
    PANO_ASSIGN_OR_RETURN(Sequence s, Sides(chat));
    PANO_ASSIGN_OR_RETURN(const Surroundings around, SurroundingsOf(*tokenizer_));
    s.input_ids.insert(s.input_ids.begin(), around.before.begin(), around.before.end());
    s.completion_mask.insert(s.completion_mask.begin(), around.before.size(), 0);
    if (const std::optional<int32_t> end = tokenizer_->eos()) {
      s.input_ids.push_back(*end);
      s.completion_mask.push_back(1);
    }
    return s;
  }

  Result<Sequence> OfMessages(const Answered& answered, const json::Value& tools) const {
    json::Array all = answered.prompt.as_array();
    all.insert(all.end(), answered.answer.as_array().begin(), answered.answer.as_array().end());
    PANO_ASSIGN_OR_RETURN(const WrittenChat prompt, writer_.WritePrompt(answered.prompt, tools));
    PANO_ASSIGN_OR_RETURN(WrittenChat chat, writer_.Write(all, tools));
    if (!chat.text.starts_with(prompt.text)) {
      return InvalidArgument("the chat template writes the prompt otherwise where an answer follows");
    }
    chat.answers = {{prompt.text.size(), chat.text.size()}};
    return Sides(chat);
  }

  Result<Sequence> Sides(const WrittenChat& chat) const {
    PANO_ASSIGN_OR_RETURN(Sequence s, ChatSequence(*tokenizer_, chat));
    for (int32_t label : s.labels) s.completion_mask.push_back(label == kNoLabel ? 0 : 1);
    s.labels.clear();
    return s;
  }

  // What is too long loses the begin of its prompt, then the end of its answer.
  Status Shorten(Sequence& s) const {
    const auto length = static_cast<size_t>(length_);
    const auto first = std::find(s.completion_mask.begin(), s.completion_mask.end(), 1);
    if (first == s.completion_mask.end()) return InvalidArgument("the answer has no tokens");
    if (s.input_ids.size() <= length) return {};
    const auto prompt = static_cast<size_t>(first - s.completion_mask.begin());
    // One token of the prompt stays: the first of the answer is predicted from it.
    const size_t cut = std::min(s.input_ids.size() - length, prompt > 0 ? prompt - 1 : 0);
    s.input_ids.erase(s.input_ids.begin(), s.input_ids.begin() + static_cast<std::ptrdiff_t>(cut));
    s.completion_mask.erase(s.completion_mask.begin(), s.completion_mask.begin() + static_cast<std::ptrdiff_t>(cut));
    s.input_ids.resize(std::min(s.input_ids.size(), length));
    s.completion_mask.resize(s.input_ids.size());
    return {};
  }

  const tokenizer::TokenizerPtr tokenizer_;
  const jinja::ChatTemplatePtr chat_;   // null: none
  const ChatWriter writer_;
  const int64_t length_;
};

}  // namespace

Result<std::unique_ptr<LineFormat>> PairsFormat(const Recipe& recipe, const TextRowOptions& options) {
  PANO_ASSIGN_OR_RETURN(TextEncoder encoder, TextEncoder::Create(options.tokenizer, recipe.data.length));
  return std::unique_ptr<LineFormat>(std::make_unique<Pairs>(std::move(encoder)));
}

Result<std::unique_ptr<LineFormat>> ChatFormat(const Recipe&, const TextRowOptions& options) {
  if (!options.chat) return InvalidArgument("the model has no chat template").WithField("data.format");
  return std::unique_ptr<LineFormat>(std::make_unique<Chat>(options.tokenizer, options.chat));
}

Result<std::unique_ptr<LineFormat>> PreferenceFormat(const Recipe& recipe, const TextRowOptions& options) {
  return std::unique_ptr<LineFormat>(
      std::make_unique<Preference>(options.tokenizer, options.chat, recipe.data.length));
}

}  // namespace pano::train
