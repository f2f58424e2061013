import { expect, test } from 'bun:test';
import { parseToml } from './toml.ts';

const plain = (text: string): unknown => JSON.parse(JSON.stringify(parseToml(text)));

test('Tables, lists of tables and all kinds of values are read', () => {
  const text = `
# a comment
unqualified-search-registries = ["a.test", 'b.test', # one more
  "c.test",
]
credential-helpers = []
[[registry]]
prefix = "*.test"   # up to the end
insecure = true
[[registry.mirror]]
location = 'x.test/\\y'
[[registry.mirror]]
location = "say \\"hi\\" \\u00e9"
[[registry]]
blocked=false
mirror = [ { location = "z", "pull-from-mirror" = "all" }, {} ]
number = -12
[aliases]
"debian" = "docker.io/library/debian"
a.b = "c"
`;
  expect(plain(text)).toEqual({
    'unqualified-search-registries': ['a.test', 'b.test', 'c.test'],
    'credential-helpers': [],
    registry: [
      { prefix: '*.test', insecure: true, mirror: [{ location: 'x.test/\\y' }, { location: 'say "hi" é' }] },
      { blocked: false, mirror: [{ location: 'z', 'pull-from-mirror': 'all' }, {}], number: -12 },
    ],
    aliases: { debian: 'docker.io/library/debian', a: { b: 'c' } },
  });
  expect(plain('')).toEqual({});
  expect(plain('a = 1\r\n\r\nb = 2')).toEqual({ a: 1, b: 2 });
});

test('It agrees with Bun, which reads all of TOML', () => {
  const text = 'a = "x"\n[b.c]\nd = [1, [2, 3]]\n[[e]]\nf = true\n[[e]]\n[[e.g]]\nh = {i = "j", k = 2}\n';
  expect(plain(text)).toEqual(JSON.parse(JSON.stringify(Bun.TOML.parse(text))) as object);
});

test('What cannot be read is refused with its line', () => {
  const wrong: [string, RegExp][] = [
    ['a = 1\nb', /line 2: "=" is missing/],
    ['a = "x', /line 1: a value/],
    ['a = 2024-01-01', /line 1: a value/],
    ['a = 1.5', /line 1/],
    ['a = """x"""', /line 1/],
    ['a = [1, 2', /line 1: "," or "\]"/],
    ['a = 1\na = 2', /line 2: "a" is given twice/],
    ['[a\nb = 1', /line 1: "\]" is missing/],
    ['a = 1 b = 2', /line 1: there is something more/],
    ['a = 1\n[a]', /line 2: "a" is no table/],
    ['a = 1\n[[a]]', /line 2: "a" is no list/],
    ['a = "\\q"', /stands for nothing/],
  ];
  for (const [text, message] of wrong) expect(() => parseToml(text)).toThrow(message);
});

test('A key is never more than a key', () => {
  const table = parseToml('[__proto__]\npolluted = true\n[constructor]\nx = 1');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(Object.keys(table)).toEqual(['__proto__', 'constructor']);
});
