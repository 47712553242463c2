#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/template/chat_template.h"
#include "pano/cli.h"
#include "pano/model_path.h"
#include "pano/timestamp.h"

namespace pano::cli {
namespace {

struct TemplateOptions {
  std::string model, file;
  bool json = false, jsonl = false;
};

// The template and what the model says about it.
struct Source {
  jinja::ChatTemplatePtr chat;
  jinja::ChatTemplatePtr tools;  // of chats with tools, where that is another one
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
  const auto tools = files.named_templates.find("tool_use");
  if (tools != files.named_templates.end()) {
    PANO_ASSIGN_OR_RETURN(out.tools,
                          jinja::ChatTemplate::Parse(tools->second).Wrap(path + ": tool_use"));
  }
  return out;
}

Result<Source> ReadTemplate(const std::string& path) {
  constexpr size_t kBytesMax = 16 << 20;
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kBytesMax));
  Source out;
  PANO_ASSIGN_OR_RETURN(out.chat, jinja::ChatTemplate::Parse(text).Wrap(path));
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

Result<std::string> Render(std::string_view text, const Source& source) {
  PANO_ASSIGN_OR_RETURN(const json::Value chat, json::Parse(text));
  PANO_ASSIGN_OR_RETURN(const jinja::ChatInputs inputs, ReadInputs(chat, source));
  const bool with_tools = inputs.tools.is_array() && !inputs.tools.as_array().empty();
  const jinja::ChatTemplate& source_template =
      source.tools && with_tools ? *source.tools : *source.chat;
  PANO_ASSIGN_OR_RETURN(jinja::Rendered rendered, source_template.Render(inputs));
  return std::move(rendered.text);
}

void PrintAnswer(const Result<std::string>& text) {
  json::Value answer;
  if (text.ok()) {
    answer.Set("text", *text);
  } else {
    answer.Set("error", text.error().message());
  }
  std::printf("%s\n", json::Dump(answer).c_str());
  std::fflush(stdout);
}

// An answer for every line; a chat that cannot be rendered is an answer too.
int RenderLines(const Source& source) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (!Trim(line).empty()) PrintAnswer(Render(line, source));
  }
  return 0;
}

int RenderOne(const Command& self, const Source& source, bool as_json) {
  const std::string input(std::istreambuf_iterator<char>(std::cin), {});
  const Result<std::string> text = Render(input, source);
  if (as_json) {
    PrintAnswer(text);
    return text.ok() ? 0 : 1;
  }
  if (!text.ok()) return Fail(self, text.error());
  std::fwrite(text->data(), 1, text->size(), stdout);
  if (StdoutIsTerminal() && !text->ends_with('\n')) std::printf("\n");
  return 0;
}

}  // namespace

int RunTemplate(const Command& self, Args args) {
  TemplateOptions o;
  OptionSet options;
  options.String("model", &o.model, "Use the chat template of this model folder, .gguf file or hf:ORG/NAME.",
                 "PATH");
  options.String("template", &o.file, "Use the chat template in this file.", "FILE");
  options.Flag("json", &o.json, "Print {\"text\"} or {\"error\"} instead of the text.");
  options.Flag("jsonl", &o.jsonl,
               "Read one chat a line from stdin and print one JSON answer a line.");
  if (auto code = Parse(self, options, args)) return *code;
  if (o.model.empty() == o.file.empty())
    return FailUsage(self, "give either --model or --template");
  const Result<Source> source = o.file.empty() ? ReadModel(o.model) : ReadTemplate(o.file);
  if (!source.ok()) return Fail(self, source.error());
  return o.jsonl ? RenderLines(*source) : RenderOne(self, *source, o.json);
}

}  // namespace pano::cli
