import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packOne, packTree, type PackRequest } from '#kernel/tree-packer.ts';
import { BUILDS } from './harness.ts';
import { runRole, scratchDirectory } from './tree-roles.ts';

/** A tree by itself. */
const plain = (base: string, name: string): PackRequest => {
  return { base, upper: [name], lower: [], over: false, form: 'archive', point: '/nowhere' };
};

describe.each(BUILDS.map((path) => [path]))('pack (%s)', (launcher) => {
  let scratch: ReturnType<typeof scratchDirectory>;
  let tree: string;
  beforeEach(() => {
    scratch = scratchDirectory();
    tree = join(scratch.path, 'tree');
    mkdirSync(tree);
  });
  afterEach(() => scratch.remove());

  const pack = async (): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of packTree(launcher, plain(scratch.path, 'tree'))) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  /** GNU tar unpacks it; what find sees of it, with attributes. */
  const seen = (root: string): string =>
    execFileSync('sh', [
      '-c',
      `cd "$0" && find . -mindepth 1 ! -type s -printf '%P %y %m %U:%G %l %n ' \\( -type d -printf '\\n' -o -printf '%s %T@\\n' \\) | sed 's/\\.0*$//' | sort; ` +
        `getfattr -R -h -d -m - . 2>/dev/null | sort`,
      root,
    ]).toString();
  const unpack = (archive: Buffer): string => {
    const target = join(scratch.path, 'unpacked');
    mkdirSync(target);
    execFileSync(
      'tar',
      ['-x', '--numeric-owner', '--same-owner', '-p', '--xattrs', '--xattrs-include=*', '-C', target],
      { input: archive },
    );
    return target;
  };

  test('everything of a tree is in the archive, as GNU tar reads it', async () => {
    const deep = join(tree, ...Array.from({ length: 12 }, () => 'a-name-of-some-length'));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'x'.repeat(255)), 'deep');
    writeFileSync(join(tree, 'setuid'), 'x');
    execFileSync('chown', ['3000000:4000000000', join(tree, 'setuid')]);
    chmodSync(join(tree, 'setuid'), 0o4755);
    execFileSync('setfattr', ['-n', 'user.odd', '-v', '0x000aff3d', join(tree, 'setuid')]);
    linkSync(join(tree, 'setuid'), join(tree, 'z-linked'));
    symlinkSync('../../outside', join(tree, 'link'));
    symlinkSync('y'.repeat(300), join(tree, 'long-link'));
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]), 'not UTF-8');
    execFileSync('mkfifo', [join(tree, 'fifo')]);
    execFileSync('mknod', [join(tree, 'device'), 'c', '1', '3']);
    writeFileSync(join(tree, 'large'), Buffer.alloc(1_000_001, 7));
    writeFileSync(join(tree, 'old'), '');
    utimesSync(join(tree, 'old'), -5, -5);
    writeFileSync(join(tree, 'late'), '');
    utimesSync(join(tree, 'late'), 9_000_000_000, 9_000_000_000);
    for (const name of ['setuid', 'large']) utimesSync(join(tree, name), 1_700_000_000, 1_700_000_000);
    execFileSync('sh', [
      '-c',
      'find "$0" -newermt 2025-01-01 -not -newermt 2200-01-01 -exec touch -h -d @1600000000 {} +',
      tree,
    ]);
    const target = unpack(await pack());
    expect(seen(target)).toBe(seen(tree));
    expect(
      spawnSync('diff', ['-r', '--no-dereference', '--exclude=fifo', '--exclude=device', tree, target]).status,
    ).toBe(0);
  });

  test('an empty tree gives an archive, a socket is left out', async () => {
    expect((await pack()).length).toBe(1024);
    const socket = spawnSync('python3', [
      '-c',
      'import socket,sys;socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
      join(tree, 's'),
    ]);
    if (socket.status === 0) expect((await pack()).length).toBe(1024);
  });

  test('holes are read as zeros', async () => {
    writeFileSync(join(tree, 'sparse'), 'x');
    truncateSync(join(tree, 'sparse'), 3_000_000);
    expect(execFileSync('tar', ['-xO'], { input: await pack(), maxBuffer: 1e8 }).length).toBe(3_000_000);
  });

  test('one object alone, by another name, and never what a link leads to', async () => {
    mkdirSync(join(tree, 'dir/sub'), { recursive: true });
    writeFileSync(join(tree, 'dir/sub/file'), 'x');
    symlinkSync('/etc', join(tree, 'link'));
    const names = async (name: string, as: string): Promise<string> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of packOne(launcher, tree, { name, as })) chunks.push(chunk);
      return execFileSync('tar', ['-tv'], { input: Buffer.concat(chunks) })
        .toString()
        .replaceAll(/^(\S).*? (\S+( -> \S+)?)$/gm, '$1 $2');
    };
    expect(await names('dir', 'other')).toBe('d other/\nd other/sub/\n- other/sub/file\n');
    expect(await names('link', 'way')).toBe('l way -> /etc\n');
    for (const name of ['../x', 'dir/sub', 'x'.repeat(300)]) {
      const error: unknown = await names(name, 'x').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ facts: { errno: 'EINVAL' } });
    }
  });

  test('a command line that is none is refused', () => {
    expect(runRole(launcher, 'pack', [tree], ['9']).code).toBe(124);
    expect(runRole(launcher, 'pack', []).code).toBe(124);
  });

  test('a tree that is too deep fails, and says where', async () => {
    execFileSync('python3', [
      '-c',
      'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(2100):\n  os.mkdir("d"); os.chdir("d")',
      tree,
    ]);
    const error: unknown = await pack().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ facts: { errno: 'ELOOP' } });
  });
});
