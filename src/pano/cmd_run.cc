#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/json.h"
#include "base/strings.h"
#include "model/engine/engine.h"
#include "pano/chat/conversation.h"
#include "pano/cli.h"
#include "pano/local_session.h"

namespace pano::cli {
namespace {

struct RunOptions {
  LocalSessionOptions session;
  chat::Sampling sampling;
  std::optional<std::string> prompt, prompt_ids;
  bool chat = false, ignore_eos = false, json = false;

  void Declare(OptionSet& options) {
    session.Declare(options);
    options.MaybeString("prompt", &prompt, "Prompt; - reads it from standard input.", "TEXT|-");
    options.MaybeString("prompt-ids", &prompt_ids, "Prompt as token ids.", "1,2,3");
    options.Flag("chat", &chat, "Apply the chat template. Without --prompt, hold a conversation.");
    sampling.Declare(options);
    options.Flag("ignore-eos", &ignore_eos, "Continue after the end token.");
    options.Flag("json", &json, "Print one JSON object.");
  }
};

std::atomic<bool> interrupted{false};

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

struct Answer {
  std::string text;
  std::vector<nn::TokenId> ids;
  engine::Event finish;
};

// Runs one request; prints the text as it comes unless the output is one JSON object.
Result<Answer> Generate(const RunOptions& options, LocalSession& session,
                        std::vector<nn::TokenId> prompt) {
  engine::Request request = session.MakeRequest(options.sampling, std::move(prompt));
  request.ignore_eos = options.ignore_eos;
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<engine::TokenStream> stream,
                        session.engine().Submit(std::move(request)));
  Answer answer;
  while (auto event = stream->Pop()) {
    if (Status changed = session.CheckFiles(); !changed.ok()) {
      stream->Cancel();
      return changed;
    }
    if (interrupted.load()) stream->Cancel();
    answer.text += event->text;
    if (!options.json && !event->text.empty()) {
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

// The ids of the conversation, which loses its oldest turns, not without a word, where it is longer
// than the context.
Result<std::vector<nn::TokenId>> FitToContext(const RunOptions& options, LocalSession& session,
                                              chat::Conversation& conversation) {
  EncodedChat encoded;
  const auto count = [&](const chat::Conversation& some) -> Result<int64_t> {
    PANO_ASSIGN_OR_RETURN(encoded, session.EncodeChat(some.ForModel()));
    return static_cast<int64_t>(encoded.ids.size());
  };
  const auto room = chat::PromptRoom::Of(session.context_max(), options.sampling.max_tokens);
  PANO_ASSIGN_OR_RETURN(const size_t dropped, chat::TurnsToDrop(conversation, count, room));
  if (dropped > 0) {
    conversation.DropOldestTurns(dropped);
    std::fprintf(stderr, "[the context of %lld tokens is full: %zu of the oldest turns left out]\n",
                 static_cast<long long>(session.context_max()), dropped);
  }
  PANO_ASSIGN_OR_RETURN(encoded, session.EncodeChat(conversation.ForModel()));
  return std::move(encoded.ids);
}

// Lines from standard input, each answered with the whole conversation in view. An interrupt ends the
// answer at hand, or the conversation where there is none. A turn that fails is said and taken back.
Status Converse(const RunOptions& options, LocalSession& session) {
  chat::Conversation conversation;
  std::string line;
  while (!std::ferror(stdout) && !interrupted.load()) {
    if (StderrIsTerminal()) std::fputs("> ", stderr);
    if (!std::getline(std::cin, line)) break;
    conversation.AddUser(line);
    Result<std::vector<nn::TokenId>> prompt = FitToContext(options, session, conversation);
    if (!prompt.ok()) {
      if (prompt.error().code() != StatusCode::kExhausted) return prompt.error();
      std::fprintf(stderr, "[not answered: %s]\n", prompt.error().message().c_str());
      conversation.UndoTurn();
      continue;
    }
    PANO_ASSIGN_OR_RETURN(Answer answer, Generate(options, session, std::move(*prompt)));
    std::printf("\n");
    std::fflush(stdout);
    conversation.AddAnswer(std::move(answer.text));
    interrupted.store(false);
  }
  return interrupted.load() ? Status(StatusCode::kCancelled, "interrupted") : Status();
}

Result<std::vector<nn::TokenId>> PromptIds(const RunOptions& options, LocalSession& session) {
  if (options.prompt_ids) return ParseIds(*options.prompt_ids);
  PANO_ASSIGN_OR_RETURN(std::string text, TextOrStdin(options.prompt.value_or("")));
  if (options.chat) {
    chat::Conversation conversation;
    conversation.AddUser(std::move(text));
    PANO_ASSIGN_OR_RETURN(EncodedChat encoded, session.EncodeChat(conversation.ForModel()));
    return std::move(encoded.ids);
  }
  if (!session.local().tokenizer && text.empty()) return std::vector<nn::TokenId>();
  return session.EncodeText(text);
}

Status Execute(const RunOptions& options) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<LocalSession> session,
                        LocalSession::Create(options.session));
  if (options.chat && !options.prompt && !options.prompt_ids) return Converse(options, *session);
  PANO_ASSIGN_OR_RETURN(std::vector<nn::TokenId> prompt, PromptIds(options, *session));
  const bool has_text = session->local().tokenizer != nullptr;
  PANO_ASSIGN_OR_RETURN(Answer answer, Generate(options, *session, std::move(prompt)));
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

// Without SA_RESTART, so that waiting for a line ends too.
void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted.store(true); };
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace

int RunRun(const Command& self, Args args) {
  RunOptions o;
  OptionSet options;
  o.Declare(options);
  if (auto code = Parse(self, options, args)) return *code;
  if (o.prompt && o.prompt_ids) return FailUsage(self, "give --prompt or --prompt-ids, not both");
  if (o.chat && o.prompt_ids) return FailUsage(self, "--chat needs text, not --prompt-ids");
  CatchInterrupts();
  Status status = Execute(o);
  return status.ok() ? 0 : Fail(self, status);
}

}  // namespace pano::cli
