#include "pano/chat/chat.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "pano/chat/answer_view.h"
#include "pano/chat/attachments.h"
#include "pano/terminal/safe_text.h"

namespace pano::chat {
namespace {

constexpr std::string_view kFullHint =
    "/clear starts anew, /undo takes the last turn back, /set trim on drops the oldest turns";

std::string Counted(size_t count, std::string_view noun) {
  return StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string OneDecimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

}  // namespace

void Chat::Note(std::string_view text) { parts_.console.Note(terminal::MakeSafe(text)); }

bool Chat::Take(std::string_view line, const std::stop_token& stop) {
  if (Trim(line).empty()) return true;
  if (IsCommand(line)) {
    const Result<Command> command = ParseCommand(line);
    if (!command.ok()) {
      Note(command.error().message());
      return true;
    }
    if (command->kind == CommandKind::kQuit) return false;
    Do(*command, stop);
    return true;
  }
  if (line.starts_with("//")) line.remove_prefix(1);
  Result<AttachedText> message = AttachFiles(line, parts_.env);
  if (!message.ok()) {
    Note(StrCat(message.error().message(), " (nothing was sent; @@ writes a plain @)"));
    return true;
  }
  for (const std::string& file : message->files) Note(StrCat("[", file, "]"));
  static_cast<void>(Say(std::move(message->text), stop));
  return true;
}

Status Chat::Say(std::string text, const std::stop_token& stop) {
  conversation_.AddUser(std::move(text));
  Status status = Answer(stop);
  if (!status.ok()) {
    unanswered_ = conversation_.UndoTurn();
    if (status.code() != StatusCode::kCancelled) {
      Note(StrCat("[not answered: ", status.message(), "]"));
    }
  }
  return status;
}

Status Chat::Answer(const std::stop_token& stop) {
  unanswered_.clear();
  PANO_RETURN_IF_ERROR(MakeRoom());
  while (true) {
    AnswerView view(parts_.console, settings_.now().show_thinking(), parts_.clock);
    Result<AnswerEnd> end = AskOnce(view, stop);
    const bool nothing = view.answer().empty() && view.thinking().empty();
    if (!end.ok()) {
      // The count is the server's secret: it is asked with ever fewer turns.
      const bool full = end.error().reason() == kContextFull;
      if (full && nothing && settings_.now().trims() && conversation_.turn_count() > 1) {
        DropTurns((conversation_.turn_count() + 3) / 4);
        continue;
      }
      return full ? Status(StatusCode::kExhausted,
                           StrCat(end.error().message(), "; ", kFullHint))
                  : end.error();
    }
    PANO_RETURN_IF_ERROR(parts_.console.status());
    if (end->reason == "cancelled") {
      Note(nothing ? "[stopped; /retry asks again]" : "[stopped]");
      if (nothing) return Status(StatusCode::kCancelled, "stopped");
    }
    conversation_.AddAnswer(view.answer(), view.thinking());
    SayEnd(*end);
    return {};
  }
}

Result<AnswerEnd> Chat::AskOnce(AnswerView& view, const std::stop_token& stop) {
  ThinkingSplitter splitter(view);
  Result<AnswerEnd> end =
      parts_.backend.Ask(conversation_.ForModel(), settings_.now().sampling, splitter, stop);
  splitter.End();
  view.End();
  return end;
}

Status Chat::MakeRoom() {
  const std::optional<int64_t> context = parts_.backend.context_max();
  if (!context) return {};
  const TokenCounter count = [&](const Conversation& some) {
    return parts_.backend.CountTokens(some.ForModel());
  };
  const Result<int64_t> tokens = count(conversation_);
  if (!tokens.ok()) {
    // Who cannot count says when it is too much.
    return tokens.error().code() == StatusCode::kUnimplemented ? Status() : tokens.error();
  }
  if (settings_.now().trims()) {
    PANO_ASSIGN_OR_RETURN(
        const size_t dropped,
        TurnsToDrop(conversation_, count,
                    PromptRoom::Of(*context, settings_.now().sampling.max_tokens)));
    if (dropped > 0) DropTurns(dropped);
    return {};
  }
  if (*tokens < *context) return {};
  return Status(StatusCode::kExhausted, StrCat("with it the conversation is ", *tokens,
                                               " tokens long, and the context has room for ",
                                               *context - 1, "; ", kFullHint));
}

void Chat::DropTurns(size_t count) {
  const size_t dropped = conversation_.DropOldestTurns(count);
  Note(StrCat("[the context is full: the oldest ", Counted(dropped, "turn"), " left out]"));
}

void Chat::SayEnd(const AnswerEnd& end) {
  last_end_ = end;
  const std::optional<int64_t> context = parts_.backend.context_max();
  const int64_t used = end.prompt_tokens.value_or(0) + end.answer_tokens.value_or(0);
  const bool full = context && used + 1 >= *context;
  if (end.reason == "length") {
    const auto& max_tokens = settings_.now().sampling.max_tokens;
    Note(full         ? StrCat("[cut: the context of ", *context, " tokens is full; ", kFullHint, "]")
         : max_tokens ? StrCat("[cut at max-tokens = ", *max_tokens, "]")
                      : std::string("[cut where the model or the server ends an answer; "
                                    "/set max-tokens N asks for more]"));
  } else if (end.reason != "stop" && end.reason != "cancelled") {
    Note(StrCat("[ended by ", end.reason, "]"));
  }
  const bool nearly_full = context && !full && used * 10 >= *context * 9;
  if (nearly_full && !warned_nearly_full_ && !settings_.now().trims()) {
    Note(StrCat("[", used, " of ", *context, " tokens of the context are taken; ", kFullHint, "]"));
  }
  warned_nearly_full_ = nearly_full;
  if (!settings_.now().shows_stats()) return;
  std::string line = "[";
  if (end.prompt_tokens) line += StrCat(*end.prompt_tokens, " tokens read, ");
  if (end.answer_tokens) line += StrCat(*end.answer_tokens, " written, ");
  if (end.first_seconds) line += StrCat("first after ", OneDecimal(*end.first_seconds * 1e3), " ms, ");
  if (end.tokens_per_second) line += StrCat(OneDecimal(*end.tokens_per_second), " tokens/s, ");
  Note(StrCat(line, "ended by ", end.reason, "]"));
}

void Chat::Do(const Command& command, const std::stop_token& stop) {
  switch (command.kind) {
    case CommandKind::kHelp: return Help();
    case CommandKind::kSystem: return System(command.argument);
    case CommandKind::kModel: return Model(command.argument, stop);
    case CommandKind::kSet: return Set(command.argument);
    case CommandKind::kSave: return Save(command.argument);
    case CommandKind::kLoad: return Load(command.argument);
    case CommandKind::kRetry: return Retry(stop);
    case CommandKind::kUndo: return Undo();
    case CommandKind::kTokens: return Tokens();
    case CommandKind::kClear:
      conversation_.Clear();
      unanswered_.clear();
      last_end_ = {};
      return Note("[forgotten]");
    case CommandKind::kQuit: return;
  }
}

void Chat::System(const std::string& text) {
  if (text.empty()) {
    const std::string& now = conversation_.system();
    return Note(now.empty() ? "no system prompt; /system TEXT sets one" : now);
  }
  conversation_.set_system(text == "\"\"" ? "" : text);
  Note(text == "\"\"" ? "[no system prompt any more]" : "[system prompt set]");
}

void Chat::Model(const std::string& name, const std::stop_token& stop) {
  if (!name.empty()) {
    const Status status = parts_.backend.Use(name, stop);
    return Note(status.ok() ? StrCat("[now talking to ", parts_.backend.model(), "]")
                            : StrCat(status.message(), " (still talking to ",
                                     parts_.backend.model(), ")"));
  }
  std::string out = StrCat("talking to ", parts_.backend.model());
  if (const auto context = parts_.backend.context_max()) {
    out += StrCat(", context ", *context, " tokens");
  }
  const auto models = parts_.backend.ListModels();
  if (!models.ok()) return Note(StrCat(out, "\n", models.status().message()));
  for (const std::string& model : *models) out += StrCat("\n  ", model);
  Note(out);
}

void Chat::Set(const std::string& argument) {
  if (argument.empty()) return Note(settings_.Describe());
  const size_t end = std::min(argument.find_first_of(" \t=\n"), argument.size());
  const std::string name = argument.substr(0, end);
  std::string value(Trim(std::string_view(argument).substr(end)));
  if (value.starts_with('=')) value = Trim(std::string_view(value).substr(1));
  const bool shows = end == argument.size();
  // Without a value: whether there is such a setting, and its value.
  Settings probe = settings_;
  Status status = shows ? probe.Change(name, "default") : settings_.Change(name, value);
  Note(status.ok() ? settings_.Describe(name) : std::string(status.message()));
}

void Chat::Save(const std::string& path) {
  const std::string file = ExpandHome(path, parts_.env);
  const Status status =
      SaveChat(file, {conversation_, parts_.backend.model(), settings_.changes()}, parts_.env);
  Note(status.ok() ? StrCat("[", Counted(conversation_.turn_count(), "turn"), " written to ", file,
                            "]")
                   : std::string(status.message()));
}

Status Chat::Resume(SavedChat saved) {
  PANO_RETURN_IF_ERROR(settings_.Restore(saved.settings));
  conversation_ = std::move(saved.conversation);
  unanswered_.clear();
  last_end_ = {};
  std::string out = StrCat("[", Counted(conversation_.turn_count(), "turn"), " read");
  if (!saved.model.empty() && saved.model != parts_.backend.model()) {
    out += StrCat("; they were with ", saved.model, ", now talking to ", parts_.backend.model());
  }
  Note(out + "]");
  return {};
}

void Chat::Load(const std::string& path) {
  Result<SavedChat> saved = LoadChat(ExpandHome(path, parts_.env), parts_.env);
  if (!saved.ok()) return Note(saved.error().message());
  if (const Status status = Resume(*std::move(saved)); !status.ok()) Note(status.message());
}

void Chat::Retry(const std::stop_token& stop) {
  std::string text = unanswered_;
  Conversation before = conversation_;
  if (text.empty()) text = conversation_.UndoTurn();
  if (text.empty()) {
    conversation_ = std::move(before);
    return Note("nothing has been asked yet");
  }
  const Status status = Say(text, stop);
  // A new answer that does not come leaves the old one where it was.
  if (!status.ok()) conversation_ = std::move(before);
}

void Chat::Undo() {
  if (conversation_.turn_count() == 0) return Note("nothing to take back");
  const std::string text = conversation_.UndoTurn();
  unanswered_.clear();
  constexpr size_t kShown = 60;
  Note(StrCat("[taken back: ", Printable(text, kShown), "]"));
}

void Chat::Tokens() {
  const auto context = parts_.backend.context_max();
  const std::string of =
      context ? StrCat(" of ", *context, " tokens of the context") : std::string(" tokens");
  const auto tokens = parts_.backend.CountTokens(conversation_.ForModel());
  if (tokens.ok()) {
    return Note(StrCat(*tokens, of, " in ", Counted(conversation_.turn_count(), "turn")));
  }
  if (last_end_.prompt_tokens) {
    return Note(StrCat(*last_end_.prompt_tokens + last_end_.answer_tokens.value_or(0), of,
                       " with the last answer, as the server counts"));
  }
  Note(tokens.status().message());
}

void Chat::Help() {
  std::string out;
  for (const CommandSpec& spec : Commands()) {
    std::string start = StrCat("  /", spec.name, spec.argument.empty() ? "" : " ", spec.argument);
    constexpr size_t kColumn = 26;
    start.resize(std::max(start.size() + 1, kColumn), ' ');
    out += StrCat(start, spec.help, "\n");
  }
  Note(out +
       "  @path, @\"a path\"        Send the text of a file along.\n"
       "  several lines           Alt-Enter, a backslash at the end, or between \"\"\" and \"\"\".\n"
       "  // and @@               A message with / or @ at the start.\n"
       "  Ctrl-C                  Stop the answer; Ctrl-D on an empty line leaves.");
}

}  // namespace pano::chat
