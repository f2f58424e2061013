/** tag, untag, rmi, images, history and image inspect on the real program. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let id: string;
beforeAll(async () => {
  world = await cliWorld();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const lines = async (...args: string[]): Promise<string[]> =>
  (await world.sampan(...args)).stdout.split('\n').filter(Boolean);
const named = (): Promise<string[]> => lines('images', '--format', '{{.Repository}}:{{.Tag}}');

beforeEach(async () => {
  id = (await world.sampan('pull', '-q', world.image)).stdout.trim();
});

test('tag gives names, rmi takes them one by one and the image with the last', async () => {
  expect(await world.sampan('tag', world.image, 'mine:1')).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
  expect((await world.sampan('image', 'tag', id, 'localhost/other')).status).toBe(0);
  expect((await named()).sort()).toEqual([world.image, 'localhost/other:latest', 'mine:1']);
  expect(await lines('images', '-q')).toEqual([id.slice(7, 19)]);
  expect((await world.sampan('rmi', id)).status).toBe(5);
  expect((await world.sampan('rmi', 'mine:1')).stdout).toBe('Untagged: mine:1\n');
  const repository = world.image.replace(/:1$/, '');
  expect(await lines('rmi', world.image)).toEqual([
    `Untagged: ${world.image}`,
    expect.stringContaining(`Untagged: ${repository}@sha256:`),
  ]);
  expect(await lines('image', 'rm', 'localhost/other')).toEqual(['Untagged: localhost/other:latest', `Deleted: ${id}`]);
  expect(await named()).toEqual([]);
});

test('tag refuses what is no name, a digest, and an image that is not there', async () => {
  const cases: [string[], number, string][] = [
    [['tag', world.image, 'UPPER'], 2, 'lower case'],
    [['tag', world.image, `a@sha256:${'0'.repeat(64)}`], 2, 'digest'],
    [['tag', 'nonesuch', 'a'], 3, 'No such image: nonesuch'],
    [['untag', 'nonesuch'], 3, 'No such image: nonesuch'],
    [['untag', world.image, 'a:9'], 3, 'a:9'],
    [['tag', world.image], 125, '2 arguments'],
    [['history', 'nonesuch'], 3, 'No such image: nonesuch'],
    [['image', 'inspect', 'nonesuch'], 3, 'nonesuch'],
    [['images', '--filter', 'nonesuch=1'], 2, 'nonesuch'],
    [['images', '--filter', 'dangling=maybe'], 2, 'dangling'],
    [['images', '--format', '{{.Nonesuch}}'], 2, 'Nonesuch'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan(...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  expect((await world.sampan('rmi', '-f', 'nonesuch')).status).toBe(0);
});

test('untag leaves an image without a name, which its id still runs', async () => {
  expect((await world.sampan('untag', id)).status).toBe(0);
  expect(await lines('images', '--format', '{{.Repository}} {{.Tag}} {{.Digest}}')).toEqual(['<none> <none> <none>']);
  expect(await lines('images', '-q', '--filter', 'dangling=true')).toEqual([id.slice(7, 19)]);
  expect(await lines('images', '-q', '--filter', 'dangling=false')).toEqual([]);
  expect((await world.sampan('run', '--rm', id.slice(7, 19), 'echo', 'x')).stdout).toBe('x\n');
  expect(await lines('rmi', id)).toEqual([`Deleted: ${id}`]);
});

test('the last name of an image in use goes only by force, and the image stays for the container', async () => {
  await world.sampan('run', '--name', 'user', world.image, 'echo', 'again');
  expect((await world.sampan('rmi', world.image)).status).toBe(5);
  expect((await world.sampan('rmi', '-f', id)).status).toBe(5);
  expect((await lines('images', '-q')).length).toBe(1);
  const forced = await world.sampan('rmi', '-f', world.image);
  expect(forced.status).toBe(0);
  expect(forced.stdout).toContain(`Untagged: ${world.image}\n`);
  expect(forced.stdout).not.toContain('Deleted');
  expect((await world.sampan('start', '-a', 'user')).stdout).toBe('again\n');
  await world.sampan('rm', 'user');
  expect((await world.sampan('rmi', id)).stdout).toContain(`Deleted: ${id}`);
});

test('images filters, shows digests and follows templates', async () => {
  const labelled = await world.push('labelled', '2', { Labels: { 'a.b': 'c' } });
  await world.sampan('pull', '-q', labelled);
  const filtered = async (...filters: string[]): Promise<string[]> =>
    lines('images', '--format', '{{.Repository}}:{{.Tag}}', ...filters.flatMap((one) => ['-f', one]));
  expect(await filtered('label=a.b=c')).toEqual([labelled]);
  expect(await filtered('label=a.b=d')).toEqual([]);
  expect(await filtered('label=a.b', 'dangling=true')).toEqual([]);
  expect(await filtered(`reference=${world.registry.host}/lab*`)).toEqual([labelled]);
  expect((await filtered('until=1s')).length).toBe(2);
  expect(await filtered('until=876000h')).toEqual([]);
  expect(await filtered(`before=${labelled}`)).toEqual([]);
  expect(await lines('images', '-q', labelled)).toEqual(await lines('images', '-q', labelled.replace(/:2$/, '')));
  const [headings = '', ...rows] = await lines('images', '--digests', '--no-trunc');
  expect(headings).toMatch(/^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE$/);
  expect(rows.every((row) => /sha256:[0-9a-f]{64} +sha256:[0-9a-f]{64} /.test(row))).toBe(true);
  expect(await lines('images', '--format', String.raw`table {{.Repository}}\t{{.ID}}`)).toContainEqual(
    expect.stringMatching(/^REPOSITORY +IMAGE ID$/),
  );
  const json = (await lines('images', '--format', 'json')).map((line) => JSON.parse(line) as Record<string, string>);
  expect(json.map(({ Tag = '' }) => Tag).toSorted((a, b) => a.localeCompare(b))).toEqual(['1', '2']);
  await world.sampan('rmi', labelled);
});

test('history tells the steps, and inspect prints by template in both programs', async () => {
  const [headings = '', first = ''] = await lines('history', world.image);
  expect(headings).toMatch(/^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$/);
  expect(first.startsWith(id.slice(7, 19))).toBe(true);
  expect(await lines('history', '-q', '--no-trunc', world.image)).toEqual([id]);
  const [size] = await lines('history', '--human=false', '--format', '{{.Size}}', world.image);
  expect(await lines('image', 'inspect', '--format', '{{.Size}}', world.image)).toEqual([size ?? '']);
  for (const command of [['inspect'], ['image', 'inspect']]) {
    expect(await lines(...command, '-f', '{{.Id}} {{json .Config.Cmd}}', world.image)).toEqual([`${id} ["sh"]`]);
    const [image] = JSON.parse((await world.sampan(...command, world.image)).stdout) as [Record<string, unknown>];
    expect(image).toMatchObject({ RepoTags: [world.image], Os: 'linux', Architecture: 'amd64' });
  }
  expect((await world.sampan('inspect', '--type', 'nonesuch', id)).status).toBe(125);
});
