import { afterAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
  closeSync,
  ftruncateSync,
  linkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paxEntry, sealHeader, tar, tarEntry, tarHeader } from '#store/testing/tar-writer.ts';
import type { TarEntry } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sampan-test-tar-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Read extends TarEntry {
  content: Buffer;
}

/** Reads an archive in pieces of `step` bytes; holes come out as zeros. */
function read(archive: Buffer, step = archive.length): Read[] {
  const entries: Read[] = [];
  const reader = new TarReader({
    entry: (entry) => void entries.push({ ...entry, content: Buffer.alloc(entry.size) }),
    data: (offset, bytes) => entries.at(-1)?.content.set(bytes, offset),
  });
  for (let at = 0; at < archive.length; at += step) reader.push(archive.subarray(at, at + step));
  reader.finish();
  return entries;
}

test('Entries are the same whatever the pieces they come in', () => {
  const archive = tar(
    { name: 'dir/', type: '5', mode: 0o755 },
    {
      name: 'file',
      content: 'x'.repeat(1500),
      prefix: 'a/long/prefix',
      pax: { mtime: '12.5', 'SCHILY.xattr.user.a': '\0b' },
    },
    { name: 'dev', type: '3', major: 5, minor: 1 },
  );
  const whole = read(archive);
  expect(whole.map(({ kind, name }) => [kind, name])).toEqual([
    ['directory', 'dir/'],
    ['file', 'a/long/prefix/file'],
    ['character', 'dev'],
  ]);
  expect(whole[1]).toMatchObject({ mtimeSec: 12, mtimeNsec: 500_000_000, xattrs: ['user.a', '0062'], size: 1500 });
  for (const step of [1, 7, 511, 512, 513, 1000]) expect(read(archive, step)).toEqual(whole);
});

for (const format of ['gnu', 'oldgnu', 'ustar', 'posix', 'v7']) {
  test(`What GNU tar writes as ${format} is read`, () => {
    const directory = mkdtempSync(join(scratch, 'in-'));
    writeFileSync(join(directory, 'file'), 'content');
    linkSync(join(directory, 'file'), join(directory, 'hard'));
    const archive = execFileSync('tar', [`--format=${format}`, '-C', directory, '--sort=name', '-c', 'file', 'hard']);
    const entries = read(archive);
    expect(entries.map(({ kind, name, link }) => [kind, name, link])).toEqual([
      ['file', 'file', ''],
      ['hardlink', 'hard', 'file'],
    ]);
    expect(entries[0]?.content.toString()).toBe('content');
  });
}

for (const options of [
  ['--format=gnu'],
  ...['0.0', '0.1', '1.0'].map((one) => ['--format=posix', `--sparse-version=${one}`]),
]) {
  test(`A sparse file of GNU tar ${options.join(' ')} comes out whole`, () => {
    const path = join(scratch, 'sparse');
    const fd = openSync(path, 'w');
    for (let piece = 0; piece < 60; piece++) writeSync(fd, `piece ${piece}`, piece * 65_536 + 4096);
    ftruncateSync(fd, 61 * 65_536);
    closeSync(fd);
    const archive = execFileSync('tar', [...options, '-S', '-C', scratch, '-c', 'sparse'], { maxBuffer: 1e8 });
    expect(archive.length).toBeLessThan(2_000_000);
    for (const step of [archive.length, 1000]) {
      const [entry] = read(archive, step);
      expect(entry?.name).toBe('sparse');
      expect(entry?.content.equals(readFileSync(path))).toBe(true);
    }
  });
}

test('Long names of GNU and pax archives are read as bytes', () => {
  const name = `${'d'.repeat(60)}/${'é'.repeat(60)}`;
  const directory = mkdtempSync(join(scratch, 'long-'));
  execFileSync('mkdir', ['-p', join(directory, name)]);
  for (const format of ['gnu', 'posix']) {
    const archive = execFileSync('tar', [`--format=${format}`, '-C', directory, '-c', name]);
    expect(Buffer.from(read(archive)[0]?.name ?? '', 'latin1').toString()).toBe(`${name}/`);
  }
});

test('Global headers hold until an entry says otherwise', () => {
  const archive = Buffer.concat([
    paxEntry('g', { mtime: '100' }),
    tarEntry({ name: 'a' }),
    tarEntry({ name: 'b', pax: { mtime: '-1.25' } }),
  ]);
  const times = read(archive).map(({ mtimeSec, mtimeNsec }) => [mtimeSec, mtimeNsec]);
  expect(times).toEqual([
    [100, 0],
    [-2, 750_000_000],
  ]);
});

test('Base-256 numbers are read, negative ones too', () => {
  const header = tarHeader({ name: 'a' });
  Buffer.from([0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78]).copy(header, 108);
  Buffer.alloc(12, 0xff).copy(header, 136);
  expect(read(sealHeader(header))[0]).toMatchObject({ uid: 0x12345678, mtimeSec: -1 });
});

const bad: [string, () => Buffer, RegExp][] = [
  [
    'a wrong checksum',
    () => {
      const one = tar({ name: 'a' });
      one[0] = 0x62;
      return one;
    },
    /byte 0: the header's checksum/,
  ],
  [
    'an end within a file',
    () => tar({ name: 'a', content: 'x'.repeat(600) }).subarray(0, 1000),
    /byte 1000: it ends in the middle/,
  ],
  ['an end within a header', () => tar({ name: 'a' }).subarray(0, 100), /middle of an entry/],
  [
    'an extended header without an entry',
    () => Buffer.concat([paxEntry('x', { path: 'a' }), Buffer.alloc(1024)]),
    /ends after an extended/,
  ],
  ['a huge extended header', () => tarHeader({ name: 'x', type: 'x', size: 2 ** 30 }), /extended header has/],
  ['a record of wrong length', () => tarEntry({ name: 'x', type: 'x', content: '99 path=a\n' }), /wrong length/],
  ['an unknown type', () => tarEntry({ name: 'a', type: 'Z' }), /entries of type "Z"/],
  [
    'a sparse map beyond its file',
    () => tarEntry({ name: 'a', content: 'xx', pax: { 'GNU.sparse.size': '1', 'GNU.sparse.map': '0,2' } }),
    /does not fit/,
  ],
];
for (const [title, archive, words] of bad) {
  test(`An archive with ${title} is refused with its place`, () => {
    expect(() => read(archive())).toThrow(words);
  });
}
