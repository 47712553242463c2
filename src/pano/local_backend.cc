#include "pano/local_backend.h"

#include "base/env.h"
#include "base/strings.h"
#include "model/serving/reasons.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/model_path.h"
#include "pano/progress.h"

namespace pano::cli {
namespace {

// Without it there is nothing to talk with.
Result<std::unique_ptr<LocalSession>> CreateSession(const LocalSessionOptions& options) {
  Progress progress("loading");
  progress.Update(0, options.model.path.empty() ? "the starter model" : options.model.path);
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<LocalSession> session, LocalSession::Create(options));
  if (!session->local().tokenizer) {
    return InvalidArgument(
        StrCat(session->local().files.path, ": has no tokenizer, and a chat is text"));
  }
  return session;
}

// Text of special tokens is left out of an answer, but for the marks around its thinking.
std::string MarkText(const LocalSession& session, nn::TokenId id) {
  const tokenizer::Tokenizer& tokenizer = *session.local().tokenizer;
  if (!tokenizer.IsSpecial(id)) return {};
  const std::string_view piece = tokenizer.Piece(id);
  return chat::IsPartOfMark(piece) ? std::string(piece) : std::string();
}

}  // namespace

Result<std::unique_ptr<LocalBackend>> LocalBackend::Create(LocalSessionOptions options) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<LocalSession> session, CreateSession(options));
  return std::unique_ptr<LocalBackend>(new LocalBackend(std::move(options), std::move(session)));
}

std::string LocalBackend::model() const {
  return name_.empty() ? std::string(Stem(session_->local().files.path)) : name_;
}

Result<int64_t> LocalBackend::CountTokens(const json::Value& messages) {
  if (messages.as_array().empty()) return int64_t{0};
  PANO_ASSIGN_OR_RETURN(const EncodedChat encoded, session_->EncodeChat(messages));
  return static_cast<int64_t>(encoded.ids.size());
}

Result<chat::AnswerEnd> LocalBackend::Ask(const json::Value& messages,
                                          const chat::Sampling& sampling,
                                          chat::ThinkingSplitter& answer,
                                          const std::stop_token& stop) {
  PANO_ASSIGN_OR_RETURN(EncodedChat encoded, session_->EncodeChat(messages));
  answer.BeginInside(chat::OpeningMarkAtEnd(encoded.text));
  const auto prompt_tokens = static_cast<int64_t>(encoded.ids.size());
  engine::Request request = session_->MakeRequest(sampling, std::move(encoded.ids));
  // As the server has it: the limit is what there is room for at most.
  const int64_t room = session_->context_max() - prompt_tokens;
  if (request.max_tokens && room > 0) request.max_tokens = std::min(*request.max_tokens, room);
  auto submitted = session_->engine().Submit(std::move(request));
  if (!submitted.ok()) {
    const bool full = submitted.error().reason() == serving::kContextLengthExceeded;
    return full ? submitted.error().WithReason(chat::kContextFull) : submitted.error();
  }
  const std::shared_ptr<engine::TokenStream> stream = *std::move(submitted);
  const std::stop_callback cancel(stop, [&] { stream->Cancel(); });
  engine::Event finish;
  while (auto event = stream->Pop()) {
    if (Status changed = session_->CheckFiles(); !changed.ok()) {
      stream->Cancel();
      return changed;
    }
    if (!event->text.empty()) answer.Push(event->text);
    if (event->kind == engine::Event::Kind::kToken && !answer.in_answer()) {
      answer.Push(MarkText(*session_, event->token_id));
    }
    if (event->kind == engine::Event::Kind::kFinish) finish = std::move(*event);
  }
  if (finish.reason == engine::FinishReason::kError) return Internal(finish.error);
  chat::AnswerEnd end;
  end.reason = engine::FinishReasonName(finish.reason);
  end.prompt_tokens = finish.usage.prompt_tokens;
  end.answer_tokens = finish.usage.completion_tokens;
  end.first_seconds = finish.timings.ttft_ms / 1e3;
  end.tokens_per_second = finish.timings.generated_tokens_per_second;
  return end;
}

Result<std::vector<std::string>> LocalBackend::ListModels() {
  return Unimplemented("/model PATH or /model hf:ORG/NAME loads another one");
}

Status LocalBackend::Use(const std::string& model, const std::stop_token& stop) {
  LocalSessionOptions options = options_;
  PANO_ASSIGN_OR_RETURN(options.model.path, ResolveModel(model, stop));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<LocalSession> session, CreateSession(options));
  session_ = std::move(session);
  options_ = std::move(options);
  name_ = model.starts_with("hf:") ? model : "";
  return {};
}

}  // namespace pano::cli
