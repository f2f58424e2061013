import { afterEach, beforeEach, describe, expect, test } from 'bun:test';

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { readHealth, readHealthResults } from '#engine/monitor/health-file.ts';
import { BUILDS } from './harness.ts';
import { Container, FROM, shellPlan, TO, until } from './monitor-fixture.ts';

const PIDS = '/sys/fs/cgroup/pids';
const CLONE_NEWPID = 0x20000000;
let groups = 0;

/** A length of sleep that nobody else on this machine has, by which its process is found. */
const sleepOf = (number: number): string => `sleep ${process.pid}${number}`;
const isRunning = (command: string): boolean => Bun.spawnSync(['pgrep', '-fx', command]).exitCode === 0;

type MonitorStep = Extract<Step, { op: 'monitor' }>;

/** A check that joins the PID namespace of the container by the descriptor that the monitor hands over. */
function checkPlan(script: string, before: Step[] = []): Plan {
  const die: Step = { op: 'prctl', option: 1, a: 9 };
  return {
    inherited: ['init'],
    programs: [
      {
        name: 'main',
        steps: [
          { op: 'setns', slot: 'init', flags: CLONE_NEWPID },
          { op: 'clone', program: 'check', flags: 0, out: 'child', report: 1 },
          { op: 'supervise', pidfd: 'child' },
        ],
      },
      {
        name: 'check',
        steps: [
          die,
          ...before,
          { op: 'exec', candidates: ['/bin/busybox'], argv: ['sh', '-c', script], env: ['PATH=/usr/bin:/bin'] },
        ],
      },
    ],
  };
}

interface Numbers {
  interval: number;
  timeout: number;
  startPeriod: number;
  startInterval: number;
  patience: number;
  retries: number;
  signal: number;
}

const USUAL: Numbers = {
  interval: 30,
  timeout: 20_000,
  startPeriod: 0,
  startInterval: 30,
  patience: 0,
  retries: 3,
  signal: 0,
};

describe.each(BUILDS.map((path) => [path]))('health checks (%s)', (launcher) => {
  let container: Container;
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(async () => {
    if (container.locked()) process.kill(container.pid(), 'SIGKILL');
    await container.ended();
    await container.remove();
  });

  const start = async (
    check: Plan,
    numbers: Partial<Numbers>,
    { script = 'exec sleep 1000', more = {} }: { script?: string; more?: Partial<MonitorStep> } = {},
  ): Promise<void> => {
    const n = { ...USUAL, ...numbers };
    writeFileSync(container.path('health.plan'), encodePlan(check));
    const started = await container.start(shellPlan(script), {
      checkPlan: container.path('health.plan'),
      check: [n.interval, n.timeout, n.startPeriod, n.startInterval, n.patience, n.retries, n.signal, 0],
      ...more,
    });
    expect(started.code).toBe(0);
  };
  const flag = (): string => container.path('flag');
  const health = (): string => {
    const { status, failingStreak } = readHealth(container.directory) ?? {};
    return `${status} ${failingStreak}`;
  };
  const results = () => readHealthResults(container.directory, 100);
  const changes = (): string[] =>
    readFileSync(container.path('journal'), 'latin1')
      .split('\n')
      .filter((line) => line.includes(' health_status '))
      .map((line) => line.split(' status=')[1] ?? '');

  /** Has one check done, and waits for its end. */
  const checker = async (): Promise<() => Promise<string>> => {
    const client = await container.attach();
    const ended = (): number => client.types().filter((type) => type === FROM.checked).length;
    return async () => {
      const before = ended();
      client.send(TO.check);
      await until(() => ended() > before);
      return health();
    };
  };

  test('starting, healthy, unhealthy after so many failures, and healthy again', async () => {
    await start(checkPlan(`echo looked; echo wrong >&2; test -e ${flag()}`), { interval: 0 });
    expect(health()).toBe('starting 0');
    const check = await checker();
    expect(await check()).toBe('starting 1');
    writeFileSync(flag(), '');
    expect(await check()).toBe('healthy 0');
    rmSync(flag());
    expect([await check(), await check(), await check(), await check()]).toEqual([
      'healthy 1',
      'healthy 2',
      'unhealthy 3',
      'unhealthy 4',
    ]);
    writeFileSync(flag(), '');
    expect(await check()).toBe('healthy 0');
    expect(changes()).toEqual(['healthy', 'unhealthy', 'healthy']);
    expect(results().map(({ code }) => code)).toEqual([1, 1, 1, 1, 0]);
    expect(results()[0]?.output).toBe('looked\nwrong\n');
    const times = results().flatMap((one) => [one.start, one.end]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('checks follow each other by themselves', async () => {
    await start(checkPlan('exit 0'), { interval: 20 });
    await until(() => results().length === 5);
    const [first] = results();
    await until(() => (results()[0]?.start ?? 0) > (first?.start ?? 0));
  });

  test('failures in the start period do not count until it has been healthy', async () => {
    await start(checkPlan(`test -e ${flag()}`), {
      interval: 600_000,
      startPeriod: 600_000,
      startInterval: 25,
      retries: 1,
    });
    await until(() => results().length === 5);
    expect(health()).toBe('starting 0');
    writeFileSync(flag(), '');
    // The interval of the start period is over with it.
    await until(() => health() === 'healthy 0');
    rmSync(flag());
    expect(await (await checker())()).toBe('unhealthy 1');
  });

  test('output is bounded, and more of it holds nothing up', async () => {
    await start(checkPlan('yes | head -c 3000000; echo end'), { interval: 20 });
    await until(() => results().length > 0);
    const { output } = results()[0] ?? { output: '' };
    expect([output.length, output.slice(0, 4), output.slice(-3)]).toEqual([4096 + 3, 'y\ny\n', '...']);
    await until(() => health() === 'healthy 0');
  });

  test('one that hangs is killed at its time-out with all that it has started', async () => {
    const name = `sampan-test-health-${process.pid}-${groups++}`;
    mkdirSync(`${PIDS}/${name}`);
    const join: Step = { op: 'write', path: `${PIDS}/${name}/sampan-health/tasks`, data: '0' };
    // It says so when all are there, the last one but itself; once that has been seen, checks end at once.
    const script = [
      `[ ! -e ${flag()}.over ] || exit 1`,
      `setsid ${sleepOf(11)} &`,
      `one=$!; setsid sh -c "${sleepOf(12)} & echo >${flag()}; ${sleepOf(13)}" &`,
      `until [ -e ${flag()} ]; do sleep 0.01; done; kill -0 $one && echo begun; ${sleepOf(14)}`,
    ].join('\n');
    await start(
      checkPlan(script, [join]),
      { interval: 300, timeout: 1000, retries: 1 },
      { more: { cgroup: [`${PIDS}/${name}`], checkGroup: `${PIDS}/${name}/sampan-health` } },
    );
    const late = 'Health check exceeded timeout (0.1s): begun\n';
    await until(() => results().some(({ code, output }) => code === -1 && output === late), 50_000);
    writeFileSync(`${flag()}.over`, '');
    await until(() => health().startsWith('unhealthy'));
    await until(() => [11, 12, 13, 14].every((number) => !isRunning(sleepOf(number))), 30_000);
    process.kill(container.pid(), 'SIGKILL');
    await container.ended();
    expect(existsSync(`${PIDS}/${name}`)).toBe(false);
  });

  test('without a group of its own, its program is killed', async () => {
    await start(checkPlan(`[ -e ${flag()} ] || exit 1; exec ${sleepOf(2)}`), { interval: 300, timeout: 1000 });
    writeFileSync(flag(), '');
    await until(() => isRunning(sleepOf(2)), 30_000);
    rmSync(flag());
    await until(() => results().some(({ code }) => code === -1));
    await until(() => !isRunning(sleepOf(2)));
  });

  test('one that cannot be run says why', async () => {
    const broken = checkPlan('true');
    const exec: Step = { op: 'exec', candidates: ['/no/such'], argv: ['x'], env: [] };
    await start(
      { ...broken, programs: [broken.programs[0], { name: 'check', steps: [exec] }] as never },
      { retries: 1 },
    );
    await until(() => health().startsWith('unhealthy'));
    expect(results()[0]).toMatchObject({ code: -1, output: 'the check could not be run: /no/such ENOENT' });
    writeFileSync(container.path('health.plan'), 'no plan');
    await until(() => results().at(-1)?.output !== results()[0]?.output);
    expect(results().at(-1)?.code).toBe(-1);
  });

  test('a check on demand says how it went', async () => {
    await start(checkPlan('test -e flag || exit 4'), { interval: 0 });
    const client = await container.attach();
    for (const round of [1, 2, 3]) {
      client.send(TO.check);
      await until(() => client.types().filter((type) => type === FROM.checked).length === round);
    }
    const told = client.frames
      .filter(({ type }) => type === FROM.checked)
      .map(({ payload }) => payload.toString('hex'));
    expect(told).toEqual(['0000', '0000', '0002']);
    expect(results().map(({ code }) => code)).toEqual([4, 4, 4]);
  });

  test('the end is not held up by a check that runs, which does not outlive it', async () => {
    await start(
      checkPlan(`exec ${sleepOf(3)}`),
      { interval: 20 },
      { script: `until [ -e ${flag()} ]; do sleep 0.02; done; exit 7` },
    );
    await until(() => isRunning(sleepOf(3)));
    writeFileSync(flag(), '');
    await container.ended();
    expect(container.exit()['code']).toBe('7');
    await until(() => !isRunning(sleepOf(3)));
  });

  test('a monitor that is killed takes its check along', async () => {
    await start(checkPlan(`exec ${sleepOf(4)}`), { interval: 20 });
    await until(() => isRunning(sleepOf(4)));
    process.kill(container.monitorPid(), 'SIGKILL');
    await until(() => !isRunning(sleepOf(4)));
    process.kill(container.pid(), 'SIGKILL');
  });

  test('an unhealthy one is sent a signal, and killed when it does not heed it', async () => {
    const script = 'trap "echo asked" TERM; while :; do sleep 0.05; done';
    await start(checkPlan('false'), { interval: 50, retries: 2, signal: 15, patience: 400 }, { script });
    await container.ended();
    expect(container.exit()).toMatchObject({ code: '137', signal: '9' });
    expect(container.log()).toEqual(['stdout F asked']);
    expect(health()).toBe('unhealthy 2');
  });
});
