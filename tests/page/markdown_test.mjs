// The page's Markdown, run by node over a DOM of a few lines: which elements come out, that text stays
// text whatever it says, and that no input takes long.  node markdown_test.mjs PAGE
import {readFileSync} from 'node:fs';

const page = readFileSync(process.argv[2], 'utf8');
const source = page.slice(page.indexOf('// ---- Markdown ----'), page.indexOf('// ---- end of Markdown ----'));

class Element {
  constructor(name) { this.tagName = name.toUpperCase(); this.children = []; }
  append(child) { this.children.push(child); }
  set textContent(text) { this.children = [String(text)]; }
  get lastElementChild() { return this.children.filter((c) => c instanceof Element).at(-1); }
  toString() {
    const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    const href = this.href ? ` href="${this.href}"` : '';
    return `<${this.tagName.toLowerCase()}${href}>${this.children.map((c) => c instanceof Element ? c : escaped(c)).join('')}</>`;
  }
}
const document = {createElement: (name) => new Element(name)};
function make(name, parent, text) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}
const {markdown, parts} = new Function('make', source + '; return {markdown, parts};')(make);

let failures = 0;
function check(what, got, wanted) {
  if (got === wanted) return;
  failures++;
  console.log(`FAILED ${JSON.stringify(what)}\n  is      ${got}\n  wanted  ${wanted}`);
}
function html(text) {
  const root = new Element('div');
  markdown(text, root);
  return root.children.join('');
}

const cases = [
  ['plain', '<p>plain</>'],
  ['a\nb\n\nc', '<p>a<br></>b</><p>c</>'],
  ['**a *b* c** `**d**`', '<p><strong>a <em>b</> c</> <code>**d**</></>'],
  ['2**3 and 4**5', '<p>2<strong>3 and 4</>5</>'],
  ['a ** b ** c * d', '<p>a ** b ** c * d</>'],
  ['**bold** *em* ~~no~~', '<p><strong>bold</> <em>em</> <del>no</></>'],
  ['2 * 3 * 4 and a_b_c', '<p>2 * 3 * 4 and a_b_c</>'],
  ['# One\n### Three\n###### Six', '<h3>One</><h5>Three</><h5>Six</>'],
  ['- a\n- b\n  - c\n- d\n1. e', '<ul><li>a</><li>b<ul><li>c</></></><li>d</></><ol><li>e</></>'],
  ['> a\n> - b', '<blockquote><p>a</><ul><li>b</></></>'],
  ['```js\n<b>*x*\n```\nafter', '<pre><code>&lt;b>*x*</></><p>after</>'],
  ['```\nnot closed', '<pre><code>not closed</></>'],
  ['a | b\n--|--\n1 | 2', '<div><table><tr><th>a</><th>b</></><tr><td>1</><td>2</></></></>'],
  ['---\n* * *', '<hr></><hr></>'],
  ['[x](https://e.org/a)', '<p><a href="https://e.org/a">x</></>'],
  ['https://e.org/a.', '<p><a href="https://e.org/a.">https://e.org/a.</></>'],
  // What must stay text.
  ['<script>alert(1)</script>', '<p>&lt;script>alert(1)&lt;/script></>'],
  ['[x](javascript:alert(1))', '<p>[x](javascript:alert(1))</>'],
  ['[x](data:text/html,y) ![i](x.png)', '<p>[x](data:text/html,y) ![i](x.png)</>'],
];
for (const [text, wanted] of cases) check(text, html(text), wanted);

check('thinking', JSON.stringify(parts('<think>hm</think>\n\nYes')), '{"thinking":"hm","content":"Yes"}');
check('open thinking', JSON.stringify(parts('<think>hm')), '{"thinking":"hm","content":""}');
check('unopened thinking', JSON.stringify(parts('hm</think>Yes')), '{"thinking":"hm","content":"Yes"}');
check('none', JSON.stringify(parts('Yes <b>')), '{"thinking":"","content":"Yes <b>"}');

for (const piece of ['[', '*', '`', '~', '<', '|', '- ', '> ', '  - a\n', '>'.repeat(9) + '\n', 'https://', '**a', '[a](', '# ', '`a', '|\n-|-\n']) {
  const start = performance.now();
  html(piece.repeat(40_000));
  const ms = performance.now() - start;
  check(`${piece} x 40000 in ${ms.toFixed(0)} ms`, ms < 3000, true);
}
console.log(failures ? `${failures} failed` : `${cases.length + 20} checks passed`);
process.exit(failures ? 1 : 0);
