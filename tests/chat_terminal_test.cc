// `pano chat` on a pseudo-terminal, with the starter model and with a server whose answers are known.
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/http/http.h"
#include "base/env.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/threads.h"
#include "tests/testing/terminal_program.h"

namespace pano {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Delta(std::string_view text) {
  return StrCat(R"(data: {"choices":[{"delta":{"content":)", json::Dump(json::Value(text)), "}}]}\n\n");
}

// Echoes the last message; one with "forever N" in it gets tickN without end, one with "hostile" what a
// terminal must not see.
class EchoServer {
 public:
  EchoServer() {
    http::ServerOptions options;
    options.port = 0;
    server_ = std::move(http::Server::Start(options, [this](std::shared_ptr<http::Exchange> e) {
                Answer(std::move(e));
              })).value();
  }
  std::string url() const { return StrCat("http://127.0.0.1:", server_->port()); }
  std::atomic<int> left = 0;  // clients that went before the end

 private:
  void Answer(std::shared_ptr<http::Exchange> e) {
    if (e->request().path == "/v1/models") return e->Respond({200, {}, R"({"data":[{"id":"echo"}]})"});
    const auto body = json::Parse(e->request().body);
    if (!body.ok() || body->Find("messages") == nullptr) return e->Respond({404, {}, ""});
    const std::string text = body->Find("messages")->as_array().back().Find("content")->as_string();
    e->BeginStream(200, {{"Content-Type", "text/event-stream"}});
    if (text.find("forever") != text.npos) {
      e->OnClosed([this] { ++left; });
      return Tick(e, StrCat("tick", text.back(), " "));
    }
    if (text.find("hostile") != text.npos) {
      e->Write(Delta("\x1b]0;owned\x07\x1b[2J\x1b[5n\xc2\x9b" "6n\x05\x0e done"));
    } else if (text.find("think") != text.npos) {
      e->Write(Delta("<think>\nLet me see.\n</think>\n\nYes."));
    } else {
      e->Write(Delta(StrCat("<", text, ">")));
    }
    e->Write("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    e->Finish();
  }
  void Tick(const std::shared_ptr<http::Exchange>& e, const std::string& word) {
    if (!e->Write(Delta(word))) return;
    e->PostAfter(std::chrono::milliseconds(20), [this, e, word] { Tick(e, word); });
  }
  std::unique_ptr<http::Server> server_;
};

class ChatTerminal : public ::testing::Test {
 protected:
  ChatTerminal() {
    ::mkdtemp(folder_.data());
    ::setenv("XDG_STATE_HOME", (folder_ + "/state").c_str(), 1);
  }
  ~ChatTerminal() override { std::filesystem::remove_all(folder_); }

  TerminalProgram::Options WithServer(std::vector<std::string> more = {}) {
    TerminalProgram::Options options;
    options.arguments = {PANO_BINARY, "chat", "--url", server_.url()};
    options.arguments.insert(options.arguments.end(), more.begin(), more.end());
    return options;
  }
  std::string history_path() const { return folder_ + "/state/panorama/chat_history"; }

  std::string folder_ = std::filesystem::temp_directory_path() / "pano_chat_XXXXXX";
  EchoServer server_;
};

constexpr char kCtrlC[] = "\x03", kCtrlD[] = "\x04", kLeft[] = "\x1b[D", kUp[] = "\x1b[A";

TEST_F(ChatTerminal, TalksToTheStarter) {
  if (!FileExists(PANO_SOURCE_DIR "/models/starter/config.json")) GTEST_SKIP() << "no models/starter";
  TerminalProgram program({.arguments = {PANO_BINARY, "chat", "--temperature", "0"}, .environment = {}});
  ASSERT_TRUE(program.Shows("Talking to starter"));
  program.Type("Once upon a time\r");
  ASSERT_TRUE(program.Shows("there was a little girl"));
  ASSERT_TRUE(program.LastLineIs(">"));
  program.Type("/tokens\r");
  ASSERT_TRUE(program.Shows("of 512 tokens of the context in 1 turn"));
  program.Type(kCtrlD);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_TRUE(program.IsCooked());
  EXPECT_EQ(program.screen().unknown_sequences(), 0);
}

TEST_F(ChatTerminal, EditsChineseAndEmoji) {
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.Shows("Talking to echo"));
  program.Type("你好👨‍👩‍👧x");
  ASSERT_TRUE(program.LastLineIs("> 你好👨‍👩‍👧x"));
  EXPECT_EQ(program.screen().cursor_column(), 9);
  program.Type(StrCat(kLeft, "\x7f", kLeft, "们"));  // the family goes at once, then between 你 and 好
  ASSERT_TRUE(program.LastLineIs("> 你们好x"));
  EXPECT_EQ(program.screen().cursor_column(), 6);
  program.Type("\r");
  ASSERT_TRUE(program.Shows("<你们好x>"));
  ASSERT_TRUE(program.LastLineIs(">"));
  program.Type(std::string(60, 'a') + "界世界世界世界世界世界世界");  // more than a row
  ASSERT_TRUE(program.Shows("  世界世界"));
  program.Resize(40);
  ASSERT_TRUE(program.Shows(StrCat("> ", std::string(38, 'a'), "\n  ", std::string(22, 'a'), "界")));
  program.Type(kCtrlC);
  ASSERT_TRUE(program.LastLineIs(">"));
  program.Type(kCtrlD);
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(ChatTerminal, CtrlCStopsTheAnswerAndNotTheProgram) {
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.Shows("Talking to echo"));
  for (int round = 1; round <= 3; ++round) {
    program.Type(StrCat("forever ", round, "\r"));
    ASSERT_TRUE(program.Shows(StrCat("tick", round, " tick", round)));
    program.Type(kCtrlC);
    ASSERT_TRUE(program.Shows("[stopped]", round));
    ASSERT_TRUE(program.LastLineIs(">"));
  }
  program.Type("still there?\r");
  ASSERT_TRUE(program.Shows("<still there?>"));
  program.Type(StrCat("half a line", kCtrlC));  // gives the line up
  ASSERT_TRUE(program.LastLineIs(">"));
  program.Type(kCtrlC);
  ASSERT_TRUE(program.Shows("[Ctrl-D or /quit leaves]"));
  program.Signal(SIGINT);  // with nothing under way
  program.Type("and now?\r");
  ASSERT_TRUE(program.Shows("<and now?>"));
  program.Type(kCtrlD);
  EXPECT_EQ(program.Wait(), 0);
  for (int i = 0; i < 500 && server_.left < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(server_.left, 3);  // the server's work ends too
}

TEST_F(ChatTerminal, HistoryOutlivesTheProgram) {
  {
    TerminalProgram program(WithServer());
    ASSERT_TRUE(program.Shows("Talking to echo"));
    program.Type("你好, first\r");
    ASSERT_TRUE(program.Shows("<你好, first>"));
    program.Type("one\x1b\rtwo\r");
    ASSERT_TRUE(program.Shows("<one\ntwo>"));
    program.Signal(SIGKILL);
    EXPECT_EQ(program.Wait(), -SIGKILL);
  }
  struct stat info;
  ASSERT_EQ(::stat(history_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.Shows("Talking to echo"));
  program.Type(kUp);
  ASSERT_TRUE(program.Shows("> one\n  two"));
  program.Type(StrCat(kUp, kUp));
  ASSERT_TRUE(program.LastLineIs("> 你好, first"));
  program.Type(StrCat(kCtrlC, "\x12" "first\r"));
  ASSERT_TRUE(program.Shows("<你好, first>"));
}

TEST_F(ChatTerminal, HistoryCanBeLeftOut) {
  TerminalProgram program(WithServer({"--no-history"}));
  ASSERT_TRUE(program.Shows("Talking to echo"));
  program.Type("secret\r");
  ASSERT_TRUE(program.Shows("<secret>"));
  program.Type(kCtrlD);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_FALSE(FileExists(history_path()));
}

TEST_F(ChatTerminal, SeveralLines) {
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.Shows("Talking to echo"));
  program.Type("one \\\rtwo\r");
  ASSERT_TRUE(program.Shows("<one\ntwo>"));
  program.Type("\"\"\"\rthree\rfour\r\"\"\"\r");
  ASSERT_TRUE(program.Shows("<three\nfour>"));
  program.Type("\x1b[200~five\rsix\r\x1b[201~ seven\r");  // a paste is one text
  ASSERT_TRUE(program.Shows("<five\nsix\n seven>"));
  program.Type("/sa\t\t/x\x15/ec\t\x15");
  ASSERT_TRUE(program.LastLineIs(">"));
}

TEST_F(ChatTerminal, AHostileModelIsOnlyText) {
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.Shows("Talking to echo"));
  program.Type("hostile\r");
  ASSERT_TRUE(program.Shows("\u241b]0;owned\u2407\u241b[2J\u241b[5n\uFFFD6n\u2405\u240e done"));
  program.Type(kCtrlD);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_EQ(program.screen().unknown_sequences(), 0);
  EXPECT_THAT(program.raw(), Not(HasSubstr("\x1b]")));
  EXPECT_THAT(program.raw(), Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(program.raw(), Not(HasSubstr("\xc2\x9b")));
}

TEST_F(ChatTerminal, FoldsThinking) {
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.Shows("Talking to echo"));
  program.Type("think\r");
  ASSERT_TRUE(program.Shows("[thought for 0 s; /set thinking show shows it]\nYes."));
  EXPECT_THAT(program.screen().Text(), Not(HasSubstr("Let me see.")));
  program.Type("/set thinking show\rthink\r");
  ASSERT_TRUE(program.Shows("Let me see.\n\nYes."));
}

TEST_F(ChatTerminal, ColoursOnlyWhereTheyAreWanted) {
  for (const bool wanted : {true, false}) {
    TerminalProgram::Options options = WithServer();
    if (!wanted) options.environment = {{"NO_COLOR", "1"}};
    TerminalProgram program(options);
    ASSERT_TRUE(program.Shows("Talking to echo"));
    program.Type("hi\r/tokens\r");
    ASSERT_TRUE(program.Shows("this server does not count tokens"));
    program.Type(kCtrlD);
    EXPECT_EQ(program.Wait(), 0);
    EXPECT_EQ(program.raw().find("\x1b[2m") != std::string::npos, wanted);
    EXPECT_EQ(program.raw().find("\x1b[1m") != std::string::npos, wanted);
  }
}

TEST_F(ChatTerminal, TheTerminalIsGivenBack) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    TerminalProgram program(WithServer());
    ASSERT_TRUE(program.Shows("Talking to echo"));
    ASSERT_TRUE(program.LastLineIs(">"));
    EXPECT_FALSE(program.IsCooked());
    program.Signal(signal);
    EXPECT_EQ(program.Wait(), -signal);
    EXPECT_TRUE(program.IsCooked());
    EXPECT_TRUE(program.raw().ends_with("\x1b[?2004l"));
  }
  TerminalProgram program(WithServer());
  ASSERT_TRUE(program.LastLineIs(">"));
  program.Type("half");
  ASSERT_TRUE(program.LastLineIs("> half"));
  program.Type("\x1a");
  ASSERT_TRUE(program.WaitUntilStopped());
  EXPECT_TRUE(program.IsCooked());
  program.Signal(SIGCONT);
  program.Type(" a line\r");
  ASSERT_TRUE(program.Shows("<half a line>"));
}

}  // namespace
}  // namespace pano
