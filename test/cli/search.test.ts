/** `search`, against a registry that has Docker Hub's search, and against ours, which only lists. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwnRegistry, type OwnRegistry } from '#tools/own-registry.ts';
import { SAMPAN } from '#tools/places.ts';
import { clientOf, expectStatus, madeImage, pushedImage, putManifest } from '#test/registry/client.ts';

const RESULTS = [
  { name: 'team/box', description: 'Small\n\u001B[31mand red', star_count: 3, is_official: false, is_automated: true },
  {
    name: 'box',
    description: 'A box of all things that a person may need, and more of them',
    star_count: 70,
    is_official: true,
  },
  { name: 'boxes', description: null, star_count: 0 },
];

let home: string;
let hub: ReturnType<typeof Bun.serve>;
let ours: OwnRegistry;
const asked: string[] = [];
const NAMES = ['alpha/box', 'beta/box', 'beta/crate'];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'sampan-search-'));
  hub = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => {
      const { pathname, searchParams } = new URL(url);
      asked.push(`${pathname} ${searchParams.get('q')} ${searchParams.get('n')}`);
      if (searchParams.get('q') === 'broken') return Response.json({ results: 'none' });
      if (pathname !== '/v1/search') return new Response('', { status: 404 });
      return Response.json({ num_results: RESULTS.length, results: RESULTS });
    },
  });
  ours = await startOwnRegistry();
  const client = clientOf(ours.url);
  for (const name of NAMES) await pushedImage(client, name, 'latest');
  const bytes = await madeImage(client, 'alpha/box');
  for (let tag = 0; tag < 40; tag++) {
    await expectStatus(await putManifest(client, 'alpha/box', `v${String(tag).padStart(2, '0')}`, bytes), 201);
  }
});
afterAll(async () => {
  await hub.stop(true);
  await ours.stop();
  rmSync(home, { recursive: true });
});

async function search(args: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([SAMPAN, 'search', ...args], {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: '/usr/bin:/bin', HOME: home, SAMPAN_ROOT: join(home, 'root'), ...env },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { status: await child.exited, stdout, stderr };
}

const at = (term: string): string => `127.0.0.1:${hub.port}/${term}`;

test('a search that the registry answers, most stars first, and safe to look at', async () => {
  const { status, stdout } = await search([at('box')]);
  expect(status).toBe(0);
  const host = `127.0.0.1:${hub.port}`;
  expect(stdout.split('\n')).toEqual([
    `NAME${' '.repeat(host.length + 8)}DESCRIPTION`,
    `${host}/box        A box of all things that a person may need, …`,
    `${host}/team/box   Small [31mand red`,
    `${host}/boxes`,
    '',
  ]);
  expect(asked.at(-1)).toBe('/v1/search box 25');
});

test('--filter, --limit, --no-trunc and --format', async () => {
  const names = async (...flags: string[]) =>
    (await search([...flags, '--format', '{{.Name}}', at('box')])).stdout.replaceAll(/^.*?\//gm, '');
  expect(await names('--filter', 'is-official=true')).toBe('box\n');
  expect(await names('--filter', 'is-official=false')).toBe('team/box\nboxes\n');
  expect(await names('-f', 'stars=3', '-f', 'is-automated=true')).toBe('team/box\n');
  expect(await names('--limit', '1')).toBe('team/box\n');
  expect(asked.at(-1)).toBe('/v1/search box 1');
  expect((await search(['--no-trunc', at('box')])).stdout).toContain('may need, and more of them');
  const format = 'table {{.Name}}\t{{.StarCount}}\t{{.IsOfficial}}';
  expect((await search(['--format', format, '-f', 'stars=70', at('box')])).stdout).toMatch(
    /^NAME +STARS +OFFICIAL\n\S+\/box +70 +\[OK\]\n$/,
  );
  const [row] = (await search(['--format', 'json', at('box')])).stdout.split('\n');
  expect(JSON.parse(row ?? '')).toMatchObject({ StarCount: '70', IsOfficial: '[OK]', Index: `127.0.0.1:${hub.port}` });
});

test('a registry that only lists is looked through', async () => {
  const names = async (term: string, ...flags: string[]) =>
    (await search([...flags, '--format', '{{.Name}}', `${ours.host}/${term}`])).stdout.split('\n').filter(Boolean);
  const full = (list: readonly string[]) => list.map((name) => `${ours.host}/${name}`);
  expect(await names('box')).toEqual(full(['alpha/box', 'beta/box']));
  expect(await names('beta')).toEqual(full(['beta/box', 'beta/crate']));
  expect(await names('')).toEqual(full(NAMES));
  expect(await names('', '--limit', '2')).toEqual(full(NAMES.slice(0, 2)));
  expect(await names('nonesuch')).toEqual([]);
});

test('--list-tags goes where a rule for the repository sends it, and nowhere when that blocks it', async () => {
  const conf = join(home, 'rules.conf');
  writeFileSync(
    conf,
    [
      `[[registry]]\nprefix = "registry.example/team"\nlocation = "${ours.host}/beta"\n`,
      `[[registry]]\nprefix = "${ours.host}/alpha"\nlocation = "${ours.host}/alpha"\nblocked = true\n`,
    ].join('\n'),
  );
  const env = { CONTAINERS_REGISTRIES_CONF: conf };
  const moved = await search(['--list-tags', '--format', '{{.Name}} {{.Tag}}', 'registry.example/team/box'], env);
  expect(moved).toMatchObject({ status: 0, stdout: 'registry.example/team/box latest\n' });
  const blocked = await search(['--list-tags', `${ours.host}/alpha/box`], env);
  expect(blocked.stdout).toBe('');
  expect(blocked.stderr).toContain('blocks');
});

test('--list-tags', async () => {
  const { stdout } = await search(['--list-tags', '--limit', '3', `${ours.host}/alpha/box`]);
  expect(stdout).toMatch(/^NAME +TAG\n(?:\S+\/alpha\/box +(?:latest|v00|v01)\n){3}$/);
  const all = await search(['--list-tags', '--limit', '100', '--format', '{{.Tag}}', `${ours.host}/alpha/box`]);
  expect(all.stdout.split('\n').length).toBe(42);
  expect((await search(['--list-tags', `${ours.host}/alpha/box`])).stdout.trim().split('\n').length).toBe(26);
});

test('a term without a registry is looked for at those that the settings search; one that fails is told', async () => {
  const settings = join(home, 'search.conf');
  const env = { CONTAINERS_REGISTRIES_CONF: settings };
  const hosts = (...list: string[]) =>
    writeFileSync(settings, `unqualified-search-registries = [${list.map((host) => `"${host}"`).join(', ')}]\n`);
  hosts(ours.host, `127.0.0.1:${hub.port}`, '127.0.0.1:1');
  const { status, stdout, stderr } = await search(['--format', '{{.Name}}', 'box'], env);
  expect(status).toBe(0);
  expect(stdout.trim().split('\n')).toEqual([
    ...['alpha/box', 'beta/box'].map((name) => `${ours.host}/${name}`),
    ...['box', 'team/box', 'boxes'].map((name) => at(name)),
  ]);
  expect(stderr).toMatch(/^WARNING: .*127\.0\.0\.1:1/);
  hosts('127.0.0.1:1');
  expect((await search(['box'], env)).status).toBe(7);
}, 30_000);

test('each failure is said, with its status', async () => {
  const blocked = join(home, 'blocked.conf');
  writeFileSync(blocked, `[[registry]]\nprefix = "${ours.host}"\nlocation = "${ours.host}"\nblocked = true\n`);
  const cases: [string[], number, string][] = [
    [[], 125, 'argument'],
    [['127.0.0.1:1/box'], 7, '127.0.0.1:1'],
    [['--limit', '101', 'box'], 125, '100'],
    [['--limit', '0', 'box'], 125, '100'],
    [['--filter', 'size=3', 'box'], 125, 'size=3'],
    [['--filter', 'stars=many', 'box'], 125, 'stars=many'],
    [['--list-tags', `${ours.host}/nonesuch`], 3, 'nonesuch'],
    [['--list-tags', `${ours.host}/UPPER`], 2, 'UPPER'],
    [[at('broken')], 9, 'results of the search'],
    [['--format', '{{.Nonesuch}}', at('box')], 2, 'Nonesuch'],
    // There is a registry that neither searches nor lists.
    [[at('')], 8, 'lists no repositories'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await search(args);
    expect({ args, status: outcome.status, stderr: outcome.stderr }).toMatchObject({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  expect((await search([`${ours.host}/box`], { CONTAINERS_REGISTRIES_CONF: blocked })).status).toBe(6);
}, 60_000);
