// Templates made to harm: everything ends soon, in a Status.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "base/strings.h"
#include "model/template/testing/render.h"

namespace pano::jinja {
namespace {

std::string Repeat(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string Doubling(std::string_view step) {
  return StrCat("{% set ns = namespace(x=[1], y=[1], s='a') %}{% for i in range(150) %}", step,
                "{% endfor %}");
}

TEST(Sandbox, NoWayIntoPython) {
  for (const char* source :
       {"{{ ''.__class__.__mro__ }}", "{{ [].__class__.__base__ }}",
        "{{ {}.__init__.__globals__ }}", "{{ ''['__class__']['__mro__'] }}",
        "{{ (''|attr('__class__')).x }}", "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ [{}]|map(attribute='__class__.x')|list }}", "{{ range.__globals__.x }}",
        "{{ cycler.__init__.__globals__.os }}", "{{ self.x.y }}"}) {
    const auto rendered = RenderSource(source);
    ASSERT_FALSE(rendered.ok()) << source << " gives " << rendered->text;
    EXPECT_EQ(rendered.error().code(), StatusCode::kInvalidArgument) << source;
  }
  EXPECT_EQ(RenderText("{{ ''.__class__ }}|{{ ''.__class__ is defined }}"), "|False");
}

TEST(Sandbox, NothingChangesInPlace) {
  EXPECT_EQ(RenderText("{{ [1].append(2) }}"),
            "error: access to attribute 'append' of 'list' object is unsafe. (template line 1)");
  EXPECT_EQ(RenderText("{{ {'a': 1}.pop('a') }}"),
            "error: access to attribute 'pop' of 'dict' object is unsafe. (template line 1)");
  EXPECT_EQ(RenderText("{% set x = {'a': 1} %}{% set x.a = 2 %}"),
            "error: cannot assign attribute on non-namespace object");
}

TEST(Sandbox, RenderingIsBounded) {
  Limits limits;
  limits.steps_max = 200'000;           // a tenth of the default, for the sanitizer builds
  for (const std::string& source : {
           std::string(
               "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"),
           std::string("{{ range(1000000000) }}"),
           std::string("{{ 'a' * 1000000000 }}"),
           std::string("{{ ('a' * 10000) * 9223372036854775807 }}"),
           std::string("{{ [0] * 1000000000 }}"),
           std::string("{{ ('a' * 100000).replace('a', 'b' * 100000) }}"),
           std::string("{{ range(100000)|join('a' * 10000) }}"),
           std::string("{{ ('\\n' * 10000)|indent(100000, blank=true) }}"),
           std::string("{{ 'a'|center(10000000000) }}{{ 'a'.zfill(10000000000) }}"),
           std::string("{{ '%1000000000d' % 1 }}"),
           std::string("{{ '{:1000000000}'.format(1) }}"),
           std::string("{{ [1]|tojson(indent=1000000000) }}"),
           std::string("{{ [1]|batch(10000000000, 0)|list }}"),
           std::string("{{ [1]|slice(10000000000)|list }}"),
           Doubling("{% set ns.s = ns.s ~ ns.s %}"),
           Doubling("{% set ns.x = [ns.x, ns.x] %}") + "{{ ns.x }}",
           Doubling("{% set ns.x = [ns.x, ns.x] %}") + "{{ ns.x|tojson }}",
           Doubling("{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}") +
               "{{ ns.x == ns.y }}",
           std::string("{% set ns = namespace(x=1) %}{% for i in range(1000) %}{% set ns.x = "
                       "[ns.x] %}{% endfor %}"),
           std::string("{% set ns = namespace() %}{% set ns.a = ns %}{% set ns.b = ns %}{{ ns }}"),
           std::string("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
           std::string("{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% "
                       "endmacro %}{{ f(40) }}"),
           std::string(
               "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}"),
           std::string("{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}"),
           std::string("{% set t = 'a' * 100000 %}{% for i in range(1000) %}{{ t }}{% endfor %}"),
       }) {
    const auto rendered = RenderSource(source, TestInputs(), limits);
    ASSERT_FALSE(rendered.ok()) << source;
    EXPECT_EQ(rendered.error().code(), StatusCode::kExhausted)
        << source << ": " << rendered.error().message();
  }
}

// Work that was not counted as steps ran for minutes to an hour. Each of these loops over 10^5 elements
// again and again; all end by the count, not by the clock.
TEST(Sandbox, EveryLoopOverElementsCounts) {
  Limits limits;
  limits.cpu_seconds_max = 1e9;
  const std::string list = "{% set l=range(99999)|list %}";
  const std::string strings = "{% set l=range(20000)|map('string')|list %}";
  const std::string dict = "{% set d=dict((range(60000)|map('string')|batch(2)|list)) %}";
  const std::string big = "{% set k=(('a'*100000,)*900) %}{% set d={k: 1} %}";
  const std::string text = "{% set s='\u00e9'*300000 %}";
  for (const std::string& each : {
           list + "{% for i in range(99999) %}{% set x=l|sum %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|sort %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|max %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|unique %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|groupby('x', default=1) %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|map('abs') %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|select %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=[]|select('eq', *l)|list %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=[]|map('abs', *l)|list %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=[]|selectattr('a', 'eq', *l)|list %}{% endfor %}",
           list + "{% set c=cycler(1) %}{% for i in range(99999) %}{% set x=c.next(*l) %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=loop.cycle(*l) %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=cycler(*l) %}{% endfor %}",
           list + "{% macro f() %}{{ varargs|length }}{% endmacro %}{% for i in range(99999) %}{% set x=f(*l) "
                  "%}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l[1:] %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|slice(1)|list %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|batch(99999)|list %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|reverse %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l|join %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=-1 in l %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l.count(-1) %}{% endfor %}",
           list + "{% for i in range(99999) %}{% set x=l == l[:] %}{% endfor %}",
           strings + "{% for i in range(99999) %}{% set x=''.join(l) %}{% endfor %}",
           strings + "{% for i in range(99999) %}{% set x=l|sort(attribute='a,b,c') %}{% endfor %}",
           dict + "{% for i in range(99999) %}{% set x=dict(d) %}{% endfor %}",
           dict + "{% for i in range(99999) %}{% set x=namespace(d) %}{% endfor %}",
           dict + "{% for i in range(99999) %}{% set x=d|dictsort %}{% endfor %}",
           dict + "{% for i in range(99999) %}{% set x=d.items() %}{% endfor %}",
           dict + "{% for i in range(99999) %}{% set x=d|first %}{% endfor %}",
           dict + "{% for i in range(99999) %}{% set x=d == dict(d) %}{% endfor %}",
           dict + "{% macro f() %}{{ kwargs|length }}{% endmacro %}{% for i in range(99999) %}{% set x=f(**d) "
                  "%}{% endfor %}",
           big + "{% for i in range(99999) %}{% set x=k in d %}{% endfor %}",
           big + "{% for i in range(99999) %}{% set x=d[k] %}{% endfor %}",
           big + "{% for i in range(99999) %}{% set x=d.get(k) %}{% endfor %}",
           big + "{% for i in range(99999) %}{% set x={k: 1} %}{% endfor %}",
           text + "{% for i in range(99999) %}{% set x='b' in s %}{% endfor %}",
           text + "{% for i in range(99999) %}{% set x=s.partition('b') %}{% endfor %}",
           text + "{% for i in range(99999) %}{% set x=s[::2] %}{% endfor %}",
           text + "{% for i in range(99999) %}{% set x=s[100000] %}{% endfor %}",
           text + "{% for i in range(99999) %}{% set x=s|wordcount %}{% endfor %}",
           std::string("{% for i in range(99999) %}{% for j in range(99) %}{% set x='%.999f' % 1.5 %}{% endfor "
                       "%}{% endfor %}"),
           std::string("{% set r=range(2**62, 2**62+100000) %}{% for i in range(150) %}{% set x=r|unique %}"
                       "{% endfor %}"),
       }) {
    const auto rendered = RenderSource(each, TestInputs(), limits);
    ASSERT_FALSE(rendered.ok()) << each;
    EXPECT_EQ(rendered.error().code(), StatusCode::kExhausted)
        << each << ": " << rendered.error().message();
  }
}

// Integers above 9e15 once had the hashes of their doubles: 10^5 of them collided.
TEST(Sandbox, LargeIntegersDoNotCollide) {
  EXPECT_EQ(RenderText("{{ range(2**62, 2**62+99999)|unique|list|length }}"), "99999");
  EXPECT_EQ(RenderText("{{ {1: 'a'}[1.0] }} {{ {2**53: 'a'}[2.0**53] }} {{ 2**62+1 == 2.0**62 }} "
                       "{{ 2**62 == 2.0**62 }} {{ 1.5 == 1 }}"),
            "a a False True False");
}

// A limit may be met at any step: a formatted number once dereferenced the text that there was no step
// left to make.
TEST(Sandbox, EveryStepMayBeTheLast) {
  const std::string source =
      "{% set l = ['b', 'a', 'C'] %}{% set d = {'x': 1, 'y': [2, 3]} %}{% set t = ' a\u00e9 b\n c ' %}"
      "{{ '%5.2f|%-4d|%x|%s|%r' % (1.5, 2, 255, 'a', l) }}{{ '{:>8,.2f}{!r:^9}{x}'.format(1234.5, 'q', x=1) }}"
      "{{ l|sort|join(', ') }}{{ l|map('upper')|list }}{{ l|unique|list }}{{ l|max }}{{ d|dictsort }}"
      "{{ d|tojson(indent=2, sort_keys=true) }}{{ d.items()|list }}{{ l|groupby(0)|list }}{{ [1, 2]|sum }}"
      "{{ t|trim|indent(2)|center(30) }}{{ t.split() }}{{ t.rsplit('a', 1) }}{{ t.splitlines() }}"
      "{{ t.partition('b') }}{{ t.replace('a', 'x')|title }}{{ t[::-1] }}{{ t[2:5] }}{{ 'z'.zfill(5) }}"
      "{{ t|truncate(3, true) }}{{ t|wordcount }}{{ '<a>'|e }}{{ 3.14159|round(2) }}{{ '12'|int }}"
      "{{ l|batch(2, 'f')|list }}{{ l|slice(2, 'f')|list }}{{ 'a' in t }}{{ l == ['b'] }}{{ d == d }}"
      "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, q=4) }}"
      "{% set c = cycler(1, 2) %}{{ c.next() }}{% set ns = namespace(a=1) %}{% set ns.b = t ~ t %}{{ ns }}"
      "{% for k, v in d.items() if k recursive %}{{ loop.index }}{{ loop.cycle(1, 2) }}{{ k }}{% endfor %}"
      "{% filter upper %}a{% endfilter %}{{ dict(d, z=3) }}{{ 'a' * 3 ~ [1] * 2 }}{{ l|select('eq', 'a')|list }}";
  ASSERT_TRUE(RenderSource(source).ok()) << RenderText(source);
  Limits limits;
  for (limits.steps_max = 0; limits.steps_max < 3000; ++limits.steps_max) {
    const auto rendered = RenderSource(source, TestInputs(), limits);
    if (rendered.ok()) return;
    ASSERT_EQ(rendered.error().code(), StatusCode::kExhausted) << limits.steps_max;
  }
  FAIL() << "needs more steps than thought";
}

TEST(Sandbox, TimeAndCancellationEndARendering) {
  Limits limits;
  limits.cpu_seconds_max = 0;
  const std::string loop = "{% for i in range(90000) %}{% endfor %}";
  auto rendered = RenderSource(loop, TestInputs(), limits);
  ASSERT_FALSE(rendered.ok());
  EXPECT_EQ(rendered.error().code(), StatusCode::kExhausted);
  std::atomic<bool> cancelled{true};
  ChatInputs inputs = TestInputs();
  inputs.cancelled = &cancelled;
  rendered = RenderSource(loop, inputs);
  ASSERT_FALSE(rendered.ok());
  EXPECT_EQ(rendered.error().code(), StatusCode::kCancelled);
}

TEST(Sandbox, NestingIsBounded) {
  constexpr size_t kMany = 50'000;
  for (const std::string& source :
       {"{{ " + Repeat("(", kMany), "{{ " + Repeat("[", kMany), "{{ " + Repeat("{1:", kMany),
        "{{ " + Repeat("not ", kMany) + "1 }}", "{{ " + Repeat("-", kMany) + "1 }}",
        "{{ a" + Repeat(".b", kMany) + " }}", "{{ a" + Repeat("|e", kMany) + " }}",
        "{{ a" + Repeat("()", kMany) + " }}", "{{ a" + Repeat("[0]", kMany) + " }}",
        "{{ a" + Repeat("[b", kMany), "{{ f" + Repeat("(f", kMany), Repeat("{% if 1 %}", kMany),
        Repeat("{% for x in y %}", kMany), Repeat("{% macro f() %}", kMany),
        "{{ " + Repeat("1 if 1 else ", kMany) + "1 }}", "{{ 1" + Repeat(" if 1", kMany) + " }}",
        "{% set " + Repeat("(", kMany) + "a"}) {
    EXPECT_FALSE(ChatTemplate::Parse(source).ok()) << source.substr(0, 40);
  }
  // Chains that do not nest are fine.
  EXPECT_EQ(RenderText("{{ 0" + Repeat("+1", 1000) + " }}"), "1000");
  EXPECT_EQ(RenderText("{% if 0 %}" + Repeat("{% elif 0 %}", 1000) + "{% else %}x{% endif %}"),
            "x");
}

TEST(Sandbox, LimitsAreTheCallers) {
  Limits limits;
  limits.source_bytes_max = 10;
  EXPECT_EQ(RenderSource("{{ 1 + 2 + 3 }}", TestInputs(), limits).error().code(),
            StatusCode::kExhausted);
  limits = {};
  limits.output_bytes_max = 5;
  EXPECT_EQ(RenderText("12345", TestInputs(), limits), "12345");
  EXPECT_EQ(RenderSource("123456", TestInputs(), limits).error().code(), StatusCode::kExhausted);
  limits = {};
  limits.steps_max = 1000;
  EXPECT_EQ(
      RenderSource("{% for i in range(1000) %}{% endfor %}", TestInputs(), limits).error().code(),
      StatusCode::kExhausted);
  limits = {};
  limits.memory_bytes_max = 1000;
  EXPECT_EQ(RenderSource("{{ 'a' * 1000 }}", TestInputs(), limits).error().code(),
            StatusCode::kExhausted);
}

TEST(Sandbox, SearchingIsLinear) {
  // A plain search would compare 10^12 bytes.
  const std::string setup = "{% set t = ('a' * 1000) * 2000 %}{% set n = t[:1000000] %}";
  EXPECT_EQ(
      RenderText(setup +
                 "{{ n ~ 'b' in t }} {{ t.rfind('b' ~ n) }} {{ t.replace(n ~ 'b', '')|length }}"),
      "False -1 2000000");
}

TEST(Sandbox, CyclesAreFreed) {
  // The leak checker of the sanitizer build looks at these.
  EXPECT_EQ(
      RenderText(
          "{% set ns = namespace() %}{% set ns.self = [ns] %}{% macro f() %}{{ f }}{% endmacro %}"
          "{% set ns.f = f %}{% for i in [1] %}{% set l = loop %}{% set ns.l = loop %}"
          "{{ loop.changed(loop) }}{% endfor %}"),
      "True");
}

TEST(Sandbox, ExtremeNumbers) {
  EXPECT_EQ(RenderText("{{ 'abc'[::9223372036854775807] }}{{ [1, 2][::-9223372036854775807] }}"),
            "a[2]");
  EXPECT_EQ(RenderText("{{ 'abc'[-9223372036854775807:9223372036854775807] }}"), "abc");
  EXPECT_EQ(RenderText(
                "{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775807)|list }}"),
            "[-9223372036854775807, 0]");
  EXPECT_EQ(RenderText("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
  for (const char* source :
       {"9223372036854775807 + 1", "(-9223372036854775807 - 1) // -1", "10 ** 20",
        "-(-9223372036854775807 - 1)", "(-9223372036854775807 - 1)|abs"}) {
    EXPECT_FALSE(RenderSource(StrCat("{{ ", source, " }}")).ok()) << source;
  }
}

}  // namespace
}  // namespace pano::jinja
