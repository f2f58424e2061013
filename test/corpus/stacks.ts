/** Stacks of layers that are easy to get wrong, each made by code: bottom first. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tar, type TarItem } from '#store/testing/tar-writer.ts';

export interface Stack {
  name: string;
  layers: () => Buffer[];
  /** umoci 0.4 makes something else of these layers, and why that is not right. */
  umociErs?: string;
  /** The same of the layers that we make, too. */
  umociLacks?: string;
  /** So large that umoci is spared it. */
  large?: true;
}

/** umoci leaves such directories with the time of the unpacking. */
const UNTOLD = 'nobody tells the time of the directories above';

const dir = (name: string, more: Partial<TarItem> = {}): TarItem => ({
  name: `${name}/`,
  type: '5',
  mode: 0o755,
  ...more,
});
const file = (name: string, content = name, more: Partial<TarItem> = {}): TarItem => ({ name, content, ...more });
const link = (name: string, to: string): TarItem => ({ name, type: '1', link: to });
const symlink = (name: string, to: string): TarItem => ({ name, type: '2', link: to, mode: 0o777 });
const gone = (path: string): TarItem => {
  const slash = path.lastIndexOf('/') + 1;
  return { name: `${path.slice(0, slash)}.wh.${path.slice(slash)}`, mtime: 0 };
};
const opaque = (path: string): TarItem => ({ name: `${path}/.wh..wh..opq`, mtime: 0 });
const layers =
  (...all: TarItem[][]) =>
  (): Buffer[] =>
    all.map((items) => tar(...items));

/** VFS_CAP_REVISION_2, effective, cap_net_bind_service. */
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const BASE = [
  dir('a', { mode: 0o750, uid: 7, gid: 8 }),
  file('a/one'),
  file('a/two'),
  dir('a/sub'),
  file('a/sub/deep'),
];

const NAMES: Stack[] = [
  {
    name: 'a file deleted and made again',
    layers: layers(BASE, [dir('a'), gone('a/one')], [dir('a'), file('a/one', 'again')]),
  },
  { name: 'a directory deleted and made again', layers: layers(BASE, [gone('a')], [dir('a'), file('a/new')]) },
  {
    name: 'deleted and made again in one layer, the mark first',
    layers: layers(BASE, [gone('a'), dir('a'), file('a/new')]),
  },
  {
    name: 'deleted and made again in one layer, the mark last',
    layers: layers(BASE, [dir('a'), file('a/new'), gone('a')]),
    umociErs: 'it deletes what the layer itself brings',
  },
  {
    name: 'an opaque directory with children of its own',
    layers: layers(BASE, [dir('a'), opaque('a'), file('a/new')]),
  },
  {
    name: 'the opaque mark after the children',
    layers: layers(BASE, [dir('a'), file('a/new'), opaque('a')]),
  },
  {
    name: 'opaque deep down, changed above',
    layers: layers(BASE, [dir('a'), dir('a/sub'), opaque('a/sub')], [dir('a'), dir('a/sub'), file('a/sub/x')]),
  },
  { name: 'a directory deleted, a file of its name', layers: layers(BASE, [gone('a')], [file('a', 'file')]) },
  { name: 'a directory becomes a file in one layer', layers: layers(BASE, [file('a', 'file')]) },
  { name: 'a file becomes a directory', layers: layers([file('x')], [dir('x'), file('x/y')]) },
  {
    name: 'a file becomes a directory and a file again',
    layers: layers([dir('x'), file('x/old')], [file('x')], [dir('x'), file('x/y')]),
  },
  { name: 'a symlink becomes a directory', layers: layers([dir('t'), symlink('x', 't')], [dir('x'), file('x/y')]) },
  { name: 'a directory becomes a symlink', layers: layers([dir('t'), dir('x'), file('x/y')], [symlink('x', 't')]) },
  {
    name: 'deletions of what is not there',
    layers: layers(BASE, [gone('nothing'), dir('a'), gone('a/nothing'), gone('no/such/place')]),
  },
  { name: 'missing parents', umociErs: UNTOLD, layers: layers([file('p/q/r', 'x', { uid: 5 }), file('p/s')]) },
  { name: 'missing parents that a layer below has', layers: layers(BASE, [file('a/sub/more')], [gone('a/sub/deep')]) },
  {
    name: 'entries out of order',
    layers: layers([file('a/b/c'), dir('a/b', { mode: 0o700 }), dir('a', { mode: 0o711, mtime: 5 })]),
  },
  { name: 'an entry twice', layers: layers([file('x', 'first'), file('x', 'second!')]) },
  { name: 'names with dots and slashes', layers: layers([dir('./'), dir('./a'), file('./a/b'), file('/c')]) },
  {
    name: 'the root with attributes of its own',
    layers: layers([dir('.', { mode: 0o751, uid: 3, gid: 4 }), file('x')], [file('y')]),
  },
];

const LINKS: Stack[] = [
  { name: 'hard links', layers: layers([file('x'), link('y', 'x'), dir('d'), link('d/z', 'y')]) },
  {
    name: 'hard links across a deletion',
    layers: layers([file('x'), link('y', 'x'), link('z', 'y')], [gone('x')], [file('x', 'new')]),
  },
  { name: 'a hard link to a symlink', layers: layers([symlink('s', 'nowhere'), link('t', 's')]) },
  { name: 'one name of a linked file replaced', layers: layers([file('x'), link('y', 'x')], [file('y', 'other')]) },
  {
    name: 'linked files of an upper layer over plain ones',
    layers: layers([file('x'), file('y')], [file('x', 'new'), link('y', 'x')]),
  },
  {
    name: 'a hard link to a file of a lower layer',
    layers: layers(BASE, [link('b', 'a/one'), dir('c'), link('c/d', 'b')]),
  },
  {
    name: 'a hard link to a file two layers below, by a directory listed',
    layers: layers(BASE, [file('x')], [dir('a', { mode: 0o700 }), link('a/again', 'a/sub/deep')]),
  },
  {
    name: 'a hard link before its file',
    layers: layers([link('a', 'b'), file('b')]),
    umociErs: 'it has nothing to link to yet',
  },
  {
    name: 'a hard link to one of several names below',
    layers: layers([file('x'), link('y', 'x')], [link('z', 'y')]),
    umociErs: 'all three are one file there; in overlay form the lower one cannot be changed',
  },
  {
    name: 'a parent that is a link below',
    layers: layers([dir('usr'), symlink('bin', 'usr'), file('usr/sh')], [file('bin/more')]),
    umociErs: 'it follows the link',
  },
  {
    name: 'a hard link to what the same layer has, far away',
    layers: layers(BASE, [dir('a'), file('a/one', 'new'), dir('z'), link('z/one', 'a/one')]),
  },
];

const ATTRIBUTES: Stack[] = [
  {
    name: 'file capabilities kept with an owner',
    layers: layers([
      file('ping', 'x', { mode: 0o755, uid: 9, gid: 9, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } }),
    ]),
  },
  {
    name: 'capabilities taken away again',
    layers: layers(
      [file('ping', 'x', { mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } })],
      [file('ping', 'x', { mode: 0o755 })],
    ),
  },
  {
    name: 'setuid, setgid and sticky',
    layers: layers([
      file('su', 'x', { mode: 0o4755, uid: 1 }),
      file('sg', 'x', { mode: 0o2711, gid: 5 }),
      dir('t', { mode: 0o1777 }),
      dir('g', { mode: 0o2775, gid: 50 }),
      dir('g/in'),
      file('g/f'),
    ]),
  },
  {
    name: 'attributes with odd names',
    layers: layers([
      file('x', 'x', {
        pax: {
          'SCHILY.xattr.user.plain': 'value',
          'SCHILY.xattr.user.with space\nand line': Buffer.from([0, 10, 255, 61]),
          'SCHILY.xattr.user.\u00fcmlaut': 'ü',
          'SCHILY.xattr.user.empty-ish': '\0',
          'LIBARCHIVE.xattr.user.a%3Db%25': Buffer.from('equals').toString('base64'),
        },
      }),
      dir('d', { pax: { 'SCHILY.xattr.user.dir': '1', 'SCHILY.xattr.trusted.t': '2' } }),
    ]),
    umociLacks: 'it does not read attributes in the way of libarchive',
  },
  {
    name: 'attributes that change alone',
    layers: layers(
      [file('x', 'x', { pax: { 'SCHILY.xattr.user.a': '1' } })],
      [file('x', 'x', { pax: { 'SCHILY.xattr.user.a': '2' } })],
    ),
  },
  {
    name: 'marks of the overlay file system are not taken',
    layers: layers([
      dir('d', { pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y', 'SCHILY.xattr.user.overlay.opaque': 'y' } }),
      file('d/x'),
    ]),
    umociErs: 'it takes them',
  },
  {
    name: 'dates before 1970 and after 2038',
    layers: layers([
      file('old', 'x', { pax: { mtime: '-1000000000.25' } }),
      file('just', 'x', { pax: { mtime: '-0.5' } }),
      file('late', 'x', { pax: { mtime: '9000000000.123456789' } }),
      file('zero', 'x', { mtime: 0 }),
      dir('d', { pax: { mtime: '-86400' } }),
      { ...symlink('s', 'x'), pax: { mtime: '4000000000.5' } },
    ]),
  },
  {
    name: 'only the time changes',
    layers: layers(
      [file('x', 'x', { mtime: 5 }), dir('d', { mtime: 5 })],
      [file('x', 'x', { mtime: 6 }), dir('d', { mtime: 7 })],
    ),
  },
  { name: 'only the content changes', layers: layers([file('x', 'aaaa')], [file('x', 'bbbb')]) },
  { name: 'large owners', layers: layers([file('x', 'x', { pax: { uid: '3000000000', gid: '4000000000' } })]) },
  {
    name: 'device nodes, pipes',
    layers: layers(
      [
        { name: 'null', type: '3', mode: 0o666, major: 1, minor: 3 },
        { name: 'disk', type: '4', mode: 0o660, gid: 6, major: 259, minor: 70000 },
        { name: 'pipe', type: '6', mode: 0o600 },
      ],
      [{ name: 'null', type: '3', mode: 0o666, major: 1, minor: 5 }, file('pipe')],
    ),
  },
];

const LONG = Array.from({ length: 12 }, (_, depth) => `directory-number-${depth}`).join('/');
const longName = (type: 'L' | 'K', text: string): TarItem => ({ name: '././@LongLink', type, content: `${text}\0` });
const FORMS: Stack[] = [
  {
    name: 'pax long names',
    umociErs: UNTOLD,
    layers: layers([
      file('short', 'x', { pax: { path: `${LONG}/${'n'.repeat(255)}` } }),
      { ...symlink('s', 'x'), pax: { linkpath: 'y'.repeat(4000) } },
    ]),
  },
  {
    name: 'GNU long names',
    umociErs: UNTOLD,
    layers: layers([longName('L', `${LONG}/file`), file('cut'), longName('K', `${LONG}/file`), link('linked', 'cut')]),
  },
  { name: 'ustar prefixes', umociErs: UNTOLD, layers: layers([file('name', 'x', { prefix: LONG.slice(0, 100) })]) },
  {
    name: 'names that are not UTF-8',
    layers: layers([
      file('latin-\u00e9', 'x'),
      dir('d\u00ff\u00fe'),
      file('d\u00ff\u00fe/\u0080'),
      symlink('l\u00c0', '\u00ff'),
      file('x', 'x', { pax: { path: Buffer.from(`${'p'.repeat(120)}\u00ff`, 'latin1') } }),
    ]),
  },
  {
    name: 'names with line ends, quotes and blanks',
    layers: layers([file('a\nb'), file(' '), file('"\\'), file('-rf'), file('%41')]),
  },
  ...['0.0', '0.1', '1.0'].map((form): Stack => ({ name: `sparse files, ${form}`, layers: () => [sparse(form)] })),
  { name: 'sparse files, old GNU', layers: () => [sparse('gnu')], umociErs: 'it does not know them' },
  {
    name: 'a hundred thousand tiny files',
    large: true,
    layers: () => [
      tar(...manyFiles(100_000)),
      tar(dir('d7'), gone('d7/f7'), dir('d8'), file('d8/f8', 'new'), gone('d9')),
    ],
  },
];

function manyFiles(count: number): TarItem[] {
  const directories = Array.from({ length: 100 }, (_, at) => dir(`d${at}`));
  return [...directories, ...Array.from({ length: count }, (_, at) => file(`d${at % 100}/f${at}`, ''))];
}

/** GNU tar's own archive of files with holes: at the start, the end, all over, and more than a header's map holds. */
function sparse(form: string): Buffer {
  const at = mkdtempSync(join(tmpdir(), 'sampan-corpus-'));
  try {
    const script = [
      'truncate -s 1000000 hole',
      'truncate -s 300000 end; printf data | dd of=end conv=notrunc status=none',
      'printf data | dd of=start bs=1 seek=500000 status=none',
      'for i in $(seq 0 40); do printf "$i" | dd of=comb bs=1 seek=$((i * 65536)) conv=notrunc status=none; done',
      'touch -d @1000 *',
    ];
    execFileSync('sh', ['-e', '-c', script.join('\n')], { cwd: at });
    const format = form === 'gnu' ? ['--format=gnu'] : ['--format=posix', `--sparse-version=${form}`];
    const args = ['-cSf', '-', ...format, '--owner=0', '--group=0', '--mode=644', 'comb', 'end', 'hole', 'start'];
    return execFileSync('tar', args, { cwd: at, maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(at, { recursive: true });
  }
}

export const STACKS: readonly Stack[] = [...NAMES, ...LINKS, ...ATTRIBUTES, ...FORMS];
