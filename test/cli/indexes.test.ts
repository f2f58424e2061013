/** Whole multi-platform images on the real program: pull, run, tag, remove, push, save and load. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushImage } from '#tools/image/push.ts';
import { artifact, pushMulti, servedDigest, type Multi } from './multi-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let multi: Multi;
let name: string;
beforeAll(async () => {
  world = await cliWorld();
  multi = await pushMulti(world.registry.url, 'multi', '1');
  name = `${world.registry.host}/multi:1`;
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
afterEach(async () => {
  const rows = (await world.sampan('images', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}')).stdout.split('\n');
  for (const row of rows.filter(Boolean))
    await world.sampan('rmi', '-f', row.includes('<none>') ? (row.split(' ')[1] ?? '') : (row.split(' ')[0] ?? ''));
});

const blobs = (): string[] => readdirSync(join(world.root, 'blobs/sha256')).map((hex) => `sha256:${hex}`);
const kept = (digest: string): boolean => blobs().includes(digest);
const ok = async (...args: string[]): Promise<string> => {
  const outcome = await world.sampan(...args);
  expect({ args, ...outcome }).toMatchObject({ status: 0 });
  return outcome.stdout;
};

test('pull --all-platforms keeps every image byte by byte, unpacks this machine’s, and others when they are run', async () => {
  const said = await ok('pull', '--all-platforms', name);
  expect(said).toContain(`Digest: ${multi.digest}\n`);
  for (const image of [multi.host, multi.arm, multi.riscv, multi.note]) {
    expect(kept(image.manifestDescriptor.digest)).toBe(true);
    for (const digest of image.blobs.keys()) expect(kept(digest)).toBe(true);
  }
  expect(readdirSync(join(world.root, 'snapshots/overlay')).length).toBe(1);
  expect(await ok('run', '--rm', name, 'echo', 'here')).toBe('here\n');
  const arm = await ok('run', '--rm', '--pull', 'never', '--platform', 'linux/arm64', '-d', name, '/none').catch(
    () => '',
  );
  expect(arm).toBe('');
  // It was unpacked without asking the registry; that it cannot run here is another matter.
  expect(readdirSync(join(world.root, 'snapshots/overlay')).length).toBeGreaterThan(1);
  const missing = await world.sampan('run', '--rm', '--pull', 'never', '--platform', 'linux/s390x', name);
  expect(missing.status).toBe(125);
  expect(missing.stderr).toContain('linux/arm64');
  expect(await ok('rmi', name)).toContain('Untagged');
  expect(blobs()).toEqual([]);
});

test('a pull of one platform takes the index from the name, but not when it is the same one', async () => {
  await ok('pull', '-q', '--all-platforms', name);
  await ok('pull', '-q', name);
  expect(kept(multi.arm.manifestDescriptor.digest)).toBe(true);
  const other = await world.push('multi', '1', { Env: ['OTHER=1'] });
  expect(other).toBe(name);
  await ok('pull', '-q', name);
  await ok('image', 'prune', '-f');
  expect(kept(multi.arm.manifestDescriptor.digest)).toBe(false);
  expect(await ok('run', '--rm', name, 'sh', '-c', 'echo $OTHER')).toBe('1\n');
  multi = await pushMulti(world.registry.url, 'multi', '1');
});

test('a further name means the index too, and the index goes with its last name', async () => {
  await ok('pull', '-q', '--all-platforms', name);
  await ok('tag', name, 'other/multi:2');
  await ok('rmi', name);
  expect(kept(multi.arm.manifestDescriptor.digest)).toBe(true);
  const target = `${world.registry.host}/pushed:1`;
  await ok('push', '--all-platforms', 'other/multi:2', target);
  expect(await servedDigest(world.registry.url, 'pushed', '1')).toBe(multi.digest);
  await ok('untag', 'other/multi:2');
  await ok('image', 'prune', '-f');
  expect(blobs()).toEqual([]);
});

test('an index is named by its digest, or the start of it, as well', async () => {
  await ok('pull', '-q', '--all-platforms', name);
  const hex = multi.digest.slice('sha256:'.length);
  const repository = name.replace(/:1$/, '');
  for (const text of [multi.digest, hex.slice(0, 12), `${repository}@${multi.digest}`]) {
    expect(JSON.parse(await ok('manifest', 'inspect', text))).toMatchObject({
      annotations: { 'org.example.index': 'kept' },
    });
    await ok('tag', text, 'by/digest:1');
    await ok('push', '--all-platforms', 'by/digest:1', `${world.registry.host}/by-digest:1`);
    expect(await servedDigest(world.registry.url, 'by-digest', '1')).toBe(multi.digest);
    expect(await ok('rmi', 'by/digest:1')).toBe('Untagged: by/digest:1\n');
  }
  await ok('rmi', name);
  await ok('pull', '-q', '--all-platforms', `${repository}@${multi.digest}`);
  expect(await ok('run', '--rm', `${repository}@${multi.digest}`, 'echo', 'x')).toBe('x\n');
  expect(await ok('rmi', `${repository}@${multi.digest}`)).toContain('Deleted');
  expect(blobs()).toEqual([]);
});

test('push sends the platform’s image, --all-platforms the whole, mounted from where it came', async () => {
  await ok('pull', '-q', '--all-platforms', name);
  const target = `${world.registry.host}/single:1`;
  await ok('push', name, target);
  expect(await servedDigest(world.registry.url, 'single', '1')).toBe(multi.host.manifestDescriptor.digest);
  const all = await ok('push', '--all-platforms', name, target);
  expect(all).toContain(`1: digest: ${multi.digest} size: `);
  for (const { manifestDescriptor } of [multi.arm, multi.riscv, multi.note]) {
    expect(await servedDigest(world.registry.url, 'single', manifestDescriptor.digest)).toBe(manifestDescriptor.digest);
  }
  await ok('rmi', name);
  await ok('pull', '-q', name);
  const without = await world.sampan('push', '--all-platforms', name, target);
  expect(without.status).toBe(3);
  expect(without.stderr).toContain('sampan pull --all-platforms');
});

test('save and load keep the index, in every format', async () => {
  await ok('pull', '-q', '--all-platforms', name);
  for (const format of ['docker-archive', 'oci-archive', 'oci-dir']) {
    const path = join(world.root, `saved-${format}`);
    await ok('save', '--all-platforms', '--format', format, '-o', path, name);
    const second = (...args: string[]) => ok('--root', join(world.root, `second-${format}`), ...args);
    expect(await second('load', '--all-platforms', '-i', path)).toBe(`Loaded image: ${name}\n`);
    expect(await second('run', '--rm', name, 'echo', 'x')).toBe('x\n');
    await second('push', '--all-platforms', name, `${world.registry.host}/again-${format}:1`);
    expect(await servedDigest(world.registry.url, `again-${format}`, '1')).toBe(multi.digest);
    await second('rmi', name);
    expect(await second('load', '-i', path)).toBe(`Loaded image: ${name}\n`);
    expect(readdirSync(join(world.root, `second-${format}`, 'blobs/sha256')).length).toBe(multi.host.blobs.size + 1);
  }
});

test('image prune -a takes members of an index that were unpacked for other platforms along, each once', async () => {
  await ok('pull', '-q', '--all-platforms', name);
  await world.sampan('run', '--rm', '--pull', 'never', '--platform', 'linux/arm64', name, '/none');
  await world.sampan('run', '--rm', '--pull', 'never', '--platform', 'linux/riscv64', name, '/none');
  // The image that has the index's name is looked at first, as the latest that was pulled.
  await ok('pull', '-q', '--all-platforms', name);
  expect((await ok('images', '-q')).split('\n').filter(Boolean).length).toBe(3);
  expect(await ok('image', 'prune', '-af')).toContain('Total reclaimed space: ');
  expect(await ok('images', '-q')).toBe('');
  expect(blobs()).toEqual([]);
});

test('a member that is mounted or pinned stays when its index goes', async () => {
  for (const [keep, release] of [
    ['mount', 'unmount'],
    ['pin', 'unpin'],
  ] as const) {
    await ok('pull', '-q', '--all-platforms', name);
    await world.sampan('run', '--rm', '--pull', 'never', '--platform', 'linux/arm64', name, '/none');
    const arm = multi.arm.manifestDescriptor.digest;
    const { Id: id } = (JSON.parse(await ok('image', 'inspect', arm)) as { Id: string }[])[0] ?? { Id: '' };
    await ok('image', keep, id);
    await ok('rmi', name);
    expect(kept(arm)).toBe(true);
    expect(await ok('images', '-q', '--no-trunc')).toBe(`${id}\n`);
    await ok('image', release, id);
    await ok('image', 'prune', '-af');
    expect(blobs()).toEqual([]);
  }
});

test('system df: what an index keeps is reclaimable when a prune would take it, and only then', async () => {
  interface Df {
    reclaimable: string;
    size: string;
    total: string;
  }
  const df = async (): Promise<Df> => {
    const rows = await ok('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Size}} {{.Reclaimable}}');
    const [, total = '', size = '', reclaimable = ''] = rows.split('\n')[0]?.split(' ') ?? [];
    return { total, size, reclaimable };
  };
  await ok('pull', '-q', '--all-platforms', name);
  const unused = await df();
  expect(unused.reclaimable).toBe(unused.size);
  await ok('run', '-d', '--name', 'user', name, 'sleep', '1000');
  // Its name means the index, too, so neither goes.
  expect((await df()).reclaimable).toBe('0B');
  await ok('image', 'prune', '-af');
  expect(kept(multi.arm.manifestDescriptor.digest)).toBe(true);
  await ok('rm', '-f', 'user');
  await ok('image', 'prune', '-af');
  await ok('manifest', 'create', 'local/list:1');
  expect(await df()).toMatchObject({ total: '1' });
  const text = await ok('system', 'df', '-v');
  expect(text).toMatch(/local\/list +1 /);
});

test('an artifact is refused by pull and run, and kept by pull --all-platforms', async () => {
  const note = artifact(multi.host);
  await pushImage(world.registry.url, 'multi', 'note', note);
  const text = `${world.registry.host}/multi:note`;
  const refused = await world.sampan('pull', text);
  expect(refused.status).toBe(8);
  expect(refused.stderr).toContain('artifact: "application/vnd.example.sbom.v1+json"');
  await ok('pull', '--all-platforms', text);
  const run = await world.sampan('run', '--rm', text);
  expect(run.status).toBe(125);
  expect(run.stderr).toContain('no container image');
  await ok('push', '--all-platforms', text, `${world.registry.host}/notes:1`);
  expect(await servedDigest(world.registry.url, 'notes', '1')).toBe(note.manifestDescriptor.digest);
  await ok('save', '--all-platforms', '--format', 'oci-archive', '-o', join(world.root, 'note.tar'), text);
  await ok('rmi', text);
  expect(blobs()).toEqual([]);
  expect(await ok('load', '--all-platforms', '-i', join(world.root, 'note.tar'))).toBe(`Loaded image: ${text}\n`);
});

test('several names, all tags, policies and the digest file', async () => {
  const [a, b] = [await world.push('tags', 'a'), await world.push('tags', 'b', { Cmd: ['other'] })];
  const file = join(world.root, 'digests');
  expect((await ok('pull', '-q', '--digestfile', file, a, b)).trim().split('\n').length).toBe(2);
  expect(readFileSync(file, 'utf8').split('\n')).toEqual([
    (await servedDigest(world.registry.url, 'tags', 'a')) ?? '',
    (await servedDigest(world.registry.url, 'tags', 'b')) ?? '',
  ]);
  const both = await world.sampan('pull', '-q', a, `${world.registry.host}/tags:none`, b);
  expect(both.status).toBe(3);
  expect(both.stdout.trim().split('\n').length).toBe(2);
  await ok('rmi', a, b);
  expect(await ok('pull', '--all-tags', `${world.registry.host}/tags`)).toContain(`${b}\n`);
  expect((await world.sampan('pull', '-a', a)).status).toBe(2);
  expect((await world.sampan('pull', '--policy', 'sometimes', a)).status).toBe(125);
  expect((await world.sampan('pull', '--retry-delay', 'soon', a)).status).toBe(125);
  const gone = `127.0.0.1:1/tags:a`;
  await ok('tag', a, gone);
  await ok('pull', '-q', '--policy', 'missing', gone);
  await ok('pull', '-q', '--policy', 'never', gone);
  const newer = await world.sampan('pull', '-q', '--policy', 'newer', '--retry', '0', gone);
  expect(newer.status).toBe(0);
  expect(newer.stderr).toContain('WARNING: going on with');
  const begun = Date.now();
  expect((await world.sampan('pull', '--retry', '1', '--retry-delay', '2s', gone)).status).toBe(7);
  expect(Date.now() - begun).toBeGreaterThan(900);
  await ok('rmi', gone);
  expect((await world.sampan('pull', '-q', '--policy', 'never', gone)).status).toBe(3);
});

test('pull --all-platforms killed at any moment leaves nothing behind, and the next one succeeds', async () => {
  for (let round = 0; round < 24; round++) {
    const child = world.spawn(['pull', '-q', '--all-platforms', name]);
    await sleep(20 + round * 12);
    child.kill('SIGKILL');
    await child.exited;
    if (round % 8 !== 7) continue;
    await ok('pull', '-q', '--all-platforms', name);
    expect(readdirSync(join(world.root, 'work'))).toEqual([]);
    expect(await ok('run', '--rm', name, 'echo', 'x')).toBe('x\n');
    await ok('rmi', name);
    expect(
      execFileSync('find', [join(world.root, 'blobs'), join(world.root, 'snapshots'), '-type', 'f'], {
        encoding: 'utf8',
      }),
    ).toBe('');
  }
  writeFileSync(join(world.root, 'done'), '');
});
