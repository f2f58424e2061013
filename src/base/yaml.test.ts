import { expect, test } from 'bun:test';
import { parseYaml } from './yaml.ts';

test('documents say what every reader of YAML takes from them', () => {
  const cases: [string, unknown][] = [
    ['', null],
    ['# only words\n---\n', null],
    ["a: 1\nb: \"two\"\nc: 'it''s'\n", { a: 1, b: 'two', c: "it's" }],
    ['a:\n  b:\n    - c\n    - d: 1\n      e: 2\n  f: g\n', { a: { b: ['c', { d: 1, e: 2 }], f: 'g' } }],
    ['a:\n- 1\n- 2\nb: 3\n', { a: [1, 2], b: 3 }],
    ['- - 1\n  - 2\n-\n  x: y\n-\n', [[1, 2], { x: 'y' }, null]],
    ['a: [1, "b, c", {d: e, f: [g]}, ]\n', { a: [1, 'b, c', { d: 'e', f: ['g'] }] }],
    ['a: [1,\n  2,  # two\n  3]\nb: c\n', { a: [1, 2, 3], b: 'c' }],
    ['a: {}\nb: []\nc: ~\nd:\n', { a: {}, b: [], c: null, d: null }],
    ['m: 0660\nn: 0o17\no: 0x1f\np: -3\nq: 1.5\nr: 1e3\n', { m: 0o660, n: 15, o: 31, p: -3, q: 1.5, r: 1000 }],
    ['a: true\nb: False\nc: yes\nd: "true"\n', { a: true, b: false, c: 'yes', d: 'true' }],
    ['a: b # said\nc: d#e\nf: "#g" # h\n', { a: 'b', c: 'd#e', f: '#g' }],
    ['a: |\n  one\n   two\n\n  three\n\nb: >-\n  x\n  y\n\n  z\n', { a: 'one\n two\n\nthree\n', b: 'x y\nz' }],
    ['a: |+\n  x\n\nb: |2\n    y\n', { a: 'x\n\n', b: '  y\n' }],
    ['a: one\n  two\n  three\nb: "x\n  y"\n', { a: 'one two three', b: 'x y' }],
    [
      '"quoted key": 1\n\'x: y\': 2\nhttp://z: http://a:80/b\n',
      { 'quoted key': 1, 'x: y': 2, 'http://z': 'http://a:80/b' },
    ],
    [String.raw`a: "t\tu\u00e9\x41\"\\"`, { a: 't\tu\u00e9A"\\' }],
    ['- a: 1\n  b:\n  - x\n- c: >\n    y\n', [{ a: 1, b: ['x'] }, { c: 'y\n' }]],
    ['--- {a: 1}\n...\n', { a: 1 }],
    ['\ufeffa: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
  ];
  for (const [text, wanted] of cases) expect({ text, got: parseYaml(text) }).toEqual({ text, got: wanted });
});

test('what is not read is refused with its line, never guessed', () => {
  for (const [text, line, word] of [
    ['a: 1\na: 2\n', 2, 'twice'],
    ['a: &x 1\n', 1, 'anchors'],
    ['a: *x\n', 1, 'aliases'],
    ['a: !!str 1\n', 1, 'tags'],
    ['a:\n\tb: 1\n', 2, 'tab'],
    ['b: 1\na: [1, 2\n', 2, 'no end'],
    ['a: "x\n', 1, 'no end'],
    ['a: 1\n  b: 2\n', 1, 'not expected'],
    ['? a\n: b\n', 1, 'text'],
    ['a: 1\n---\nb: 2\n', 2, 'not expected'],
    ['a: [1 2] 3\n', 1, 'not expected'],
    ['a: {b: }\n', 1, 'missing'],
  ] as const) {
    let message = 'nothing was refused';
    try {
      parseYaml(text);
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(`${text}: ${message}`).toContain(`: line ${line}: `);
    expect(`${text}: ${message}`).toContain(word);
  }
});
