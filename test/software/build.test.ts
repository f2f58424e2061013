/** A program in C, built by somebody without rights in a container that cannot be written to; the result comes out by cp. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsClean, IMAGE, softwareWorld, type SoftwareWorld } from './world.ts';

let world: SoftwareWorld;
const directory = mkdtempSync(join(tmpdir(), 'sampan-build-'));
beforeAll(async () => (world = await softwareWorld()), 360_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));
endsClean(() => world);

const PARTS = 12;
const SOURCES: Record<string, string> = {
  Makefile: `objects = main.o ${names('o')}\nprogram: $(objects)\n\tcc -static -o $@ $^\n%.o: %.c\n\tcc -O2 -c -o $@ $<\n`,
  'main.c': `#include <stdio.h>\n${each((n) => `int part${n}(void);`)}\nint main(void) { printf("%d\\n", 0${each((n) => `+ part${n}()`)}); return 0; }\n`,
  ...Object.fromEntries(
    Array.from({ length: PARTS }, (_, n) => [`part${n}.c`, `int part${n}(void) { return ${n}; }\n`]),
  ),
};

test('make with several jobs, no rights, a read-only root, little memory', async () => {
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(directory, name), text);
  const held = ['-u', 'games', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '-m', '256m'];
  const places = ['--tmpfs', '/tmp:mode=1777', '--mount', 'type=volume,source=built,target=/build', '-w', '/build'];
  expect((await world.sampan('volume', 'create', 'built')).status).toBe(0);
  await world.run(['-v', `${directory}:/src:ro`, '-v', 'built:/build'], 'cp /src/* /build && chown -R games /build');
  const idle = [IMAGE, 'sleep', 'infinity'];
  expect(await world.sampan('run', '-d', '--init', '--name', 'build', ...held, ...places, ...idle)).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(await world.exec('build', 'make -s -j4 && ./program')).toBe(`${(PARTS * (PARTS - 1)) / 2}\n`);
  expect((await world.call(['exec', 'build', 'touch', '/x'])).stderr).toContain('Read-only file system');
  expect((await world.sampan('cp', 'build:/build/program', directory)).status).toBe(0);
  expect(execFileSync(join(directory, 'program'), { encoding: 'utf8' })).toBe('66\n');
  expect((await world.sampan('rm', '-f', 'build')).status).toBe(0);
  expect((await world.sampan('volume', 'rm', 'built')).status).toBe(0);
});

test('a compiler that wants more memory than it may have is killed, and not the container', async () => {
  const idle = [IMAGE, 'sleep', 'infinity'];
  const limit = ['-m', '40m', '--memory-swap', '40m'];
  expect(await world.sampan('run', '-d', '--init', '--name', 'small', ...limit, ...idle)).toMatchObject({ status: 0 });
  const big = `i=0; while [ $i -lt 30000 ]; do echo "int f$i(int a) { return a * $i + f0(a); }"; i=$((i+1)); done >/big.c`;
  const { status, stderr } = await world.call([
    'exec',
    'small',
    'sh',
    '-c',
    `(echo 'int f0(int);'; ${big}); sed -i 's/^int f0(int a) .*/int f0(int);/' /big.c; cc -O2 -c -o /big.o /big.c`,
  ]);
  expect(status).not.toBe(0);
  expect(stderr).toContain('Killed signal terminated program cc1');
  expect(await world.exec('small', 'echo alive')).toBe('alive\n');
  expect((await world.sampan('rm', '-f', 'small')).status).toBe(0);
});

function names(ending: string): string {
  return each((n) => `part${n}.${ending}`);
}

function each(show: (n: number) => string): string {
  return Array.from({ length: PARTS }, (_, n) => show(n)).join(' ');
}
