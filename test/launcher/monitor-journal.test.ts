import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { BUILDS } from './harness.ts';
import { Container, shellPlan } from './monitor-fixture.ts';

const AHEAD = 4_000_000_000_000_000_000n;

describe.each(BUILDS.map((path) => [path]))('journal of a monitor (%s)', (launcher) => {
  let container: Container;
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(() => container.remove());

  const lines = (): string[] => readFileSync(container.path('journal'), 'latin1').split('\n').slice(0, -1);
  const run = async (script: string, more: Parameters<typeof shellPlan>[1] = {}): Promise<void> => {
    await container.start(shellPlan(script, more));
    await container.ended();
  };

  test('a run is noted with its pid and its exit status, times going up', async () => {
    await run('exit 7');
    await run('kill -9 $$', { flags: 0 });
    const words = lines().map((line) => line.split(' '));
    expect(words.map((line) => line[1])).toEqual(['started', 'exited', 'started', 'exited']);
    expect(words[0]?.[2]).toMatch(/^pid=\d+$/);
    expect(words[1]?.slice(2, 5)).toEqual(['code=7', 'signal=0', 'oom=0']);
    expect(words[3]?.slice(2, 5)).toEqual(['code=137', 'signal=9', 'oom=0']);
    const times = words.map(([time = '']) => BigInt(time));
    for (const [at, time] of times.slice(1).entries()) expect(time).toBeGreaterThan(times[at] ?? 0n);
    expect(words[3]?.slice(2).join('\n')).toBe(readFileSync(container.path('exit'), 'latin1').trim());
  });

  test('a launch that fails is noted with its errno', async () => {
    await run('', { program: '/missing' });
    expect(lines().map((line) => line.replace(/^\d+ | (started|finished)=\d+/g, ''))).toEqual([
      'failed code=125 signal=0 oom=0 error=2',
    ]);
  });

  test('a torn line of a monitor that died costs no other line, and a clock set back no order', async () => {
    writeFileSync(container.path('journal'), `1 started pid=1\n${AHEAD} exited code=0\n17 star`);
    await run('true');
    expect(lines()[2]).toBe('17 star ?');
    expect(lines().map((line) => line.replace(/ .*/, ''))).toEqual([
      '1',
      String(AHEAD),
      '17',
      String(AHEAD + 1n),
      String(AHEAD + 2n),
    ]);
  });

  test('one that has grown long keeps its newest lines whole', async () => {
    const old = Array.from({ length: 3000 }, (_, at) => `${at + 1} health_status status=healthy\n`);
    writeFileSync(container.path('journal'), old.join(''));
    await run('true');
    const kept = lines();
    expect(kept.at(-1)).toContain(' exited ');
    expect(kept.at(-3)).toBe('3000 health_status status=healthy');
    expect(kept.length).toBeGreaterThan(400);
    expect(kept.length).toBeLessThan(600);
    expect(kept.filter((line) => !/^\d+ (health_status status=healthy|started .*|exited .*)$/.test(line))).toEqual([]);
  });
});
