import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packTree, type PackRequest } from '#kernel/tree-packer.ts';
import { BUILDS } from './harness.ts';
import { scratchDirectory } from './tree-roles.ts';

/** Swaps a directory and files with links, pipes and devices, and makes files shorter and longer. */
const HOSTILE = `
import os, sys, random
tree, outside = sys.argv[1:]
os.chdir(tree)
secret = outside + '/secret'
def file(path): open(path, 'w').write('y' * 9000)
makers = [file, lambda p: os.symlink(secret, p), lambda p: os.mkfifo(p), lambda p: os.mknod(p, 0o20666, os.makedev(1, 5)), lambda p: os.mkdir(p), lambda p: os.symlink(outside, p)]
while True:
    name = 'd/file-%d' % random.randrange(50)
    try:
        random.choice(makers)('new')
        if os.path.isdir(name) and not os.path.islink(name): os.rmdir(name)
        elif os.path.isdir('new') and not os.path.islink('new'): os.unlink(name)
        os.rename('new', name)
    except OSError:
        try: os.unlink('new')
        except OSError:
            try: os.rmdir('new')
            except OSError: pass
    try:
        os.rename('d', 'moved'); os.symlink(outside, 'd'); os.unlink('d'); os.rename('moved', 'd')
    except OSError: pass
    try: os.truncate('d/file-%d' % random.randrange(50), random.randrange(40000))
    except OSError: pass
`;

describe.each(BUILDS.map((path) => [path]))('pack of changes (%s)', (launcher) => {
  let scratch: ReturnType<typeof scratchDirectory>;
  let [upper, lower] = ['', ''];
  beforeEach(() => {
    scratch = scratchDirectory();
    [upper = '', lower = ''] = ['upper', 'lower', 'point'].map((name) => join(scratch.path, name));
    for (const name of ['upper', 'lower', 'point', 'other']) mkdirSync(join(scratch.path, name));
  });
  afterEach(() => scratch.remove());

  const bytes = async (more: Partial<PackRequest> = {}): Promise<Buffer> => {
    const request: PackRequest = {
      base: scratch.path,
      upper: ['upper'],
      lower: ['lower'],
      over: false,
      form: 'names',
      point: join(scratch.path, 'point'),
      ...more,
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of packTree(launcher, request)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const names = async (more: Partial<PackRequest> = {}): Promise<string[]> =>
    (await bytes(more)).toString().split('\0').slice(0, -1);
  /** The same file in both, as far as looks go. */
  const both = (name: string, a: string, b: string): void => {
    for (const [tree, text] of [
      [upper, a],
      [lower, b],
    ] as const) {
      writeFileSync(join(tree, name), text);
      utimesSync(join(tree, name), 5, 5);
    }
  };
  const sameTimes = (...paths: string[]): void => {
    for (const tree of [upper, lower]) for (const path of paths) utimesSync(join(tree, path), 5, 5);
  };

  test('trees that are the same have no changes; a byte, a mode, a time is one', async () => {
    both('same', 'x'.repeat(200_000), 'x'.repeat(200_000));
    both('last-byte', `${'x'.repeat(199_999)}y`, 'x'.repeat(200_000));
    both('mode', 'x', 'x');
    both('time', 'x', 'x');
    chmodSync(join(upper, 'mode'), 0o4755);
    utimesSync(join(upper, 'time'), 5, 6);
    expect(await names()).toEqual(['Clast-byte', 'Cmode', 'Ctime']);
    expect(await names({ upper: ['lower'] })).toEqual([]);
  });

  test('in overlay form whiteouts delete, plain directories let through, opaque ones do not', async () => {
    for (const path of ['plain', 'opaque']) {
      for (const tree of [upper, lower]) mkdirSync(join(tree, path));
      writeFileSync(join(lower, path, 'below'), '');
      writeFileSync(join(upper, path, 'own'), '');
    }
    execFileSync('mknod', [join(upper, 'plain', 'gone'), 'c', '0', '0']);
    execFileSync('mknod', [join(upper, 'nothing'), 'c', '0', '0']);
    writeFileSync(join(lower, 'plain', 'gone'), '');
    execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(upper, 'opaque')]);
    sameTimes('plain', 'opaque');
    expect(await names({ over: true })).toEqual([
      'Copaque',
      'Dopaque/below',
      'Aopaque/own',
      'Cplain',
      'Dplain/gone',
      'Aplain/own',
    ]);
    const layer = await bytes({ over: true, form: 'layer' });
    expect(execFileSync('tar', ['-t'], { input: layer }).toString().split('\n').slice(0, -1)).toEqual([
      'opaque/',
      'opaque/.wh.below',
      'opaque/own',
      'plain/',
      'plain/.wh.gone',
      'plain/own',
    ]);
  });

  test('several layers are seen as the kernel lays them over each other', async () => {
    writeFileSync(join(lower, 'low'), '');
    writeFileSync(join(scratch.path, 'other', 'high'), '');
    writeFileSync(join(upper, 'low'), 'changed');
    expect(await names({ lower: ['other', 'lower'] })).toEqual(['Dhigh', 'Clow']);
    expect(await names({ lower: ['other', 'lower'], over: true })).toEqual(['Clow']);
    expect(await names({ upper: ['other', 'upper', 'lower'], lower: [] })).toEqual(['Ahigh', 'Alow']);
    expect(execFileSync('cat', ['/proc/self/mountinfo']).toString()).not.toContain(scratch.path);
  });

  test('a new name of an old file takes the old names along', async () => {
    both('a', 'x', 'x');
    linkSync(join(upper, 'a'), join(upper, 'z'));
    expect(await names()).toEqual(['Ca', 'Az']);
    expect(execFileSync('tar', ['-tv'], { input: await bytes({ form: 'layer' }) }).toString()).toContain('z link to a');
  });

  test('what is skipped is neither added nor deleted, nor is the time of the directory above', async () => {
    for (const tree of [upper, lower]) mkdirSync(join(tree, 'etc'));
    mkdirSync(join(upper, 'data'));
    writeFileSync(join(upper, 'data', 'inside'), '');
    writeFileSync(join(upper, 'etc', 'hosts'), '');
    writeFileSync(join(lower, 'dev'), '');
    utimesSync(join(lower, 'etc'), 5, 5);
    expect(await names({ skip: ['data', 'etc/hosts', 'dev'] })).toEqual([]);
    expect(await names({ skip: ['data', 'dev'] })).toEqual(['Cetc', 'Aetc/hosts']);
  });

  test('a name that would be read as a mark fails in a layer, and says which', async () => {
    mkdirSync(join(upper, 'd'));
    writeFileSync(join(upper, 'd', '.wh.x'), '');
    const error: unknown = await bytes({ form: 'layer' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ facts: { errno: 'EILSEQ', path: 'd/.wh.x' } });
    expect((await bytes({ form: 'archive', lower: [] })).length).toBeGreaterThan(1024);
  });

  test('attributes with "=" in their names go the way of libarchive', async () => {
    writeFileSync(join(upper, 'x'), '');
    for (const [name, value] of [
      ['user.a=b%c', 'value'],
      ['user.z', 'v'],
      ['user.a', 'w'],
    ] as const)
      execFileSync('setfattr', ['-n', name, '-v', value, join(upper, 'x')]);
    execFileSync('setfattr', ['-n', 'trusted.overlay.origin', '-v', 'v', join(upper, 'x')]);
    const text = (await bytes({ form: 'layer' })).toString('latin1');
    expect(text).toContain('LIBARCHIVE.xattr.user.a%3Db%25c=dmFsdWU=\n');
    expect(text.indexOf('xattr.user.a=w')).toBeLessThan(text.indexOf('xattr.user.z=v'));
    expect(text).not.toContain('overlay');
  });

  test('files that change while they are read, and names that lead elsewhere, give a whole archive of the tree alone', async () => {
    const outside = join(scratch.path, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'SECRET'.repeat(1000));
    mkdirSync(join(upper, 'd'));
    for (let at = 0; at < 50; at += 1) writeFileSync(join(upper, 'd', `file-${at}`), 'x'.repeat(20_000));
    const child = Bun.spawn(['python3', '-c', HOSTILE, upper, outside], { stdout: 'ignore', stderr: 'inherit' });
    try {
      let whole = 0;
      for (let round = 0; round < 60; round += 1) {
        const archive = await bytes({ form: 'layer' }).catch((error: unknown) => error);
        if (archive instanceof Buffer) {
          whole += 1;
          expect(archive.includes('SECRETSECRET')).toBe(false);
          execFileSync('tar', ['-t'], { input: archive, stdio: ['pipe', 'ignore', 'inherit'] });
        } else expect(archive).toMatchObject({ name: 'Fault' });
      }
      expect(whole).toBeGreaterThan(0);
    } finally {
      child.kill();
      await child.exited;
    }
  }, 60_000);
});
