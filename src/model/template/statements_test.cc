// Blocks, macros and white space control.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "model/template/testing/render.h"

namespace pano::jinja {
namespace {

struct Row {
  std::string_view source;
  std::string_view expected;
};

constexpr Row kStatements[] = {
    {"{% for x in missing %}a{% else %}empty{% endfor %}", "empty"},
    {"{{ {'a':1,'b':2} | items | list }} {{ missing | items | list }} {% for k, v in {'a':1} | "
     "items %}{{ k }}{{ v }}{% endfor %}",
     "[('a', 1), ('b', 2)] [] a1"},
    {"{% set a = 1 %}{{ a }}{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = (1, 2) %}{{ c }}{% set d "
     "= 1, 2 %}{{ d }}{% set (e, f) = [3, 4] %}{{ e }}{{ f }}",
     "112(1, 2)(1, 2)34"},
    {"{% set x %}block {{ 1 + 1 }}{% endset %}[{{ x }}]{% set y | upper %}abc{% endset %}{{ y }}{% "
     "set z | replace('a', 'b') | upper %}aa{% endset %}{{ z }}",
     "[block 2]ABCBB"},
    {"{% for i in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 "
     "}}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ "
     "loop.cycle('a', 'b') }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.changed(i) }};{% endfor %}",
     "1032TrueFalse32a10True;2121FalseFalse313b10True;3210FalseTrue32a10True;"},
    {"{% for i in [1,2,3,4] if i is even %}{{ i }}{{ loop.last }}{% endfor %} {% for i in [] %}x{% "
     "else %}none{% endfor %} {% for i in [1] if false %}x{% else %}none{% endfor %} {% for i in "
     "range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i "
     "}}{% endfor %}",
     "2False4True none none 02"},
    {"{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }}{{ ',' if not loop.last }}{% endfor "
     "%} {% for k in {'a': 1} %}{{ k }}{% endfor %} {% for c in 'héy' %}[{{ c }}]{% endfor %} {% "
     "for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %} {% for x in 1, 2 %}{{ x "
     "}}{% endfor %}",
     "a=1,b=2 a [h][é][y] 123 12"},
    {"{% set x = 1 %}{% for i in [1,2] %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }} {% set ns = "
     "namespace(x=1) %}{% for i in [1,2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }} {{ ns.y "
     "is defined }} {% if true %}{% set x = 5 %}{% endif %}{{ x }}",
     "221 4 False 5"},
    {"{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }} {{ ns }} {% set "
     "ns.c = [1] %}{{ ns.c }}",
     "121 <Namespace {'a': 1, 'b': 2}> [1]"},
    {"{% macro f(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ "
     "f(a=1, c=5) }}{{ f() }}{{ f(b=1, a=2) }}",
     "1-2-x;1-3-x;1-2-5;-2-x;2-1-x;"},
    {"{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, x=3) }}", "(1, 2){'x': 3}"},
    {"{% macro box(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call box('b') %}body {{ "
     "1 + 1 }}{% endcall %} {% macro each(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% "
     "endmacro %}{% call(x) each([1, 2]) %}[{{ x }}]{% endcall %}",
     "<b>body 2</b> [1][2]"},
    {"{% filter upper %}abc {{ 'def' }}{% endfilter %} {% filter trim | upper %}  x  {% endfilter "
     "%} {% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }} {% with %}{% set q = 1 %}{{ q }}{% "
     "endwith %}{{ q }} {% generation %}gen{% set r = 1 %}{{ r }}{% endgeneration %}{{ r }}",
     "ABC DEF X 3 1 gen1"},
    {"{% raw %}{{ x }} {% if %} {# c #}{% endraw %} {%- raw -%}  a  {%- endraw -%} b {# comment "
     "#}c{#- c -#} d",
     "{{ x }} {% if %} {# c #}ab cd"},
    {"{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% "
     "set j = joiner('|') %}{{ j() }}a{{ j() }}b{% set j2 = joiner() %}{{ j2() }}{{ j2() }}",
     "ababa|b, "},
    {"{% if 0 %}a{% elif '' %}b{% elif [] %}c{% elif {} %}d{% elif none %}e{% else %}f{% endif %} "
     "{% if 1, 2 %}tuple{% endif %}",
     "f tuple"},
    {"{{ f(*[1, 2], **{'c': 3}) if f is defined }} {% macro g(a, b, c) %}{{ a }}{{ b }}{{ c }}{% "
     "endmacro %}{{ g(*[1, 2], **{'c': 3}) }} {{ g(1, *[2, 3]) }}",
     " 123 123"},
    {"a {{- ' b ' -}} c {{ 'd' }}", "a b c d"},
    {"{{ 1 -}}   x {{- 2 }}", "1x2"},
    {"{%- if true -%}   y   {%- endif -%} z", "yz"},
    {"{% for g, xs in [{'k':'a','v':1},{'k':'b','v':2},{'k':'a','v':3}] | groupby('k') %}{{ g "
     "}}:{{ xs | map(attribute='v') | list }};{% endfor %}",
     "a:[1, 3];b:[2];"},
    {"{{ loop }}|{% for x in [1] %}{% for y in [1] %}{{ loop.index }}{% endfor %}{{ loop.index "
     "}}{% endfor %}",
     "|11"},
    {"{% set x = [] %}{% set x = x + [1] %}{{ x }} {% set ns = namespace(l=[]) %}{% for i in "
     "range(3) %}{% set ns.l = ns.l + [i * 2] %}{% endfor %}{{ ns.l }} {{ ns.l[-1] }}",
     "[1] [0, 2, 4] 4"},
    {"{% print 'x' %} {% print(1, 2) %}", "x (1, 2)"},
    {"{% set a = 'x' if true else 'y' %}{{ a }} {% set f = 'a' is string %}{{ f }} {{ ('a' ~ 'b') "
     "| upper }} {{ 'a' ~ 'b' | upper }} {{ 'b' + 'c' | upper }}",
     "x True AB aB bC"},
    {"{{ ([1,2] | map('string')) is sequence }} {{ ([1] | map('string')) is iterable }} {% set m = "
     "[1,2] | map('string') %}{{ m | list }}{{ m | list }} {{ ([] | select) and true }} {% if [] | "
     "select %}T{% endif %}",
     "False True ['1', '2'][] True T"},
};

constexpr Row kWhiteSpace[] = {
    {"  {% if true %}\n  x\n  {% endif %}\ny\n", "  x\ny"},
    {"a\n  {{ 1 }}\n  {# c #}\nb", "a\n  1\nb"},
    {"  {%+ if true %} x {% endif +%}\n y", "   x \n y"},
    {"{% if true -%}\n\n  x\n\n{%- endif %}\n\n z", "x\n z"},
    {"\n{% for i in [1,2] %}\n {{ i }}\n{% endfor %}\n", "\n 1\n 2\n"},
    {"{{ 1 }}\n", "1"},
    {"{{ 1 }}\n\n", "1\n"},
    {"x   {% set a=1 %}   \n  y", "x      \n  y"},
    {"\t{% set a=1 %}\t\n\ty", "\t\n\ty"},
    {"{% raw %}\n  {{ x }}\n  {% endraw %}\n z", "\n  {{ x }}\n z"},
    {"  {% raw %}x{% endraw %}\n", "x"},
    {"a {#- c -#}  \n b", "ab"},
    {"{#+ c +#}\n b", "\n b"},
    {"  {#+ c #}\n b", "   b"},
    {"\n\n{%- set x = 1 -%}\n\n", ""},
    {"{{ '{{' }} {{ '}}' }} {{ {'a': {'b': 1}}['a'] }} {{ {'a':{}} }}", "{{ }} {'b': 1} {'a': {}}"},
    {"{{ {'a': 1}}}", "{'a': 1}"},
    {"{%set x=1%}{{x}}", "1"},
    {"{%- if 1 -%}a{%- else -%}b{%- endif -%}", "a"},
    {"  {%- set x = 1 %}  \n  a  {%- set y = 2 +%}\n", "  \n  a"},
    {"a\n\n  \n {% if 1 %}b{% endif %}", "a\n\n  \nb"},
    {"{% if 1 %}\n\n{% endif %}", "\n"},
    {"{{ 1 }}  \n  {% set x = 1 %}", "1  \n"},
    {"x{{ 1 }}   {% set x = 1 %}\n", "x1   "},
    {"{{- 1 }} {{ 2 -}} \n {{+ 3 }}", "1 23"},
    {"{# multi\nline #}\nx", "x"},
    {" {% set x=1 %}z", "z"},
    {"x\n {{ 1 }} {% set y=2 %}\nz", "x\n 1 z"},
    {"{ { a } } {% raw %}{%endraw%}{%raw%}a{%  endraw  -%}  b", "{ { a } } ab"},
    {"{{ 'a' }}{% raw -%}  x  {%- endraw %}", "ax"},
    {"{% for x in [1,2,3] -%}\n  {{ x }}\n{%- endfor %}", "123"},
    {"   \n  {%- if 1 %}\n  t\n  {% endif -%}\n  u", "  t\nu"},
};

constexpr Row kSyntaxErrors[] = {
    {"{{ 1 + }}", "template line 1: unexpected '}}'"},
    {"a\nb\n{{ 'abc }}", "template line 3: a string does not end"},
    {"{% if true %}", "template line 1: the template ends where 'endif' was due"},
    {"\n{% foo %}", "template line 2: unknown tag 'foo'"},
    {"{% endif %}", "template line 1: unknown tag 'endif'"},
    {"{% include 'x' %}", "template line 1: unknown tag 'include'"},
    {"{{ [1, 2 }}", "template line 1: unexpected '}', expected ']'"},
    {"{# note", "template line 1: a comment does not end"},
    {"{% raw %} {{ x }}", "template line 1: a raw block does not end"},
    {"{% break %}", "template line 1: 'break' outside of a loop"},
    {"{% for x in y %}{% macro f() %}{% continue %}{% endmacro %}{% endfor %}",
     "template line 1: 'continue' outside of a loop"},
    {"{% set none = 2 %}", "template line 1: a constant cannot be assigned to"},
    {"{{ f(a=1, 2) }}", "template line 1: invalid syntax for function call expression"},
    {"{{ '\\x4' }}", "template line 1: an escape in a string is cut short"},
    {"{{ 99999999999999999999 }}", "template line 1: an integer is out of range"},
    {"{{ a ? b }}", "template line 1: unexpected character '?'"},
    {"{{ x", "template line 1: a tag does not end"},
    {"\xff", "the template is not UTF-8"},
};

TEST(Statements, DoWhatJinjaDoes) {
  for (const Row& row : kStatements) EXPECT_EQ(RenderText(row.source), row.expected) << row.source;
}

TEST(WhiteSpace, TrimBlocksAndLstripBlocks) {
  for (const Row& row : kWhiteSpace) EXPECT_EQ(RenderText(row.source), row.expected) << row.source;
}

TEST(Statements, BadSourceIsCorruptionWithItsLine) {
  for (const Row& row : kSyntaxErrors) {
    const auto parsed = ChatTemplate::Parse(row.source);
    ASSERT_FALSE(parsed.ok()) << row.source;
    EXPECT_EQ(parsed.error().code(), StatusCode::kCorruption);
    EXPECT_EQ(parsed.error().message(), row.expected);
  }
}

TEST(Statements, RecursiveLoopsRunThemselves) {
  const ChatInputs inputs = TestInputs(R"({"tree":[{"n":1,"c":[{"n":2},{"n":3}]},{"n":4}]})");
  EXPECT_EQ(
      RenderText("{% for x in tree recursive %}{{ x.n }}@{{ loop.depth }}"
                 "{% if x.c %}({{ loop(x.c) }}){% endif %}{{ ',' if not loop.last }}{% endfor %}",
                 inputs),
      "1@1(2@2,3@2),4@1");
}

TEST(Statements, ErrorsNameTheLine) {
  EXPECT_EQ(RenderText("a\n\n{{ missing.x }}"), "error: 'missing' is undefined (template line 3)");
  EXPECT_EQ(RenderText("{{ raise_exception('as it is') }}"), "error: as it is");
}

}  // namespace
}  // namespace pano::jinja
