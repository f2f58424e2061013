import { expect, test } from 'bun:test';
import { formatRows, parseTemplate } from './template.ts';

const VALUE = {
  Id: 'sha256:ab',
  Size: 12,
  Names: ['a', 'b'],
  Config: { Cmd: ['sh', '-c'], Labels: { 'a.b': 'x', c: 'y' }, User: '' },
};

test('Templates print what Go would', () => {
  const cases: [string, string][] = [
    ['{{.Id}} {{.Size}}', 'sha256:ab 12'],
    ['{{.Config.Cmd}}', '[sh -c]'],
    ['{{.Config.Labels}}', 'map[a.b:x c:y]'],
    ['{{json .Config.Cmd}}', '["sh","-c"]'],
    ['{{.Config.Cmd | json}}', '["sh","-c"]'],
    ['{{ index .Config.Labels "a.b" }}|{{index .Names 1}}', 'x|b'],
    ['{{join .Names ","}} {{len .Names}} {{upper .Id}}', 'a,b 2 SHA256:AB'],
    ['{{range .Names}}<{{.}}>{{end}}', '<a><b>'],
    ['{{range .Names}}{{$.Size}}{{end}}', '1212'],
    ['{{if .Config.User}}{{.Config.User}}{{else}}root{{end}}', 'root'],
    [String.raw`{{.Id}}\t{{.Size}}`, 'sha256:ab\t12'],
    ['{{range .Names}}{{if .}}{{.}}{{end}}{{else}}none{{end}}', 'ab'],
    ['{{.Config.Labels.nonesuch}}', '<no value>'],
    ['{{title "two words, it\'s o_k"}}', "Two Words, It's O_k"],
    ['{{split "a/b" "/"}}|{{truncate "abc" 2}}|{{pad "x" 1 2}}|{{pad "" 1 2}}', '[a b]|ab| x  |'],
  ];
  for (const [template, wanted] of cases)
    expect({ template, got: parseTemplate(template)(VALUE) }).toEqual({ template, got: wanted });
});

test('A template that cannot be read is refused, and the format is named', () => {
  for (const template of [
    '{{.Nonesuch}}',
    '{{end}}',
    '{{if .Id}}',
    '{{nonesuch .Id}}',
    '{{.Id',
    '{{.Config.Nonesuch}}',
  ]) {
    let error: unknown;
    try {
      error = parseTemplate(template)(VALUE);
    } catch (thrown) {
      error = thrown;
    }
    expect({ template, error }).toMatchObject({ template, error: { kind: 'invalid', field: '--format' } });
  }
});

test('Rows are lines of a template, or a table under headings', () => {
  const rows = [
    { Id: 'one', Size: '1' },
    { Id: 'four', Size: '22' },
  ];
  const headings = { Id: 'ID', Size: 'SIZE' };
  expect(formatRows(undefined, rows, headings)).toBeUndefined();
  expect(formatRows('{{.Id}}', rows, headings)).toEqual(['one', 'four']);
  expect(formatRows('json', rows, headings)?.[0]).toBe('{"Id":"one","Size":"1"}');
  expect(formatRows(String.raw`table {{.Id}}\t{{.Size}}`, rows, headings)).toEqual([
    'ID     SIZE\none    1\nfour   22',
  ]);
});

test('A field that is asked with a word answers by it, and headings stay what they are', () => {
  const rows = [{ Name: 'one', Label: (name: string) => `<${name}>` }];
  const headings = { Name: 'NAME', Label: (name: string) => name };
  expect(formatRows('{{.Label "a b"}} {{.Label "x" | upper}}', rows, headings)).toEqual(['<a b> <X>']);
  expect(formatRows('table {{truncate .Name 1}}\t{{.Label "x"}}\t{{json .}}', rows, headings)).toEqual([
    'NAME   x\no      <x>   {"Name":"one"}',
  ]);
});
