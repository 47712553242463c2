#include "base/status.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/strings.h"

namespace pano {
namespace {

TEST(Status, OkIsEmptyAndFailuresCarryCodeTextAndPlace) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "Ok");
  Status s = Corruption("[gguf] bad magic");
  EXPECT_EQ(s.code(), StatusCode::kCorruption);
  EXPECT_EQ(s.ToString().substr(0, 29), "Corruption: [gguf] bad magic ");
  EXPECT_EQ(s.Wrap("a.gguf").message(), "a.gguf: [gguf] bad magic");
  EXPECT_TRUE(Status().Wrap("x").ok());
}

TEST(Status, EveryCodeHasItsHttpStatus) {
  EXPECT_EQ(Describe(StatusCode::kInvalidArgument).http_status, 400);
  EXPECT_EQ(Describe(StatusCode::kExhausted).http_status, 429);
  EXPECT_EQ(Describe(StatusCode::kPermissionDenied).http_status, 403);
  EXPECT_TRUE(Describe(StatusCode::kUnavailable).retryable);
}

TEST(Status, IsOnePointer) { EXPECT_EQ(sizeof(Status), sizeof(void*)); }

TEST(Status, ReasonAndFieldStandBesideTheTextAndOutliveWrapAndCopy) {
  const Status plain = InvalidArgument("too long");
  EXPECT_EQ(plain.reason(), "");
  EXPECT_EQ(plain.field(), "");
  const Status s =
      InvalidArgument("too long").WithReason("context_length_exceeded").WithField("max_tokens");
  EXPECT_EQ(s.message(), "too long");
  const Status wrapped = s.Wrap("texts[0]");
  EXPECT_EQ(wrapped.message(), "texts[0]: too long");
  EXPECT_EQ(wrapped.reason(), "context_length_exceeded");
  EXPECT_EQ(wrapped.field(), "max_tokens");
  // On a status that is kept, the original stays as it was.
  const Status other = s.WithField("prompt").WithReason("empty");
  EXPECT_EQ(other.field(), "prompt");
  EXPECT_EQ(s.field(), "max_tokens");
  EXPECT_EQ(s.reason(), "context_length_exceeded");
  EXPECT_EQ(StrCat(s.ToString().substr(0, s.ToString().rfind('('))),
            "InvalidArgument: too long [reason context_length_exceeded] [field max_tokens] ");
}

TEST(Status, AnOkStatusStaysOkWhateverIsAdded) {
  EXPECT_TRUE(Status().WithReason("r").WithField("f").WithCause(Internal("x")).ok());
  EXPECT_EQ(Status().reason(), "");
  EXPECT_EQ(Status().field(), "");
  EXPECT_EQ(Status().cause(), nullptr);
  EXPECT_EQ(Internal("x").WithCause(Status()).cause(), nullptr);
}

TEST(Status, ACauseIsShownInLogsAndNotInTheText) {
  const Status root = NotFound("a.gguf: cannot open").WithField("model").WithReason("no_file");
  const Status s =
      Status(StatusCode::kUnavailable, "no version loads").WithCause(root).Wrap("host");
  EXPECT_EQ(s.code(), StatusCode::kUnavailable);
  EXPECT_EQ(s.message(), "host: no version loads");
  ASSERT_NE(s.cause(), nullptr);
  EXPECT_EQ(s.cause()->code(), StatusCode::kNotFound);
  EXPECT_EQ(s.cause()->message(), "a.gguf: cannot open");
  EXPECT_EQ(s.cause()->cause(), nullptr);
  // Inherited, unless it has its own.
  EXPECT_EQ(s.field(), "model");
  EXPECT_EQ(s.reason(), "no_file");
  EXPECT_EQ(Internal("x").WithReason("own").WithCause(root).reason(), "own");
  EXPECT_EQ(Internal("x").WithReason("own").WithCause(root).field(), "model");
  const std::string text = s.ToString();
  EXPECT_TRUE(text.starts_with("Unavailable: host: no version loads ")) << text;
  EXPECT_NE(text.find("; caused by NotFound: a.gguf: cannot open "), std::string::npos) << text;
}

TEST(Status, CopiesOwnTheirCauses) {
  Status s = Internal("outer").WithCause(Internal("inner"));
  const Status copy = s;
  s = *s.cause();  // reads from what it replaces
  EXPECT_EQ(s.message(), "inner");
  ASSERT_NE(copy.cause(), nullptr);
  EXPECT_EQ(copy.cause()->message(), "inner");
}

TEST(Status, AChainOfCausesIsBounded) {
  Status s = Internal("0");
  for (int i = 1; i < 1000; ++i) s = Internal(StrCat(i)).WithCause(std::move(s));
  int causes = 0;
  for (const Status* at = s.cause(); at != nullptr; at = at->cause()) ++causes;
  EXPECT_EQ(causes, Status::kCausesMax);
  EXPECT_EQ(s.cause()->message(), "998");  // the nearest ones stay
}

}  // namespace
}  // namespace pano
