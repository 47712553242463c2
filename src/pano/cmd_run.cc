#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/json.h"
#include "base/strings.h"
#include "model/engine/engine.h"
#include "model/template/chat_template.h"
#include "pano/cli.h"
#include "pano/local_model.h"

namespace pano::cli {
namespace {

struct RunOptions {
  LocalModelOptions model;
  SpeculationSettings speculation;
  std::optional<std::string> prompt, prompt_ids;
  std::vector<std::string> stop;
  std::optional<int64_t> max_tokens, seed, top_k;
  std::optional<double> temperature, top_p, min_p, typical_p, repetition_penalty;
  double frequency_penalty = 0, presence_penalty = 0;
  int64_t context = 0;
  bool chat = false, ignore_eos = false, json = false;

  void Declare(OptionSet& options) {
    model.Declare(options);
    speculation.Declare(options);
    options.MaybeString("prompt", &prompt, "Prompt; - reads it from standard input.", "TEXT|-");
    options.MaybeString("prompt-ids", &prompt_ids, "Prompt as token ids.", "1,2,3");
    options.Flag("chat", &chat, "Apply the chat template. Without --prompt, hold a conversation.");
    options.MaybeInt("max-tokens", &max_tokens, 0, INT32_MAX,
                     "Tokens to generate at most. Default: what is left of the context.");
    options.MaybeDouble("temperature", &temperature, 0, 100,
                        "Sampling temperature; 0 is greedy. Default: the model's, else 1.");
    options.MaybeInt("top-k", &top_k, 0, INT32_MAX,
                     "Sample from the K likeliest tokens; 0 takes all.");
    options.MaybeDouble(
        "top-p", &top_p, 0, 1,
        "Sample from the likeliest tokens that together have this probability (nucleus).");
    options.MaybeDouble("min-p", &min_p, 0, 1,
                        "Drop tokens below this share of the likeliest one's probability.");
    options.MaybeDouble(
        "typical-p", &typical_p, 0, 1,
        "Sample from the locally typical tokens that together have this probability.");
    options.MaybeDouble("repetition-penalty", &repetition_penalty, 0.001, 1000,
                        "Penalty on tokens of the prompt and the output; 1 is off.");
    options.Double("frequency-penalty", &frequency_penalty, -100, 100,
                   "Subtract this from a token's logit for each time it was generated.");
    options.Double("presence-penalty", &presence_penalty, -100, 100,
                   "Subtract this from the logit of every token that was generated.");
    options.MaybeInt("seed", &seed, 0, INT64_MAX,
                     "Seed of the random draws; the same seed gives the same text.");
    options.Strings("stop", &stop, "Stop before this string; may be given several times.");
    options.Flag("ignore-eos", &ignore_eos, "Continue after the end token.");
    options.Int("context", &context, 0, INT32_MAX, "Context in tokens; 0 takes the model's.");
    options.Flag("json", &json, "Print one JSON object.");
  }
};

std::atomic<bool> interrupted{false};

// A model with its engine, ready for one request after the other.
class Session {
 public:
  static Result<std::unique_ptr<Session>> Create(const RunOptions& options) {
    auto session = std::make_unique<Session>();
    PANO_ASSIGN_OR_RETURN(session->local_, LoadLocalModel(options.model));
    nn::SpecialTokens special = nn::ReadSpecialTokens(session->local_.files);
    engine::Options engine_options;
    engine_options.context_max = options.context;
    PANO_ASSIGN_OR_RETURN(engine_options.speculation, options.speculation.Options());
    if (!options.speculation.draft_model.empty() && engine_options.speculation.draft_tokens != 0) {
      PANO_ASSIGN_OR_RETURN(session->draft_, LoadDraftModel(options.speculation.draft_model,
                                                            options.model.arithmetic.LoadOptions(),
                                                            *session->local_.pool));
      engine_options.speculation.draft_model = session->draft_.get();
    }
    engine_options.begin_token_id = special.begin;
    engine_options.end_token_ids = special.end;
    // One request: no more KV memory than one context needs.
    const int64_t context = options.context > 0
                                ? std::min(options.context, session->local_.model->context_length())
                                : session->local_.model->context_length();
    engine_options.kv_blocks = (context + nn::kBlockTokens - 1) / nn::kBlockTokens + 1;
    PANO_ASSIGN_OR_RETURN(session->engine_,
                          engine::Engine::Create(*session->local_.model, session->local_.tokenizer,
                                                 *session->local_.pool, engine_options));
    return session;
  }

  LocalModel& local() { return local_; }
  engine::Engine& engine() { return *engine_; }

 private:
  LocalModel local_;
  std::unique_ptr<nn::Model> draft_;  // null: none
  std::unique_ptr<engine::Engine> engine_;
};

Result<std::vector<nn::TokenId>> ParseIds(std::string_view text) {
  std::vector<nn::TokenId> ids;
  if (Trim(text).empty()) return ids;
  for (std::string_view part : Split(text, ',')) {
    auto id = ParseInt(Trim(part));
    if (!id || *id < 0 || *id > INT32_MAX) {
      return InvalidArgument(StrCat("--prompt-ids: '", Printable(part), "' is not a token id"));
    }
    ids.push_back(static_cast<nn::TokenId>(*id));
  }
  return ids;
}

Status NoTokenizer(const LocalModel& local) {
  return InvalidArgument(
      StrCat(local.files.path, ": has no tokenizer; give --prompt-ids instead of text"));
}

// The token id as text ("" where the file names none), for templates.
std::string TokenText(const LocalModel& local, std::optional<nn::TokenId> id) {
  return id ? std::string(local.tokenizer->Piece(*id)) : "";
}

Result<std::vector<nn::TokenId>> EncodeChat(const LocalModel& local, const json::Value& messages) {
  if (!local.tokenizer) return NoTokenizer(local);
  if (local.files.chat_template.empty()) {
    std::string joined;
    for (const json::Value& message : messages.as_array()) {
      joined += (joined.empty() ? "" : "\n") + message.Find("content")->as_string();
    }
    return local.tokenizer->Encode(joined);
  }
  PANO_ASSIGN_OR_RETURN(jinja::ChatTemplatePtr chat,
                        jinja::ChatTemplate::Parse(local.files.chat_template));
  jinja::ChatInputs inputs;
  inputs.messages = messages;
  inputs.bos_token = TokenText(local, local.tokenizer->bos());
  inputs.eos_token = TokenText(local, local.tokenizer->eos());
  PANO_ASSIGN_OR_RETURN(jinja::Rendered rendered, chat->Render(inputs));
  std::vector<tokenizer::ByteRange> plain;
  for (const auto& range : rendered.from_inputs) plain.push_back({range.begin, range.end});
  tokenizer::EncodeOptions encode;
  encode.add_special_tokens = false;
  encode.plain = plain;
  return local.tokenizer->Encode(rendered.text, encode);
}

engine::Request MakeRequest(const RunOptions& o, const LocalModel& local,
                            std::vector<nn::TokenId> prompt) {
  const nn::GenerationDefaults defaults = nn::ReadGenerationDefaults(local.files);
  auto pick = [](const auto& given, const auto& fallback, auto last) {
    return static_cast<decltype(last)>(given ? *given : fallback ? *fallback : last);
  };
  engine::Request request;
  request.prompt = std::move(prompt);
  engine::SamplingParams& s = request.sampling;
  s.temperature = static_cast<float>(pick(o.temperature, defaults.temperature, 1.0));
  s.top_k = static_cast<int32_t>(pick(o.top_k, defaults.top_k, int64_t{0}));
  s.top_p = static_cast<float>(pick(o.top_p, defaults.top_p, 1.0));
  s.min_p = static_cast<float>(pick(o.min_p, defaults.min_p, 0.0));
  s.typical_p = static_cast<float>(pick(o.typical_p, defaults.typical_p, 1.0));
  s.repetition_penalty =
      static_cast<float>(pick(o.repetition_penalty, defaults.repetition_penalty, 1.0));
  s.frequency_penalty = static_cast<float>(o.frequency_penalty);
  s.presence_penalty = static_cast<float>(o.presence_penalty);
  if (o.seed) s.seed = static_cast<uint64_t>(*o.seed);
  request.max_tokens = o.max_tokens ? o.max_tokens : defaults.max_tokens;
  request.stop = o.stop;
  request.ignore_eos = o.ignore_eos;
  return request;
}

struct Answer {
  std::string text;
  std::vector<nn::TokenId> ids;
  engine::Event finish;
};

// Runs one request; prints the text as it comes unless `quiet`.
Result<Answer> Generate(Session& session, engine::Request request, bool quiet) {
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<engine::TokenStream> stream,
                        session.engine().Submit(std::move(request)));
  Answer answer;
  while (auto event = stream->Pop()) {
    if (interrupted.load()) stream->Cancel();
    answer.text += event->text;
    if (!quiet && !event->text.empty()) {
      std::fwrite(event->text.data(), 1, event->text.size(), stdout);
      std::fflush(stdout);
      if (std::ferror(stdout)) stream->Cancel();
    }
    if (event->kind == engine::Event::Kind::kToken) answer.ids.push_back(event->token_id);
    if (event->kind == engine::Event::Kind::kFinish) answer.finish = std::move(*event);
  }
  if (answer.finish.reason == engine::FinishReason::kError) return Internal(answer.finish.error);
  return answer;
}

void PrintJson(const Answer& answer, bool has_text) {
  json::Value out;
  out.Set("text", has_text ? json::Value(answer.text) : json::Value());
  json::Array ids;
  for (nn::TokenId id : answer.ids) ids.emplace_back(int64_t{id});
  out.Set("ids", std::move(ids));
  out.Set("finish_reason", engine::FinishReasonName(answer.finish.reason));
  const engine::Usage& usage = answer.finish.usage;
  json::Value& u = out.Set("usage", json::Object());
  u.Set("prompt_tokens", usage.prompt_tokens);
  u.Set("completion_tokens", usage.completion_tokens);
  u.Set("total_tokens", usage.prompt_tokens + usage.completion_tokens);
  u.Set("draft_tokens", usage.draft_tokens);
  u.Set("accepted_tokens", usage.accepted_tokens);
  const engine::Timings& timings = answer.finish.timings;
  json::Value& t = out.Set("timings", json::Object());
  t.Set("ttft_ms", timings.ttft_ms);
  t.Set("total_ms", timings.total_ms);
  t.Set("prompt_tokens_per_second", timings.prompt_tokens_per_second);
  t.Set("generated_tokens_per_second", timings.generated_tokens_per_second);
  std::printf("%s\n", json::Dump(out).c_str());
}

void PrintSummary(const Answer& answer) {
  const engine::Usage& usage = answer.finish.usage;
  const engine::Timings& timings = answer.finish.timings;
  const std::string guessed =
      usage.draft_tokens == 0
          ? std::string()
          : StrCat(", ", usage.accepted_tokens, " of ", usage.draft_tokens, " guesses right");
  std::fprintf(
      stderr, "[%lld prompt tokens, %lld generated, first after %.1f ms, %.1f tokens/s%s, %s]\n",
      static_cast<long long>(usage.prompt_tokens), static_cast<long long>(usage.completion_tokens),
      timings.ttft_ms, timings.generated_tokens_per_second, guessed.c_str(),
      engine::FinishReasonName(answer.finish.reason));
}

json::Value Message(std::string_view role, std::string_view content) {
  json::Value message;
  message.Set("role", role);
  message.Set("content", content);
  return message;
}

// Lines from standard input, each answered with the whole conversation in view.
Status Converse(const RunOptions& options, Session& session) {
  json::Value messages = json::Array();
  std::string line;
  while (true) {
    if (StderrIsTerminal()) std::fputs("> ", stderr);
    if (!std::getline(std::cin, line)) return {};
    messages.Append(Message("user", line));
    PANO_ASSIGN_OR_RETURN(std::vector<nn::TokenId> prompt, EncodeChat(session.local(), messages));
    PANO_ASSIGN_OR_RETURN(
        Answer answer,
        Generate(session, MakeRequest(options, session.local(), std::move(prompt)), false));
    std::printf("\n");
    messages.Append(Message("assistant", answer.text));
  }
}

Result<std::vector<nn::TokenId>> PromptIds(const RunOptions& options, const LocalModel& local) {
  if (options.prompt_ids) return ParseIds(*options.prompt_ids);
  PANO_ASSIGN_OR_RETURN(std::string text, TextOrStdin(options.prompt.value_or("")));
  if (options.chat) {
    return EncodeChat(local, json::Array{Message("user", text)});
  }
  if (!local.tokenizer) {
    if (text.empty()) return std::vector<nn::TokenId>();
    return NoTokenizer(local);
  }
  return local.tokenizer->Encode(text);
}

Status Execute(const RunOptions& options) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, Session::Create(options));
  if (options.chat && !options.prompt && !options.prompt_ids) return Converse(options, *session);
  PANO_ASSIGN_OR_RETURN(std::vector<nn::TokenId> prompt, PromptIds(options, session->local()));
  const bool has_text = session->local().tokenizer != nullptr;
  PANO_ASSIGN_OR_RETURN(
      Answer answer,
      Generate(*session, MakeRequest(options, session->local(), std::move(prompt)), options.json));
  if (options.json) {
    PrintJson(answer, has_text);
    return {};
  }
  if (!has_text) {
    for (size_t i = 0; i < answer.ids.size(); ++i) {
      std::printf("%s%d", i ? "," : "", answer.ids[i]);
    }
  }
  std::printf("\n");
  if (StderrIsTerminal()) PrintSummary(answer);
  return interrupted.load() ? Status(StatusCode::kCancelled, "interrupted") : Status();
}

}  // namespace

int RunRun(const Command& self, Args args) {
  RunOptions o;
  OptionSet options;
  o.Declare(options);
  if (auto code = Parse(self, options, args)) return *code;
  if (o.prompt && o.prompt_ids) return FailUsage(self, "give --prompt or --prompt-ids, not both");
  if (o.chat && o.prompt_ids) return FailUsage(self, "--chat needs text, not --prompt-ids");
  std::signal(SIGINT, [](int) { interrupted.store(true); });
  Status status = Execute(o);
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace pano::cli
