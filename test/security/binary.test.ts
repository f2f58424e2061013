import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { attackWorld, compileAttack, USUAL_CAPABILITIES, type AttackWorld } from './attack.ts';

let world: AttackWorld;
beforeAll(() => {
  world = attackWorld();
  world.configure(['true']);
  // Lays the launcher out.
  expect(world.oci('run', 'first')).toMatchObject({ status: 0 });
  compileAttack('scan', join(world.rootfs, 'bin'));
  writeFileSync(join(world.rootfs, 'evil'), '#!/proc/self/exe\necho run as a script\n');
  chmodSync(join(world.rootfs, 'evil'), 0o755);
});
afterAll(() => world[Symbol.dispose]());

/** The executable, and the launcher that it has laid out. Held open: a build may replace them meanwhile. */
const binaries = [SAMPAN, '/run/sampan/launcher'];

function holdBinaries(): Disposable & { hashes(): string[] } {
  const fds = binaries.map((path) => openSync(path, 'r'));
  return {
    hashes: () => fds.map((fd) => createHash('sha256').update(wholeFile(fd)).digest('hex')),
    [Symbol.dispose]: () => fds.forEach((fd) => closeSync(fd)),
  };
}

function wholeFile(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, bytes, 0, bytes.length, 0);
  return bytes;
}

/** Starts `scan` inside; `attack` then has so many milliseconds. Returns what scan printed. */
async function whileScanned(
  milliseconds: number,
  attack: () => void,
  capabilities = USUAL_CAPABILITIES,
): Promise<string> {
  world.configure(['/bin/scan', String(milliseconds)], (_, process) => {
    process.capabilities = { bounding: capabilities, effective: capabilities, permitted: capabilities };
  });
  const scanning = world.start('run', 'scanned');
  const until = Date.now() + milliseconds - 100;
  while (world.oci('state', 'scanned').status !== 0) await Bun.sleep(5);
  while (Date.now() < until) attack();
  const { status, stdout, stderr } = await scanning.ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('a program that is a script of /proc/self/exe gets a sealed copy, and the host binary stays (CVE-2019-5736)', () => {
  using held = holdBinaries();
  const before = held.hashes();
  world.configure(['/evil']);
  const { status, stdout } = world.oci('run', 'evil');
  expect(status).not.toBe(0);
  expect(stdout).not.toContain('run as a script');
  expect(held.hashes()).toEqual(before);
});

/** What scan saw, when it had something to look at. */
function findings(printed: string): string[] {
  const lines = printed.trimEnd().split('\n');
  expect(Number(lines.at(-1)?.replace('seen ', ''))).toBeGreaterThan(100);
  return lines.slice(0, -1);
}

test('a scan of /proc during execs finds nothing of the launcher: no binary, tree or descriptor', async () => {
  let joined = 0;
  const printed = await whileScanned(2500, () => {
    if (world.oci('exec', 'scanned', '/bin/true').status === 0) joined++;
  });
  expect(joined).toBeGreaterThan(5);
  expect(findings(printed)).toEqual([]);
}, 30_000);

test('nor can the copy be written that such a script is given', async () => {
  using held = holdBinaries();
  const before = held.hashes();
  const printed = await whileScanned(1500, () => void world.oci('exec', 'scanned', '/evil'));
  // The copy is the program then, so that it can be seen; nothing but its name may be.
  expect(findings(printed).filter((line) => !/^exe of \d+ is \/memfd:sampan-launcher \(deleted\)$/.test(line))).toEqual(
    [],
  );
  expect(held.hashes()).toEqual(before);
}, 30_000);

test('nor does CAP_SYS_PTRACE give a container more than the copy, and the two ways of telling its own caller', async () => {
  const allowed = [
    /^exe of \d+ is \/memfd:sampan-launcher \(deleted\)$/,
    /^descriptor \d+ of \d+ is socket:\[\d+\]$/,
    /^descriptor \d+ of \d+ is anon_inode:\[pidfd\]$/,
    /^descriptor \d+ of \d+ is \/run\/sampan\/#\d+ \(deleted\)$/,
    // The same for a stored plan: a file in memory.
    /^descriptor \d+ of \d+ is \/memfd:report \(deleted\)$/,
  ];
  const execs = (): void => void world.oci('exec', 'scanned', '/bin/true');
  const printed = await whileScanned(2500, execs, [...USUAL_CAPABILITIES, 'CAP_SYS_PTRACE']);
  const kinds = findings(printed).filter((line) => !allowed.some((pattern) => pattern.test(line)));
  expect(kinds).toEqual([]);
}, 30_000);
