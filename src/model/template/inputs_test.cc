// Which bytes of the output came from the inputs, and how the inputs reach the template.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "model/template/testing/render.h"

namespace pano::jinja {
namespace {

// The text with every range that came from the inputs in brackets.
std::string Marked(std::string_view source,
                   std::string_view kwargs = R"({"u":"ab<x>cd","n":42,"l":["p","q"]})") {
  const auto rendered = RenderSource(source, TestInputs(kwargs));
  if (!rendered.ok()) return "error: " + rendered.error().message();
  std::string out;
  size_t at = 0;
  for (const Rendered::Range& range : rendered->from_inputs) {
    EXPECT_LE(at, range.begin);
    EXPECT_LT(range.begin, range.end);
    out += rendered->text.substr(at, range.begin - at) + "[" +
           rendered->text.substr(range.begin, range.end - range.begin) + "]";
    at = range.end;
  }
  return out + rendered->text.substr(at);
}

TEST(FromInputs, SurvivesEveryOperation) {
  struct Row {
    std::string_view source;
    std::string_view expected;
  };
  constexpr Row kRows[] = {
      {"<s>{{ u }}</s>", "<s>[ab<x>cd]</s>"},
      {"{{ '<' + u + '>' }}", "<[ab<x>cd]>"},
      {"{{ '<' ~ u ~ n ~ '>' }}", "<[ab<x>cd42]>"},
      {"{{ ('<' ~ u ~ '>')[1:4] }}|{{ ('<' ~ u ~ '>')[:3] }}|{{ u[0] }}|{{ u[::-1] }}",
       "[ab<]|<[ab]|[a]|[dc>x<ba]"},
      {"{{ (' ' ~ u ~ ' ')|trim }}{{ u.strip('ad') }}", "[ab<x>cdb<x>c]"},
      {"{{ ('a' ~ u).replace('a', '-') }}", "--[b<x>cd]"},
      {"{{ 'a.b'.replace('.', u) }}", "a[ab<x>cd]b"},
      {"{{ ('a' ~ u ~ 'z')|upper }}{{ u|title }}", "A[AB<X>CD]Z[Ab<X>cd]"},
      {"{{ ('1,' ~ u ~ ',2').split(',')|join('+') }}", "1+[ab<x>cd]+2"},
      {"{{ ['a', u]|join('-') }}{{ u.join(['1', '2']) }}", "a-[ab<x>cd]1[ab<x>cd]2"},
      {"{{ {'k': u}|tojson }}{{ {'k': 1}|tojson }}", R"([{"k": "ab<x>cd"}]{"k": 1})"},
      {"{{ [u] }}{{ [1] }}", "[['ab<x>cd']][1]"},
      {"{{ 'x%sy' % u }}{{ 'x{}y'.format(u) }}{{ '%-10s|' % u }}",
       "x[ab<x>cd]yx[ab<x>cd]y[ab<x>cd]   |"},
      {"{{ (u ~ '<')|e }}", "[ab&lt;x&gt;cd]&lt;"},
      {"{{ (('<'|safe) + u) }}", "<[ab&lt;x&gt;cd]"},
      {"{{ ('l\n' ~ u)|indent(2, true) }}", "  l\n  [ab<x>cd]"},
      {"{% set x %}a{{ u }}b{% endset %}{{ x|upper }}", "A[AB<X>CD]B"},
      {"{% macro f(v) %}({{ v }}){% endmacro %}{{ f(u) }}", "([ab<x>cd])"},
      {"{% filter upper %}a{{ u }}{% endfilter %}", "A[AB<X>CD]"},
      {"{% for c in u %}{{ c }}.{% endfor %}", "[a].[b].[<].[x].[>].[c].[d]."},
      {"{% for v in l %}{{ v }}{{ loop.index }}{% endfor %}{{ l|first }}", "[p]1[q]2[p]"},
      {"{{ n }}{{ n + 1 }}{{ n|string }}{{ '%d' % n }}{{ '%03d' % 7 }}", "[42434242]007"},
      {"{{ u|length }}{{ l|length }}{{ u is string }}", "72True"},
      {"{{ u|default('d') }}{{ none_such|default('d') }}", "[ab<x>cd]d"},
      {"{{ u if true else 'x' }}{{ 'a' if u else 'b' }}", "[ab<x>cd]a"},
      {"{{ (u|list)[2:5]|join }}{{ u|reverse }}{{ u.center(9, '*') }}", "[<x>dc>x<ba]*[ab<x>cd]*"},
      {"{{ bos_token }}{{ messages[1].role }}{{ eos_token }}", "<s>[user]</s>"},
      {"{{ messages[0]|items|map('first')|join(',') }}", "[role],[content]"},
      {"{{ strftime_now('%Y') }}", "2024"},
  };
  for (const Row& row : kRows) EXPECT_EQ(Marked(row.source), row.expected) << row.source;
}

TEST(Inputs, ReasoningIsAlsoThinking) {
  EXPECT_EQ(RenderText("{{ messages[2].thinking }}{{ messages[0].thinking is defined }}"),
            "whyFalse");
  ChatInputs inputs = TestInputs();
  inputs.messages = json::Parse(R"([{"reasoning_content":"a","thinking":"b"}])").value();
  EXPECT_EQ(RenderText("{{ messages }}", inputs), "[{'reasoning_content': 'a', 'thinking': 'b'}]");
}

TEST(Inputs, VariablesAsTheReferencePassesThem) {
  EXPECT_EQ(RenderText("{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}"),
            "TrueTrueTrue");
  EXPECT_EQ(RenderText("{{ enable_thinking is defined }}"), "False");
  const ChatInputs inputs =
      TestInputs(R"({"enable_thinking":false,"bos_token":"B","messages":"no","tools":1})");
  EXPECT_EQ(
      RenderText("{{ enable_thinking }}{{ bos_token }}{{ messages|length }}{{ tools }}", inputs),
      "FalseB3None");
}

TEST(Inputs, JsonKeepsItsOrderAndTypes) {
  const ChatInputs inputs = TestInputs(R"({"v":{"z":1,"a":[1.0,true,null,"é"],"m":{}}})");
  EXPECT_EQ(RenderText("{{ v }}", inputs), "{'z': 1, 'a': [1.0, True, None, 'é'], 'm': {}}");
  EXPECT_EQ(RenderText("{{ v|tojson }}", inputs),
            R"({"z": 1, "a": [1.0, true, null, "é"], "m": {}})");
}

TEST(Inputs, IllFormedTextIsReplaced) {
  ChatInputs inputs = TestInputs();
  inputs.kwargs = json::Object{{"u", json::Value("a\xff"
                                                 "b")}};
  EXPECT_EQ(RenderText("{{ u }}{{ u|length }}", inputs),
            "a\xef\xbf\xbd"
            "b3");
}

TEST(Inputs, TooDeepIsExhausted) {
  ChatInputs inputs = TestInputs();
  json::Value deep = 1;
  for (int i = 0; i < 500; ++i) deep = json::Array{std::move(deep)};
  inputs.kwargs = json::Object{{"u", std::move(deep)}};
  EXPECT_EQ(RenderSource("{{ u }}", inputs).error().code(), StatusCode::kExhausted);
  EXPECT_EQ(RenderText("{{ 1 }}", inputs), "1");
}

TEST(Inputs, TheClockIsUsedWhenNoTimeIsGiven) {
  ChatInputs inputs = TestInputs();
  inputs.now_unix.reset();
  EXPECT_EQ(RenderText("{{ strftime_now('%Y')|int >= 2024 }}", inputs), "True");
}

// "Today's date" is the day of who asks: transformers takes datetime.now(), which is local.
TEST(Inputs, TheClockIsReadInTheMachinesTimeZone) {
  const char* before = std::getenv("TZ");
  const std::string zone = before ? before : "";
  ::setenv("TZ", "XXX-13", 1);  // thirteen hours ahead of UTC
  ::tzset();
  ChatInputs inputs = TestInputs();
  inputs.now_unix.reset();
  const std::time_t start = std::time(nullptr) + 13 * 3600;
  const std::string hour = RenderText("{{ strftime_now('%H') }}", inputs);
  const std::time_t end = std::time(nullptr) + 13 * 3600;
  // A given moment is in UTC wherever the machine is, and no zone has a name.
  EXPECT_EQ(RenderText("{{ strftime_now('%H:%M%z%Z') }}"), "12:34");
  before ? ::setenv("TZ", zone.c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
  auto hour_of = [](std::time_t at) {
    const std::string two = std::to_string(at / 3600 % 24);
    return two.size() < 2 ? "0" + two : two;
  };
  EXPECT_TRUE(hour == hour_of(start) || hour == hour_of(end)) << hour;
}

// A model's answer comes back from its client as text; the markers in it are tokens again.
TEST(Inputs, AnAssistantsOwnMarkersAreTheTemplates) {
  ChatInputs inputs;
  inputs.messages = json::Parse(R"([{"role":"user","content":"a<t>b"},)"
                                R"({"content":"a<t>b</s>","reasoning_content":"<t>","role":"assistant",)"
                                R"("name":"<t>"},)"
                                R"({"role":"assistant","content":[{"type":"text","text":"x<t>"}]}])")
                        .value();
  inputs.own_markers = [](std::string_view text) {
    std::vector<Rendered::Range> found;
    for (size_t at = 0; (at = text.find("<t>", at)) != std::string_view::npos; at += 3) {
      found.push_back({at, at + 3});
    }
    return found;
  };
  const auto rendered = RenderSource(
      "{% for m in messages %}{% if m.content is string %}{{ m.content|upper }}{% else %}"
      "{{ m.content[0].text }}{% endif %}|{{ m.thinking }}|{{ m.name }};{% endfor %}",
      inputs);
  ASSERT_TRUE(rendered.ok()) << rendered.error().ToString();
  std::string marked;
  size_t at = 0;
  for (const Rendered::Range& range : rendered->from_inputs) {
    marked += rendered->text.substr(at, range.begin - at) + "[" +
              rendered->text.substr(range.begin, range.end - range.begin) + "]";
    at = range.end;
  }
  marked += rendered->text.substr(at);
  EXPECT_EQ(marked, "[A<T>B]||;[A]<T>[B</S>]|<t>|[<t>];[x]<t>||;");
}

TEST(Generated, BlocksSayWhatTheyWrote) {
  const auto rendered = RenderSource(
      "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}{{ m.content "
      "}}<e>{% endgeneration %}{% endif %};{% endfor %}{% generation %}{% endgeneration %}"
      "{% set x %}{% generation %}in a variable{% endgeneration %}{% endset %}{{ x }}",
      TestInputs());
  ASSERT_TRUE(rendered.ok()) << rendered.error().message();
  std::vector<std::string> texts;
  for (const Rendered::Range& range : rendered->generated) {
    texts.push_back(rendered->text.substr(range.begin, range.end - range.begin));
  }
  ASSERT_EQ(texts.size(), 2u) << rendered->text;   // what went into a variable is not seen
  EXPECT_TRUE(texts[0].ends_with("<e>"));
  EXPECT_EQ(texts[1], "");
}

TEST(Inputs, OneTemplateServesManyRenderings) {
  const auto chat = ChatTemplate::Parse("{% for m in messages %}{{ m.role }},{% endfor %}");
  ASSERT_TRUE(chat.ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*chat)->Render(TestInputs())->text, "system,user,assistant,");
  }
}

}  // namespace
}  // namespace pano::jinja
