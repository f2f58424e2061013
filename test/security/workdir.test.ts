import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { attackWorld, type AttackWorld } from './attack.ts';

const NUMBERS = Array.from({ length: 18 }, (_, index) => index + 3);
const UP = '../'.repeat(20);

let oci: AttackWorld;
let cli: CliWorld;
beforeAll(async () => {
  oci = attackWorld();
  cli = await cliWorld();
  expect(await cli.sampan('pull', '-q', cli.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(async () => {
  oci[Symbol.dispose]();
  await cli[Symbol.asyncDispose]();
});

/** Looks for the host's file from wherever the working directory is. */
const look = (): string[] => ['sh', '-c', `cat ${UP}${oci.prey.directory.slice(1)}/secret || exit 9`];

function expectHeld({ status, stdout }: { status: number | null; stdout: string }): void {
  expect(stdout).not.toContain(oci.prey.secret);
  expect(status).not.toBe(0);
}

test('a working directory that is a leaked descriptor is refused, in a bundle and in its exec (CVE-2024-21626)', () => {
  oci.configure(['sleep', '100']);
  expect(oci.oci('run', '--detach', 'inside')).toMatchObject({ status: 0 });
  for (const number of NUMBERS) {
    for (const cwd of [`/proc/self/fd/${number}`, `/proc/self/fd/${number}/..`, `/proc/1/fd/${number}`]) {
      oci.configure(look(), (_, process) => (process.cwd = cwd));
      expectHeld(oci.oci('run', `cwd-${number}`));
      expectHeld(oci.oci('exec', '--cwd', cwd, 'inside', ...look()));
    }
  }
  oci.oci('delete', '--force', 'inside');
}, 60_000);

test('so it is by -w and by the WORKDIR of an image', async () => {
  await cli.sampan('run', '-d', '--name', 'inside', cli.image, 'sleep', '100');
  for (const number of NUMBERS) {
    const cwd = `/proc/self/fd/${number}`;
    expectHeld(await cli.sampan('run', '--rm', '-w', cwd, cli.image, ...look()));
    expectHeld(await cli.sampan('exec', '-w', cwd, 'inside', ...look()));
  }
  const image = await cli.push('workdir', '1', { WorkingDir: '/proc/self/fd/8' });
  expectHeld(await cli.sampan('run', '--rm', image, ...look()));
  const climbing = await cli.push('workdir', '2', { WorkingDir: '../../../../proc/self/../../x' });
  expectHeld(await cli.sampan('run', '--rm', climbing, ...look()));
  await cli.sampan('rm', '-f', 'inside');
}, 60_000);

test('a program whose path is a descriptor is not found', () => {
  for (const number of NUMBERS) {
    oci.configure([`/proc/self/fd/${number}`, 'x']);
    expect(oci.oci('run', `fd-${number}`).status).not.toBe(0);
    oci.configure([`/proc/self/fd/${number}/bin/sh`, '-c', look().at(-1) ?? '']);
    expectHeld(oci.oci('run', `fd-${number}`));
  }
});
