#include "pano/chat/chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/memory_env.h"
#include "pano/chat/testing/recording_console.h"
#include "pano/chat/testing/scripted_backend.h"

namespace pano::chat {
namespace {

using ::testing::HasSubstr;

class ChatTest : public ::testing::Test {
 protected:
  bool Take(std::string_view line) { return chat_.Take(line, stop_.get_token()); }
  std::string NotesOf(std::string_view line) {
    console_.TakeNotes();
    EXPECT_TRUE(Take(line));
    return console_.TakeNotes();
  }
  std::string LastAsked() { return json::Dump(backend_.asked.back()); }

  MemoryEnv env_;
  ManualClock clock_;
  ScriptedBackend backend_;
  RecordingConsole console_;
  std::stop_source stop_;
  Chat chat_{{backend_, console_, env_, clock_}, SettingValues()};
};

TEST_F(ChatTest, RemembersWhatWasSaid) {
  Take("one");
  Take("/system Be brief.");
  backend_.steps.push_back({"<think>hm</think>\nTwo."});
  Take("two");
  EXPECT_EQ(console_.TakeAnswers(), "re: one\nTwo.\n");
  Take("three");
  EXPECT_EQ(LastAsked(),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"one"},)"
            R"({"role":"assistant","content":"re: one"},{"role":"user","content":"two"},)"
            R"({"role":"assistant","content":"Two."},{"role":"user","content":"three"}])");
  EXPECT_EQ(chat_.conversation().messages()[3].thinking, "hm");
  EXPECT_THAT(NotesOf("/system"), HasSubstr("Be brief."));
  Take("/system \"\"");
  EXPECT_EQ(chat_.conversation().system(), "");
  EXPECT_FALSE(Take("/quit"));
}

TEST_F(ChatTest, AFailureTakesTheMessageBack) {
  Take("one");
  backend_.steps.push_back({"half an ans", Status(StatusCode::kUnavailable, "gone \x1b[2J")});
  EXPECT_THAT(NotesOf("two"), HasSubstr("not answered: gone \u241b[2J"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  Take("/retry");
  EXPECT_EQ(chat_.conversation().turn_count(), 2u);
  EXPECT_THAT(LastAsked(), HasSubstr("two"));
  // A message behind a failed one is asked alone.
  backend_.steps.push_back({"", Internal("no")});
  Take("three");
  Take("four");
  EXPECT_EQ(LastAsked().find("three"), std::string::npos);
}

TEST_F(ChatTest, AStopKeepsWhatWasSaid) {
  backend_.steps.push_back({"half", {}, "stop", [&] { stop_.request_stop(); }});
  EXPECT_THAT(NotesOf("one"), HasSubstr("[stopped]"));
  EXPECT_EQ(chat_.conversation().messages().back().content, "half");
  stop_ = std::stop_source();
  backend_.steps.push_back({"", {}, "stop", [&] { stop_.request_stop(); }});
  EXPECT_THAT(NotesOf("two"), HasSubstr("/retry"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  stop_ = std::stop_source();
  Take("/retry");
  EXPECT_EQ(chat_.conversation().turn_count(), 2u);
}

TEST_F(ChatTest, RetryAndUndo) {
  EXPECT_THAT(NotesOf("/retry"), HasSubstr("nothing has been asked"));
  EXPECT_THAT(NotesOf("/undo"), HasSubstr("nothing to take back"));
  Take("one");
  backend_.steps.push_back({"other"});
  Take("/retry");
  EXPECT_EQ(chat_.conversation().messages().size(), 2u);
  EXPECT_EQ(chat_.conversation().messages()[1].content, "other");
  backend_.steps.push_back({"", Internal("no")});
  Take("/retry");
  EXPECT_EQ(chat_.conversation().messages()[1].content, "other");  // the old answer stays
  EXPECT_THAT(NotesOf("/undo"), HasSubstr("taken back: one"));
  EXPECT_TRUE(chat_.conversation().empty());
}

TEST_F(ChatTest, AFullContextIsSaid) {
  backend_.context = 30;
  Take("0123456789");  // 10 and 14 bytes of answer
  const std::string notes = NotesOf("0123456789");
  EXPECT_THAT(notes, HasSubstr("34 tokens long"));
  EXPECT_THAT(notes, HasSubstr("/set trim on"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  Take("/set trim on");
  EXPECT_THAT(NotesOf("/retry"), HasSubstr("the oldest 1 turn left out"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  EXPECT_THAT(NotesOf(std::string(40, 'x')), HasSubstr("the last message alone is 40"));
}

TEST_F(ChatTest, AFullContextOfAServerThatDoesNotCount) {
  backend_.counts = false;
  backend_.context = 40;
  Take("0123456789");
  EXPECT_THAT(NotesOf("0123456789abcdef"), HasSubstr("too long; /clear"));
  Take("/set trim on");
  EXPECT_THAT(NotesOf("/retry"), HasSubstr("left out"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  EXPECT_THAT(NotesOf("/tokens"), HasSubstr("36 of 40 tokens of the context with the last answer"));
}

TEST_F(ChatTest, CutAnswersAreSaid) {
  backend_.steps.push_back({"x", {}, "length"});
  EXPECT_THAT(NotesOf("one"), HasSubstr("max-tokens"));
  backend_.context = 20;
  backend_.steps.push_back({std::string(10, 'x'), {}, "length"});
  EXPECT_THAT(NotesOf("/retry"), HasSubstr("[cut"));
  Take("/clear");
  backend_.steps.push_back({std::string(15, 'x'), {}, "length"});
  EXPECT_THAT(NotesOf("four"), HasSubstr("the context of 20 tokens is full"));
  Take("/clear");
  backend_.steps.push_back({std::string(14, 'x')});
  EXPECT_THAT(NotesOf("four"), HasSubstr("18 of 20 tokens"));
}

TEST_F(ChatTest, Commands) {
  EXPECT_THAT(NotesOf("/help"), HasSubstr("/save PATH"));
  EXPECT_THAT(NotesOf("/sav"), HasSubstr("did you mean /save?"));
  EXPECT_THAT(NotesOf("/model"), HasSubstr("talking to one\n  one\n  two"));
  EXPECT_THAT(NotesOf("/model two"), HasSubstr("[now talking to two]"));
  backend_.use_failure = NotFound("no such model");
  EXPECT_THAT(NotesOf("/model three"), HasSubstr("no such model (still talking to two)"));
  EXPECT_THAT(NotesOf("/set temperature 0.5"), HasSubstr("temperature = 0.5"));
  EXPECT_THAT(NotesOf("/set temperature=0.6"), HasSubstr("temperature = 0.6"));
  EXPECT_THAT(NotesOf("/set temperature"), HasSubstr("temperature = 0.6"));
  EXPECT_THAT(NotesOf("/set nothing"), HasSubstr("no setting 'nothing'"));
  EXPECT_THAT(NotesOf("/set stats on"), HasSubstr("stats = on"));
  EXPECT_THAT(NotesOf("abc"), HasSubstr("[3 tokens read, 7 written, first after 500.0 ms, 10.0"));
  EXPECT_THAT(NotesOf("/tokens"), HasSubstr("10 tokens in 1 turn"));
  EXPECT_EQ(backend_.asked.size(), 1u);
  EXPECT_EQ(NotesOf(""), "");
  EXPECT_EQ(NotesOf("  \n"), "");
}

TEST_F(ChatTest, FilesAndEscapes) {
  ASSERT_TRUE(WriteFile("note", "hello", env_).ok());
  EXPECT_THAT(NotesOf("Read @note"), HasSubstr("[note (5 bytes)]"));
  EXPECT_THAT(LastAsked(), HasSubstr("hello"));
  EXPECT_THAT(NotesOf("Read @absent"), HasSubstr("nothing was sent"));
  EXPECT_EQ(backend_.asked.size(), 1u);
  Take("//etc/passwd is a path");
  EXPECT_THAT(LastAsked(), HasSubstr("\"/etc/passwd is"));
  ASSERT_TRUE(chat_.Say("/quit @note", {}).ok());  // what comes from a pipe
  EXPECT_THAT(LastAsked(), HasSubstr("/quit @note"));
}

TEST_F(ChatTest, SaveAndLoad) {
  Take("one");
  Take("/set top-k 3");
  EXPECT_THAT(NotesOf("/save talk.json"), HasSubstr("[1 turn written to talk.json]"));
  Take("/clear");
  Take("/model two");
  EXPECT_THAT(NotesOf("/load talk.json"),
              HasSubstr("[1 turn read; they were with one, now talking to two]"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  EXPECT_EQ(chat_.settings().now().sampling.top_k, 3);
  EXPECT_THAT(NotesOf("/load absent"), HasSubstr("absent"));
  EXPECT_EQ(chat_.conversation().turn_count(), 1u);
  ASSERT_TRUE(WriteFile("precious", "x", env_).ok());
  EXPECT_THAT(NotesOf("/save precious"), HasSubstr("choose another name"));
}

TEST_F(ChatTest, OutputThatCannotBeWrittenIsAFailure) {
  console_.failure = Status(StatusCode::kExhausted, "writing the answer: No space left on device");
  EXPECT_THAT(chat_.Say("one", {}).message(), HasSubstr("No space left"));
}

}  // namespace
}  // namespace pano::chat
