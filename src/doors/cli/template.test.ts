import { expect, test } from 'bun:test';
import { formatRows, parseTemplate } from './template.ts';
import { CASES, VALUE } from './template/cases.fixture.ts';

test.each(CASES)('A template prints what Go would: %s', (template, printed) => {
  if (printed === null) expect(() => parseTemplate(template)(VALUE)).toThrow('read the format');
  else expect(parseTemplate(template)(VALUE)).toBe(printed);
});

test('What is nothing is of the type that docker has for its field', () => {
  const value = { HostConfig: { GroupAdd: null, Sysctls: null, PidsLimit: null }, Config: { Labels: { Upper: 'x' } } };
  const cases: [string, string][] = [
    ['{{.HostConfig.GroupAdd}} {{.HostConfig.Sysctls}} {{.HostConfig.PidsLimit}}', '[] map[] <nil>'],
    ['{{range .HostConfig.GroupAdd}}x{{else}}none{{end}}', 'none'],
    ['{{.Config.Labels.Upper}}{{.Config.Labels.Lower}}', 'x<no value>'],
    ['{{.Config}}', 'map[Labels:map[Upper:x]]'],
  ];
  for (const [template, wanted] of cases) expect(parseTemplate(template)(value)).toBe(wanted);
});

test('A mistake is told with its place', () => {
  const complaint = (template: string): string => {
    try {
      return parseTemplate(template)(VALUE);
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(complaint('{{.Id}} {{.Nonesuch}}')).toBe(
    'read the format "{{.Id}} {{.Nonesuch}}": at 1:11: there is no field Nonesuch',
  );
  expect(complaint('a\n{{ nonesuch }}')).toContain('at 2:4: there is no function "nonesuch"');
  expect(complaint('{{len 1 2}}')).toContain('at 1:3: "len" takes 1 values, not 2');
  expect(complaint('{{if .Id}}x')).toContain('at 1:1: "if" has no end');
});

test('A row may offer a function, as docker has .Label', () => {
  const row = { Label: (name: string) => `<${name}>` };
  expect(parseTemplate('{{.Label "a.b"}}')(row)).toBe('<a.b>');
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
  expect(formatRows(String.raw`{{.Id}}\t{{"\t"}}\n`, rows, headings)?.[0]).toBe('one\t\t\n');
  expect(formatRows(String.raw`table {{.Id}}\t{{.Size}}`, rows, headings)).toEqual([
    'ID     SIZE\none    1\nfour   22',
  ]);
});

test('A heading is not changed by what changes the values, and names what a function is asked for', () => {
  const headings = { Names: 'NAMES', Label: (name: string) => name };
  const rows = [{ Names: 'web', Label: () => 'x' }];
  expect(formatRows(String.raw`table {{title .Names}}\t{{.Label "a.b"}}\t{{json .}}`, rows, headings)).toEqual([
    'NAMES   a.b\nWeb     x     {"Names":"web"}',
  ]);
});

test('What a field answers goes on', () => {
  const rows = [{ Name: 'one', Label: (name: string) => `<${name}>` }];
  const headings = { Name: 'NAME', Label: (name: string) => name };
  expect(formatRows('{{.Label "a b"}} {{.Label "x" | upper}}', rows, headings)).toEqual(['<a b> <X>']);
  expect(formatRows('table {{truncate .Name 1}}\t{{.Label "x"}}\t{{json .}}', rows, headings)).toEqual([
    'NAME   x\no      <x>   {"Name":"one"}',
  ]);
});
