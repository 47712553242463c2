#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/template/chat_template.h"
#include "model/template/conversation.h"
#include "model/tools/message_json.h"
#include "model/tools/tool_format.h"
#include "pano/cli.h"
#include "pano/model_path.h"
#include "pano/timestamp.h"

namespace pano::cli {
namespace {

struct TemplateOptions {
  std::string model, file;
  bool json = false, jsonl = false, parse = false;
};

// The template and what the model says about it.
struct Source {
  jinja::ChatTemplatePtr chat;
  jinja::ChatTemplatePtr tool_chat;  // of chats with tools, where that is another one
  tools::ToolFormatPtr format, tool_format;  // of what each makes a model write
  std::string bos_token, eos_token;
};

// A token as tokenizer_config.json writes it: its text, or an object with "content".
std::string TokenText(const json::Value* token) {
  if (token && token->is_object()) token = token->Find("content");
  return token && token->is_string() ? token->as_string() : "";
}

std::string GgufTokenText(const json::Value& metadata, std::string_view key) {
  const json::Value* id = metadata.Find(key);
  const json::Value* tokens = metadata.Find("tokenizer.ggml.tokens");
  if (!id || !id->is_int() || !tokens || !tokens->is_array() || id->as_int() < 0 ||
      static_cast<size_t>(id->as_int()) >= tokens->as_array().size()) {
    return "";
  }
  return TokenText(&tokens->as_array()[static_cast<size_t>(id->as_int())]);
}

Result<Source> ReadModel(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string local, ResolveModel(path));
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(local));
  if (files.chat_template.empty()) return NotFound(StrCat(path, ": has no chat template"));
  Source out;
  const bool gguf = files.kind == format::ModelFiles::Kind::kGguf;
  out.bos_token = gguf ? GgufTokenText(files.metadata, "tokenizer.ggml.bos_token_id")
                       : TokenText(files.tokenizer_config.Find("bos_token"));
  out.eos_token = gguf ? GgufTokenText(files.metadata, "tokenizer.ggml.eos_token_id")
                       : TokenText(files.tokenizer_config.Find("eos_token"));
  PANO_ASSIGN_OR_RETURN(out.chat, jinja::ChatTemplate::Parse(files.chat_template).Wrap(path));
  out.format = tools::ToolFormat::Detect(files.chat_template);
  const auto tools = files.named_templates.find("tool_use");
  if (tools != files.named_templates.end()) {
    PANO_ASSIGN_OR_RETURN(out.tool_chat,
                          jinja::ChatTemplate::Parse(tools->second).Wrap(path + ": tool_use"));
    out.tool_format = tools::ToolFormat::Detect(tools->second);
  }
  return out;
}

Result<Source> ReadTemplate(const std::string& path) {
  constexpr size_t kBytesMax = 16 << 20;
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kBytesMax));
  Source out;
  PANO_ASSIGN_OR_RETURN(out.chat, jinja::ChatTemplate::Parse(text).Wrap(path));
  out.format = tools::ToolFormat::Detect(text);
  return out;
}

// The member, or null when it is missing or null.
const json::Value* Given(const json::Value& chat, std::string_view key) {
  const json::Value* found = chat.Find(key);
  return found && !found->is_null() ? found : nullptr;
}

Result<jinja::ChatInputs> ReadInputs(const json::Value& chat, const Source& source) {
  jinja::ChatInputs out;
  const json::Value* messages = Given(chat, "messages");
  if (!messages || !messages->is_array()) return InvalidArgument("messages: expected an array");
  out.messages = *messages;
  if (const json::Value* tools = Given(chat, "tools")) {
    if (!tools->is_array()) return InvalidArgument("tools: expected an array or null");
    out.tools = *tools;
  }
  if (const json::Value* kwargs = Given(chat, "kwargs")) {
    if (!kwargs->is_object()) return InvalidArgument("kwargs: expected an object or null");
    out.kwargs = *kwargs;
  }
  if (const json::Value* add = Given(chat, "add_generation_prompt")) {
    if (!add->is_bool()) return InvalidArgument("add_generation_prompt: expected true or false");
    out.add_generation_prompt = add->as_bool();
  }
  if (const json::Value* now = Given(chat, "now")) {
    PANO_ASSIGN_OR_RETURN(out.now_unix, ParseTimestamp(*now).Wrap("now"));
  }
  const json::Value* bos = Given(chat, "bos_token");
  const json::Value* eos = Given(chat, "eos_token");
  out.bos_token = bos ? TokenText(bos) : source.bos_token;
  out.eos_token = eos ? TokenText(eos) : source.eos_token;
  return out;
}

bool HasTools(const jinja::ChatInputs& inputs) {
  return inputs.tools.is_array() && !inputs.tools.as_array().empty();
}

Result<json::Value> Render(const json::Value& chat, const Source& source) {
  PANO_ASSIGN_OR_RETURN(const jinja::ChatInputs inputs, ReadInputs(chat, source));
  const jinja::ChatTemplate& source_template =
      source.tool_chat && HasTools(inputs) ? *source.tool_chat : *source.chat;
  PANO_ASSIGN_OR_RETURN(jinja::Rendered rendered, source_template.Render(inputs));
  json::Value answer;
  answer.Set("text", std::move(rendered.text));
  return answer;
}

// What the model wrote, as one text or in the pieces in which it came.
Result<std::vector<std::string>> ReadOutput(const json::Value& chat) {
  const json::Value* pieces = Given(chat, "pieces");
  const json::Value* output = Given(chat, "output");
  if ((pieces != nullptr) == (output != nullptr)) {
    return InvalidArgument("expected one of output and pieces");
  }
  if (output) {
    if (!output->is_string()) return InvalidArgument("output: expected a text");
    return std::vector<std::string>{output->as_string()};
  }
  if (!pieces->is_array()) return InvalidArgument("pieces: expected a list of texts");
  std::vector<std::string> out;
  for (const json::Value& piece : pieces->as_array()) {
    if (!piece.is_string()) return InvalidArgument("pieces: expected a list of texts");
    out.push_back(piece.as_string());
  }
  return out;
}

// The message that the model's output means; with "pieces" also what a stream of it would be.
Result<json::Value> ParseMessage(const json::Value& chat, const Source& source) {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> pieces, ReadOutput(chat));
  PANO_ASSIGN_OR_RETURN(jinja::ChatInputs inputs, ReadInputs(chat, source));
  tools::ParserSettings settings;
  if (inputs.tools.is_array()) {
    PANO_ASSIGN_OR_RETURN(tools::Tools tools, tools::ReadTools(inputs.tools));
    settings.tools = std::make_shared<const tools::Tools>(std::move(tools));
  }
  const bool tool_use = source.tool_chat && HasTools(inputs);
  const tools::ToolFormat& format = tool_use ? *source.tool_format : *source.format;
  PANO_ASSIGN_OR_RETURN(const jinja::Rendered prompt,
                        jinja::RenderConversation(tool_use ? *source.tool_chat : *source.chat,
                                                  std::move(inputs)));
  settings.prompt_end = prompt.text.substr(prompt.text.size() - std::min<size_t>(prompt.text.size(), 256));

  const auto parser = format.MakeParser(std::move(settings));
  tools::Message message;
  json::Value deltas{json::Array()};
  auto take = [&](const tools::MessageDelta& delta) {
    message.Merge(delta);
    for (json::Value& object : tools::DeltaJson(delta)) deltas.Append(std::move(object));
  };
  json::Value role;
  role.Set("role", "assistant");
  deltas.Append(std::move(role));
  for (const std::string& piece : pieces) {
    tools::MessageDelta delta;
    parser->Append(piece, &delta);
    take(delta);
  }
  tools::MessageDelta last;
  parser->Finish(&last);
  take(last);
  json::Value answer;
  answer.Set("message", tools::MessageJson(message));
  if (Given(chat, "pieces")) answer.Set("deltas", std::move(deltas));
  return answer;
}

Result<json::Value> Answer(std::string_view text, const Source& source, bool parse) {
  PANO_ASSIGN_OR_RETURN(const json::Value chat, json::Parse(text));
  return parse ? ParseMessage(chat, source) : Render(chat, source);
}

void PrintAnswer(const Result<json::Value>& answer) {
  json::Value error;
  if (!answer.ok()) error.Set("error", answer.error().message());
  std::printf("%s\n", json::Dump(answer.ok() ? *answer : error).c_str());
  std::fflush(stdout);
}

// An answer for every line; a chat that cannot be rendered is an answer too.
int AnswerLines(const Source& source, bool parse) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (!Trim(line).empty()) PrintAnswer(Answer(line, source, parse));
  }
  return 0;
}

int AnswerOne(const Command& self, const Source& source, const TemplateOptions& o) {
  const std::string input(std::istreambuf_iterator<char>(std::cin), {});
  const Result<json::Value> answer = Answer(input, source, o.parse);
  if (o.json || (o.parse && answer.ok())) {
    PrintAnswer(answer);
    return answer.ok() ? 0 : 1;
  }
  if (!answer.ok()) return Fail(self, answer.error());
  const std::string& text = answer->Find("text")->as_string();
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (StdoutIsTerminal() && !text.ends_with('\n')) std::printf("\n");
  return 0;
}

}  // namespace

int RunTemplate(const Command& self, Args args) {
  TemplateOptions o;
  OptionSet options;
  options.String("model", &o.model, "Use the chat template of this model folder, .gguf file or hf:ORG/NAME.",
                 "PATH");
  options.String("template", &o.file, "Use the chat template in this file.", "FILE");
  options.Flag("parse", &o.parse,
               "Read what a model wrote behind the prompt, \"output\" or \"pieces\" beside the chat, and "
               "print the message that it means: content, reasoning and tool calls.");
  options.Flag("json", &o.json, "Print {\"text\"} or {\"error\"} instead of the text.");
  options.Flag("jsonl", &o.jsonl,
               "Read one chat a line from stdin and print one JSON answer a line.");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.model.empty() == o.file.empty())
    return FailUsage(self, "give either --model or --template");
  const Result<Source> source = o.file.empty() ? ReadModel(o.model) : ReadTemplate(o.file);
  if (!source.ok()) return Fail(self, source.error());
  return o.jsonl ? AnswerLines(*source, o.parse) : AnswerOne(self, *source, o);
}

}  // namespace pano::cli
