#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "base/env.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "pano/chat/attachments.h"
#include "pano/chat/chat.h"
#include "pano/chat/entered_text.h"
#include "pano/chat/remote_backend.h"
#include "pano/chat/session_file.h"
#include "pano/cli.h"
#include "pano/local_backend.h"
#include "pano/terminal/history.h"
#include "pano/terminal/interrupts.h"
#include "pano/terminal/line_reader.h"
#include "pano/terminal/safe_text.h"

namespace pano::cli {
namespace {

struct ChatOptions {
  LocalSessionOptions session;
  chat::RemoteOptions remote;
  chat::SettingValues settings;
  std::string system, load;
  int64_t timeout_seconds = 600;
  bool no_history = false, commands = false;

  void Declare(OptionSet& options) {
    options.String("url", &remote.url,
                   "Talk to a server with OpenAI's API, and not to a model of this process; --model "
                   "is then one of its names.",
                   "URL");
    options.String("api-key", &remote.api_key,
                   "API key for --url. In the environment (PANO_API_KEY) nobody else sees it.",
                   "KEY");
    options.Int("timeout", &timeout_seconds, 1, 86'400,
                "Time without a byte after which the server of --url has failed.", "SECONDS");
    options.String("system", &system, "System prompt.");
    options.String("load", &load, "Go on with a conversation that /save has written.", "FILE");
    settings.Declare(options);
    session.Declare(options);
    options.Flag("no-history", &no_history,
                 "Read and keep no history of what is entered (~/.local/state/panorama/chat_history).");
    options.Flag("commands", &commands,
                 "Take /commands and @files in piped input, too. Without it each line of a pipe is a "
                 "message as it stands.");
  }
};

Result<std::unique_ptr<chat::Backend>> MakeBackend(ChatOptions& options) {
  if (options.remote.url.empty()) {
    PANO_ASSIGN_OR_RETURN(std::unique_ptr<LocalBackend> local,
                          LocalBackend::Create(options.session));
    return std::unique_ptr<chat::Backend>(std::move(local));
  }
  options.remote.model = options.session.model.path;
  options.remote.timeout = std::chrono::seconds(options.timeout_seconds);
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<chat::RemoteBackend> remote,
                        chat::RemoteBackend::Create(options.remote));
  return std::unique_ptr<chat::Backend>(std::move(remote));
}

Status Prepare(const ChatOptions& options, chat::Chat& chat) {
  if (!options.load.empty()) {
    PANO_ASSIGN_OR_RETURN(chat::SavedChat saved, chat::LoadChat(options.load));
    PANO_RETURN_IF_ERROR(chat.Resume(std::move(saved)));
  }
  if (!options.system.empty()) chat.SetSystem(options.system);
  return {};
}

terminal::Completion Complete(std::string_view before) {
  terminal::Completion out;
  if (chat::IsCommand(before) || before == "/") {
    out.candidates = chat::CommandsWith(before);
    return out;
  }
  const size_t space = before.find_last_of(" \t\n");
  out.begin = space == std::string_view::npos ? 0 : space + 1;
  out.candidates = chat::PathsWith(before.substr(out.begin));
  return out;
}

terminal::History OpenHistory(const ChatOptions& options, chat::Console& console) {
  const std::string path = terminal::StateFile("chat_history");
  if (options.no_history || path.empty()) return {};
  Result<terminal::History> history = terminal::History::Open(path);
  if (history.ok()) return *std::move(history);
  console.Note(terminal::MakeSafe(StrCat("[history: ", history.error().message(), "]")));
  return {};
}

// https://no-color.org
bool WantsColours() { return EnvironmentVariable("NO_COLOR").empty(); }

// A person at a terminal.
Status Converse(ChatOptions& options, chat::Backend& backend, terminal::Tty& tty) {
  chat::TerminalConsole console(tty, WantsColours());
  chat::Chat chat({backend, console}, options.settings);
  PANO_RETURN_IF_ERROR(Prepare(options, chat));
  terminal::History history = OpenHistory(options, console);
  terminal::LineReader reader(tty, {.is_unfinished = chat::IsUnfinished, .complete = Complete});
  terminal::Interrupts interrupts;
  console.Note(StrCat("Talking to ", terminal::MakeSafeLine(backend.model()),
                      ". /help says what can be typed; Ctrl-D leaves."));
  const std::string_view style = WantsColours() ? "\x1b[1m" : "";
  bool keeps_history = true;
  while (console.status().ok()) {
    PANO_ASSIGN_OR_RETURN(const terminal::Line line,
                          reader.Read("> ", style, history.entries()));
    if (line.kind == terminal::Line::Kind::kEnd) return {};
    if (line.kind == terminal::Line::Kind::kInterrupt) {
      if (line.text.empty()) console.Note("[Ctrl-D or /quit leaves]");
      continue;
    }
    if (const Status kept = history.Add(line.text); !kept.ok() && keeps_history) {
      keeps_history = false;  // said once
      console.Note(StrCat("[history: ", kept.message(), "]"));
    }
    const std::stop_token stop = interrupts.Begin();
    const bool goes_on = chat.Take(chat::FinishedText(line.text), stop);
    interrupts.End();
    if (!goes_on) return {};
  }
  return console.status();
}

// A pipe or a file: each line is a message.
Status ReadLines(ChatOptions& options, chat::Backend& backend) {
  chat::PlainConsole console(stdout, stderr);
  chat::Chat chat({backend, console}, options.settings);
  PANO_RETURN_IF_ERROR(Prepare(options, chat));
  // Somebody types although the output goes elsewhere.
  const bool typed = ::isatty(STDIN_FILENO) == 1;
  Status failure;
  std::string line;
  while (true) {
    if (typed && StderrIsTerminal()) std::fputs("> ", stderr);
    if (!std::getline(std::cin, line)) break;
    if (line.ends_with('\r')) line.pop_back();
    if (Trim(line).empty()) continue;
    if (typed || options.commands) {
      if (!chat.Take(line, {})) break;
    } else if (Status status = chat.Say(line, {}); !status.ok()) {
      failure = std::move(status);
    }
    PANO_RETURN_IF_ERROR(console.status());
  }
  return failure.ok() ? Status() : failure.Wrap("a message was not answered");
}

std::string_view HintFor(const ChatOptions& options, const Status& status) {
  if (options.remote.url.empty()) return {};
  if (status.reason() == "certificate") return "SSL_CERT_FILE names the certificates to trust";
  if (status.code() == StatusCode::kUnavailable) return "is a server running there? 'pano serve' starts one";
  return {};
}

Status Execute(ChatOptions& options) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<chat::Backend> backend, MakeBackend(options));
  Result<std::unique_ptr<terminal::Tty>> tty = terminal::Tty::Create();
  if (tty.ok()) return Converse(options, *backend, **tty);
  return ReadLines(options, *backend);
}

}  // namespace

int RunChat(const Command& self, Args args) {
  ChatOptions o;
  OptionSet options;
  o.Declare(options);
  if (auto code = Parse(self, options, args)) return *code;
  MappedFile::SurviveFaults();   // the conversation outlives its model
  Status status = Execute(o);
  return status.ok() ? 0 : Fail(self, status, HintFor(o, status));
}

}  // namespace pano::cli
