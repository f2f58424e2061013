import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  const labels = ['--label', 'a.b=x', '--label', 'Z=z'];
  await world.sampan('create', '--name', 'web', ...labels, '-v', '/tmp:/data:ro', world.image, 'echo', 'a b');
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** Templates for a container, and what they print: by the front, which has an engine of its own. */
const CASES: readonly (readonly [template: string, printed: string])[] = [
  ['{{.Name}} {{.Args}} {{len .Args}}', '/web [a b] 1'],
  ['{{.Config.Labels}} {{json .Config.Labels}}', 'map[Z:z a.b:x] {"Z":"z","a.b":"x"}'],
  ['{{index .Config.Labels "a.b"}}{{.Config.Labels.none}}', 'x<no value>'],
  ['{{range .Mounts}}{{.Source}}:{{.Destination}}{{if not .RW}}:ro{{end}}{{end}}', '/tmp:/data:ro'],
  ['{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}', 'Z=z;a.b=x;'],
  ['{{with .State}}{{.Status}}{{else}}none{{end}}', 'created'],
  ['{{- /* what */ -}} {{printf "%-6s|%05d|%q|%.2f|%x" .Path 7 "a\\"b" 1.5 "hi"}}', 'echo  |00007|"a\\"b"|1.50|6869'],
  ['{{if and (eq .State.ExitCode 0) (ge 2 1)}}{{title (join .Args "-")}}{{end}}', 'A B'],
  ['{{truncate .Id 12 | len}} {{slice .Name 1}} {{upper .Path}}', '12 web ECHO'],
];

test.each(CASES)('inspect prints what Go would: %s', async (template, printed) => {
  expect(await world.sampan('inspect', '--format', template, 'web')).toMatchObject({
    status: 0,
    stdout: `${printed}\n`,
  });
});

test('A template that is wrong is refused with its place before anything is looked at', async () => {
  for (const command of [
    ['inspect', 'web'],
    ['info'],
    ['version'],
    ['why', 'web'],
    ['volume', 'ls'],
    ['images'],
    ['events', '--until', '0s'],
  ]) {
    const [name = '', ...rest] = command;
    const words = [
      ...(name === 'volume' ? ['volume', 'ls'] : [name]),
      '--format',
      '{{.Id}}{{nonesuch}}',
      ...rest.filter((word) => word !== 'ls'),
    ];
    const { status, stdout, stderr } = await world.sampan(...words);
    expect({ words, status, stdout }).toEqual({ words, status: 2, stdout: '' });
    expect(stderr).toContain('at 1:10: there is no function "nonesuch"');
  }
  const missing = await world.sampan('inspect', '-f', '{{.State.Nonesuch}}', 'web');
  expect(missing).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('at 1:3: there is no field Nonesuch') as string,
  });
});
