import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
const ids: Record<string, string> = {};

/** `apple` runs, `pear` has ended with 3, `plum` was never started; made in this order. */
beforeAll(async () => {
  world = await cliWorld();
  const child = await world.push('child', '1', { ExposedPorts: { '80/tcp': {}, '53/udp': {} } });
  for (const image of [world.image, child])
    expect(await world.sampan('pull', '-q', image)).toMatchObject({ status: 0 });
  const make = async (name: string, options: string, ...words: string[]): Promise<void> => {
    const { stdout, stderr } = await world.sampan(...options.split(' '), '--name', name, ...words);
    expect(stderr).toBe('');
    ids[name] = stdout.trim();
  };
  const script = 'echo "a\tb" > /written; exec sleep 1000';
  await make('apple', 'run -d -l kind=fruit -l sweet -v juice:/j', world.image, 'sh', '-c', script);
  await make('pear', 'create -l kind=fruit -v /tmp:/very/long/place', child);
  await world.sampan('start', 'pear');
  await world.sampan('wait', 'pear');
  await make('plum', 'create --network host -l kind=stone', world.image, 'true');
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

async function names(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await world.sampan('ps', '--format', '{{.Names}}', ...words);
  expect([words, status, stderr]).toEqual([words, 0, '']);
  return stdout.trim().replaceAll('\n', ' ');
}
const filtered = (...filters: string[]): Promise<string> =>
  names('-a', ...filters.flatMap((filter) => ['--filter', filter]));

test('the newest come first, and a number of them counts after the filters', async () => {
  expect(await names()).toBe('apple');
  expect(await names('-a')).toBe('plum pear apple');
  expect(await names('-n', '2')).toBe('plum pear');
  expect(await names('-l')).toBe('plum');
  expect(await names('-l', '-n', '2')).toBe('plum pear');
  expect(await names('-n', '1', '-f', 'label=kind=fruit')).toBe('pear');
  expect(await names('-n', '0')).toBe('apple');
  expect(await names('-n', '-1')).toBe('apple');
  expect((await world.sampan('ps', '-n', 'two')).stderr).toContain('--last');
});

test('each filter chooses as docker has it', async () => {
  const cases: [string[], string][] = [
    [['name=p'], 'plum pear apple'],
    [['name=^/p'], 'plum pear'],
    [['name=plum', 'name=apple'], 'plum apple'],
    [[`id=${ids['pear']?.slice(0, 12)}`], 'pear'],
    [['label=kind'], 'plum pear apple'],
    [['label=kind=fruit', 'label=sweet'], 'apple'],
    [['status=created'], 'plum'],
    [['status=exited', 'status=running'], 'pear apple'],
    [['status=paused'], ''],
    [['exited=0'], 'pear'],
    [['exited=9'], ''],
    [[`ancestor=${world.image}`], 'plum pear apple'],
    [[`ancestor=${world.image.replace('busybox', 'child')}`], 'plum pear apple'],
    [['ancestor=nobody/nothing'], ''],
    [['before=pear'], 'apple'],
    [[`since=${ids['apple']}`], 'plum pear'],
    [['volume=juice'], 'apple'],
    [['volume=/very/long/place'], 'pear'],
    [['volume=/tmp'], 'pear'],
    [['network=host'], 'plum'],
    [['network=none'], 'pear apple'],
    [['expose=80'], 'pear'],
    [['expose=50-60/udp'], 'pear'],
    [['expose=53/tcp'], ''],
    [['publish=80'], ''],
    [['health=none'], 'plum pear apple'],
    [['health=healthy'], ''],
    [['is-task=false'], 'plum pear apple'],
    [['is-task=true'], ''],
    [['isolation=hyperv'], ''],
    [['label=kind=fruit', 'status=running'], 'apple'],
  ];
  for (const [filters, wanted] of cases)
    expect({ filters, got: await filtered(...filters) }).toEqual({ filters, got: wanted });
  // A state that was asked for is looked for among all.
  expect(await names('-f', 'status=created')).toBe('plum');
  expect(await names('-f', 'exited=0')).toBe('pear');
  expect(await names('-f', 'name=pear')).toBe('');
});

test('a filter that cannot be read is refused, and says which there are', async () => {
  for (const [filter, word] of [
    ['shape=round', 'ancestor, before'],
    ['name', 'none of this name'],
    ['status=happy', 'created, restarting'],
    ['exited=x', 'exit status'],
    ['health=fine', 'starting'],
    ['name=[', 'regular expression'],
    ['before=nobody', 'No such container: nobody'],
    ['publish=port', '80/tcp'],
    ['is-task=perhaps', 'true or false'],
  ] as const) {
    const { status, stdout, stderr } = await world.sampan('ps', '-f', filter);
    expect([filter, status === 0, stdout]).toEqual([filter, false, '']);
    expect(stderr).toContain(word);
  }
});

test('every field that docker has can be printed', async () => {
  const fields =
    'ID Image Command CreatedAt RunningFor Ports State Status Size Names Labels Mounts Networks LocalVolumes Platform'.split(
      ' ',
    );
  const line = `${fields.map((field) => `{{.${field}}}`).join('|')}|{{.Label "kind"}}|{{.Label "none"}}`;
  const { stdout } = await world.sampan('ps', '-f', 'name=apple', '--format', line);
  expect(stdout).toMatch(
    new RegExp(
      [
        `^${ids['apple']?.slice(0, 12)}`,
        world.image,
        String.raw`"sh -c 'echo \\"a\\tb\\" >…"`,
        String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`,
        '.* ago',
        '',
        'running',
        'Up .*',
        String.raw`[\d.]+k?B \(virtual [\d.]+[kM]B\)`,
        'apple',
        'kind=fruit,sweet=',
        'juice',
        'none',
        '1',
        'linux/.*',
        'fruit',
        '\n$',
      ].join(String.raw`\|`),
    ),
  );
  const json = await world.sampan('ps', '-a', '--no-trunc', '--format', 'json');
  const [plum, pear] = json.stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, string>);
  expect(Object.keys(plum ?? {})).toEqual(fields.toSorted());
  expect(plum).toMatchObject({ ID: ids['plum'], Size: '0B', Networks: 'host', LocalVolumes: '0', State: 'created' });
  expect(pear).toMatchObject({ Mounts: '/tmp', State: 'exited' });
  expect((await world.sampan('ps', '--format', '{{.Shoes}}')).stderr).toContain('Shoes');
});

test('tables: own columns, sizes, and headings for a template', async () => {
  const lines = async (...words: string[]): Promise<string[]> =>
    (await world.sampan('ps', ...words)).stdout.trimEnd().split('\n');
  expect((await lines())[0]).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
  const sized = await lines('-as');
  expect(sized[0]).toMatch(/NAMES +SIZE$/);
  expect(sized[1]).toMatch(/plum +[\d.]+k?B \(virtual [\d.]+[kM]B\)$/);
  expect(await lines('-a', '--format', String.raw`table {{.Names}}\t{{upper .State}}\t{{.Label "kind"}}`)).toEqual([
    'NAMES   STATE     kind',
    'plum    CREATED   stone',
    'pear    EXITED    fruit',
    'apple   RUNNING   fruit',
  ]);
  const quiet = await world.sampan('ps', '-q', '--format', 'json');
  expect([quiet.stdout, quiet.stderr]).toEqual([
    `${ids['apple']?.slice(0, 12)}\n`,
    'WARNING: Ignoring custom format, because both --format and --quiet are set.\n',
  ]);
});
