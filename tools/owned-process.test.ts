import { describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { identify, isAlive } from '#base/process-identity.ts';
import { endLeftovers, startOwned } from '#tools/owned-process.ts';
import { BUN, TREE } from '#tools/places.ts';

/** A run that starts a process and is killed before it can stop it. Gives the identity of what it left. */
async function brokenRun(): Promise<string> {
  const script = `
    const { startOwned } = await import('#tools/owned-process.ts');
    console.log(startOwned('sleep', ['60']).child.pid);
    setTimeout(() => {}, 60000);`;
  const run = spawn(BUN, ['--eval', script], { cwd: TREE, stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((resolve) =>
    run.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
  );
  const left = identify(pid);
  run.kill('SIGKILL');
  await new Promise((resolve) => run.once('close', resolve));
  if (left === undefined) throw new Error('the process did not start');
  return left;
}

describe('owned processes', () => {
  test('what a killed run left running is ended, what a living one runs is not', async () => {
    const left = await brokenRun();
    const ours = startOwned('sleep', ['60']);
    expect(isAlive(left)).toBe(true);
    expect(endLeftovers()).toContain('sleep');
    await Bun.sleep(50);
    expect(isAlive(left)).toBe(false);
    expect(ours.child.exitCode).toBeNull();
    await ours.stop();
    expect(ours.child.signalCode).toBe('SIGTERM');
  });

  test('stop ends the whole group, also of a process that ignores TERM', async () => {
    const stubborn = startOwned('sh', ['-c', 'trap "" TERM; sleep 60 & echo $!; wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const child = await new Promise<number>((resolve) => {
      stubborn.child.stdout?.once('data', (text: Buffer) => resolve(Number(text.toString())));
    });
    const inner = identify(child);
    await stubborn.stop();
    await Bun.sleep(50);
    expect(inner).toBeDefined();
    expect(isAlive(inner ?? '')).toBe(false);
  });

  test('a program that is not there is an error of its end', async () => {
    await expect(startOwned('/nonesuch/program', []).ended).rejects.toThrow('ENOENT');
  });
});
