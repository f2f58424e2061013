/** The user's terminal at bad moments: signals, suspensions, windows of every size, ends in the middle. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { SAMPAN } from '#tools/places.ts';
import { sampanAtTerminal, type Person } from './at-terminal.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const at = (args: readonly string[], drive: (person: Person) => Promise<void>) =>
  sampanAtTerminal(world.root, args, drive);
const isRunning = async (name: string): Promise<boolean> =>
  (await world.sampan('inspect', '-f', '{{.State.Running}}', name)).stdout === 'true\n';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/** The process of the command line that has these words. */
function findProcess(...words: string[]): number | undefined {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => {
      const line = read(`/proc/${pid}/cmdline`).split('\0');
      return /sampan(-large)?$/.test(line[0] ?? '') && words.every((word) => line.includes(word));
    });
  return found === undefined ? undefined : Number(found);
}

function processOf(...words: string[]): number {
  const found = findProcess(...words);
  if (found === undefined) throw new Error(`no process has ${words.join(' ')}`);
  return found;
}

const stateOf = (pid: number): string => /^State:\t(\w)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 'gone';
const isRaw = (pid: number): boolean =>
  execFileSync('stty', ['-a', '-F', readlinkSync(`/proc/${pid}/fd/0`)], { encoding: 'utf8' }).includes('-icanon');

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 500) throw new Error(`never ${what}`);
    await Bun.sleep(20);
  }
}

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGQUIT', 131],
] as const)('%s ends run -it with the terminal as it was, and leaves the container', async (signal, code) => {
  const name = `on-${signal.toLowerCase()}`;
  const { status, cooked } = await at(['run', '-it', '--name', name, world.image, 'sh'], async ({ seen }) => {
    await seen('/ #');
    process.kill(processOf('run', name), signal);
    await seen('status=');
  });
  expect([status, cooked]).toEqual([code, true]);
  expect(await isRunning(name)).toBe(true);
  const joined = await at(['attach', name], async ({ seen, type }) => {
    await until('raw', () => {
      const pid = findProcess('attach', name);
      return pid !== undefined && isRaw(pid);
    });
    type('echo again-$((1+1))\r');
    await seen('again-2');
    process.kill(processOf('attach', name), signal);
    await seen('status=');
  });
  expect([joined.status, joined.cooked]).toEqual([code, true]);
  expect(await isRunning(name)).toBe(true);
  await world.sampan('rm', '-f', name);
});

test('suspended, the terminal is as it was; continued, keys are the container’s again', async () => {
  const { status, cooked } = await at(['run', '-it', '--rm', '--name', 'paused', world.image, 'sh'], async (person) => {
    await person.seen('/ #');
    const pid = processOf('run', 'paused');
    expect(isRaw(pid)).toBe(true);
    for (const round of [1, 2]) {
      process.kill(pid, 'SIGTSTP');
      await until('stopped', () => stateOf(pid) === 'T');
      expect(isRaw(pid)).toBe(false);
      person.resize(20 + round, 60);
      process.kill(pid, 'SIGCONT');
      await until('raw again', () => isRaw(pid));
      person.type(`stty size; echo r-$((${round}+5))\r`);
      await person.seen(`${20 + round} 60`);
      await person.seen(`r-${round + 5}`);
    }
    person.type('exit 7\r');
    await person.seen('status=');
  });
  expect([status, cooked]).toEqual([7, true]);
});

test('exec -it, too, gives the terminal back at a signal', async () => {
  await world.sampan('run', '-d', '--name', 'house', world.image, 'sleep', '1000');
  const { cooked } = await at(['exec', '-it', 'house', 'sh'], async ({ seen }) => {
    await seen('/ #');
    // Handed on to the shell, which a hangup ends.
    process.kill(processOf('exec', 'house'), 'SIGHUP');
    await seen('status=');
  });
  expect(cooked).toBe(true);
  await world.sampan('rm', '-f', 'house');
});

test('a storm of sizes ends with the last one, and no size is too small', async () => {
  const { status, cooked } = await at(['run', '-it', '--rm', world.image, 'sh'], async ({ seen, type, resize }) => {
    await seen('/ #');
    for (let one = 0; one < 300; one += 1) {
      resize(1 + (one % 50), 1 + ((one * 7) % 200));
      if (one % 20 === 0) await Bun.sleep(1);
    }
    for (const [rows, columns] of [
      [2, 2],
      [2, 200],
      [33, 77],
    ] as const) {
      resize(rows, columns);
      await Bun.sleep(300);
      type('stty size\r');
      await seen(`${rows} ${columns}\r\n`);
    }
    type('exit 0\r');
    await seen('status=');
  });
  expect([status, cooked]).toEqual([0, true]);
});

test('the end of the container at any moment leaves the terminal as it was', async () => {
  for (const pause of ['0', '0.01', '0.05', '0.2']) {
    const script = `sleep ${pause}; echo at-the-end; exit 9`;
    const { status, cooked, shown } = await at(
      ['run', '-it', '--rm', world.image, 'sh', '-c', script],
      async ({ seen, type }) => {
        type('typed before anybody listens');
        await seen('status=');
      },
    );
    expect({ status, cooked, shown }).toEqual({
      status: 9,
      cooked: true,
      shown: expect.stringContaining('at-the-end\r\n'),
    });
  }
});

test('a monitor that is killed ends the session, and the terminal is as it was', async () => {
  const { status, cooked } = await at(['run', '-it', '--name', 'bereft', world.image, 'sh'], async ({ seen }) => {
    await seen('/ #');
    const id = (await world.sampan('inspect', '-f', '{{.Id}}', 'bereft')).stdout.trim();
    process.kill(Number(readFileSync(`${world.root}/containers/${id}/lock`, 'utf8').split(' ')[0]), 'SIGKILL');
    await seen('status=');
  });
  expect(status).not.toBe(0);
  expect(cooked).toBe(true);
  await world.sampan('rm', '-f', 'bereft');
});

test('a terminal that goes away takes the command with it, not the container', async () => {
  const terminal = new Bun.Terminal({ cols: 80, rows: 24, data: () => undefined });
  // Without a session of its own, so that nobody sends a signal.
  const child = Bun.spawn(['setsid', '-w', SAMPAN, 'run', '-it', '--name', 'lost', world.image, 'sh'], {
    terminal,
    env: { PATH: '/usr/bin:/bin', HOME: world.root, SAMPAN_ROOT: world.root },
  });
  await until('raw', () => {
    const pid = findProcess('run', 'lost');
    return pid !== undefined && isRaw(pid);
  });
  terminal.close();
  await child.exited;
  expect(await isRunning('lost')).toBe(true);
  await world.sampan('rm', '-f', 'lost');
});

test('a flood of output while keys are typed loses neither', async () => {
  const script = 'read line; seq 1 50000; echo "got $line"; read line; echo "then $line"';
  const { status, shown } = await at(
    ['run', '-it', '--rm', world.image, 'sh', '-c', script],
    async ({ seen, type }) => {
      await Bun.sleep(500);
      type('first\r');
      type('second\r');
      await seen('then second');
      await seen('status=');
    },
  );
  expect(status).toBe(0);
  const numbers = [...shown.matchAll(/^(\d+)\r$/gm)].map((found) => Number(found[1]));
  expect(numbers.length).toBe(50_000);
  expect(numbers.every((number, index) => number === index + 1)).toBe(true);
  expect(shown).toContain('got first');
  expect(world.leftovers()).toEqual([]);
});
