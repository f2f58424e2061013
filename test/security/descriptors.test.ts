import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { SAMPAN } from '#tools/places.ts';
import { attackWorld, compileAttack, scratch, type AttackWorld } from './attack.ts';

const tools = scratch();
let oci: AttackWorld;
let cli: CliWorld;
beforeAll(async () => {
  oci = attackWorld();
  compileAttack('descriptors', tools.path);
  compileAttack('descriptors', join(oci.rootfs, 'bin'));
  cli = await cliWorld();
  expect(await cli.sampan('pull', '-q', cli.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(async () => {
  oci[Symbol.dispose]();
  await cli[Symbol.asyncDispose]();
  tools[Symbol.dispose]();
});

/** A real terminal around the command, as `script` makes one; its own carriage returns and end-of-file echo are taken out. */
function atTerminal(...args: string[]): string {
  const printed = execFileSync('script', ['-qec', [SAMPAN, ...args].map((arg) => `'${arg}'`).join(' '), '/dev/null'], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: cli.root, HOME: cli.root, SHELL: '/bin/sh' },
  });
  return printed.replaceAll(/\r|\^@|[\b\0]/g, '');
}

test('a program of a bundle has three descriptors: run, exec, create and start', () => {
  oci.configure(['/bin/descriptors']);
  expect(oci.oci('run', 'once').stdout).toBe('0 1 2 \n');
  oci.configure(['sh', '-c', 'descriptors > /tmp/seen; sleep 100'], (spec) => {
    spec.root = { path: 'rootfs', readonly: false };
  });
  expect(oci.oci('create', 'held')).toMatchObject({ status: 0 });
  expect(oci.oci('start', 'held')).toMatchObject({ status: 0 });
  expect(oci.oci('exec', 'held', '/bin/descriptors').stdout).toBe('0 1 2 \n');
  expect(oci.oci('exec', 'held', 'sh', '-c', 'while ! test -s /tmp/seen; do :; done; cat /tmp/seen').stdout).toBe(
    '0 1 2 \n',
  );
  oci.oci('delete', '--force', 'held');
});

test('a container and an exec of the engine have three, with a terminal or an init too', async () => {
  const mount = ['-v', `${tools.path}:/attack:ro`];
  const program = [cli.image, '/attack/descriptors'];
  expect((await cli.sampan('run', '--rm', ...mount, ...program)).stdout).toBe('0 1 2 \n');
  expect((await cli.sampan('run', '--rm', '--init', ...mount, ...program)).stdout).toBe('0 1 2 \n');
  expect(atTerminal('run', '--rm', '-t', ...mount, ...program)).toBe('0 1 2 \n');
  expect(atTerminal('run', '--rm', '-it', '--init', ...mount, ...program)).toBe('0 1 2 \n');
  await cli.sampan('run', '-d', '--init', '--name', 'open', ...mount, cli.image, 'sleep', '100');
  expect((await cli.sampan('exec', 'open', '/attack/descriptors')).stdout).toBe('0 1 2 \n');
  expect(atTerminal('exec', '-t', 'open', '/attack/descriptors')).toBe('0 1 2 \n');
  await cli.sampan('rm', '-f', 'open');
});

test('descriptors that were leaked to the command line do not reach a container', async () => {
  const leak = ['exec 7</ 8</etc/shadow 9>>/dev/null', `exec "$@"`].join('; ');
  const leaky = (...args: string[]): string =>
    execFileSync('bash', ['-c', leak, 'bash', SAMPAN, ...args], {
      encoding: 'utf8',
      cwd: oci.directory,
      env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: cli.root, HOME: cli.root },
    });
  oci.configure(['/bin/descriptors']);
  expect(leaky('oci', '--root', join(oci.directory, 'state'), 'run', 'leaky')).toBe('0 1 2 \n');
  expect(leaky('run', '--rm', '-v', `${tools.path}:/attack:ro`, cli.image, '/attack/descriptors')).toBe('0 1 2 \n');
});
