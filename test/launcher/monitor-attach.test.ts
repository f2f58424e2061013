import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { constants, existsSync, readFileSync, statSync } from 'node:fs';
import type { Step } from '#kernel/plan.ts';
import { Container, frameBytes, FROM, shellPlan, TO, until } from './monitor-fixture.ts';
import { BUILDS } from './harness.ts';

/** The steps of a container's program that has a terminal. */
const TERMINAL: Step[] = [
  { op: 'open', path: '/', flags: constants.O_DIRECTORY, out: 'root' },
  { op: 'pty', root: 'root', master: 'master', peer: 'peer', rows: 30, columns: 90, noConsole: 1 },
  { op: 'sendFd', slot: 'console', fd: 'master', data: 'x' },
  { op: 'setsid' },
  { op: 'stdio', in: 'peer', out: 'peer', err: 'peer' },
  { op: 'controllingTty', slot: 'peer' },
];

describe.each(BUILDS.map((path) => [path]))('attach socket (%s)', (launcher) => {
  let container: Container;
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(() => container.remove());

  test('a held container starts when its first client says so, and that client misses nothing', async () => {
    const started = await container.start(shellPlan('echo first; echo second >&2; exit 3'), { hold: 1 });
    expect(started).toEqual({ code: 0, records: [] });
    expect(statSync(container.path('attach.sock')).mode & 0o777).toBe(0o600);
    const client = await container.attach();
    await Bun.sleep(50);
    expect(client.frames).toEqual([]);
    expect(existsSync(container.path('pid'))).toBe(false);
    client.send(TO.start);
    const text = await client.state(FROM.exited);
    await until(() => client.closed);
    expect(Number(client.output(FROM.started))).toBe(container.pid());
    expect([client.output(FROM.stdout), client.output(FROM.stderr)]).toEqual(['first\n', 'second\n']);
    expect(client.types().at(-1)).toBe(FROM.exited);
    expect(text).toBe(readFileSync(container.path('exit'), 'utf8'));
    expect(container.exit()['code']).toBe('3');
  });

  test('a held monitor whose client goes away ends and leaves nothing', async () => {
    await container.start(shellPlan('true'), { hold: 1 });
    const client = await container.attach();
    client.socket.destroy();
    await container.ended();
    for (const name of ['exit', 'exit.new', 'failure', 'pid', 'attach.sock'])
      expect(existsSync(container.path(name))).toBe(false);
  });

  test('a later client is told that it runs, and sees what comes from then on', async () => {
    await container.start(shellPlan('cat'), { stdin: 1 });
    const first = await container.attach();
    expect(Number(await first.state(FROM.started))).toBe(container.pid());
    first.send(TO.stdin, 'one\n');
    await until(() => first.output() === 'one\n');
    const second = await container.attach();
    await second.state(FROM.started);
    second.send(TO.stdin, 'two\n');
    await until(() => first.output() === 'one\ntwo\n' && second.output() === 'two\n');
    second.send(TO.closeStdin);
    await first.state(FROM.exited);
    expect(container.log()).toEqual(['stdout F one', 'stdout F two']);
  });

  test('a quiet client is only told about the state', async () => {
    await container.start(shellPlan('cat'), { stdin: 1 });
    const quiet = await container.attach();
    quiet.send(TO.quiet);
    quiet.send(TO.stdin, 'text\n');
    quiet.send(TO.closeStdin);
    await quiet.state(FROM.exited);
    expect(quiet.types()).toEqual([FROM.started, FROM.exited]);
    expect(container.log()).toEqual(['stdout F text']);
  });

  test('keeps a signal that comes while the container is being started', async () => {
    await container.start(shellPlan('sleep 1000'), { hold: 1 });
    const client = await container.attach();
    // One write, so that the monitor has both before the launch can have ended.
    client.socket.write(Buffer.concat([frameBytes(TO.start), frameBytes(TO.signal, Buffer.of(9))]));
    expect(await client.state(FROM.exited)).toStartWith('code=137\nsignal=9\n');
  });

  test('hands a signal to the container', async () => {
    await container.start(shellPlan('trap "echo got it; exit 5" USR1; echo ready; while :; do sleep 0.05; done'));
    const client = await container.attach();
    await until(() => container.log().includes('stdout F ready'));
    client.send(TO.signal, Buffer.of(10));
    expect(await client.state(FROM.exited)).toStartWith('code=5\n');
    expect(client.output()).toContain('got it\n');
  });

  test('all output before the exit reaches every client and the log', async () => {
    const lines = 20_000;
    await container.start(shellPlan(`i=0; while [ $i -lt ${lines} ]; do echo line $i; i=$((i+1)); done; printf end`), {
      hold: 1,
    });
    const clients = [await container.attach(), await container.attach(), await container.attach()];
    clients[0]?.send(TO.start);
    for (const client of clients) await client.state(FROM.exited);
    const expected = Array.from({ length: lines }, (_, index) => `line ${index}\n`).join('') + 'end';
    for (const client of clients) expect(client.output() === expected).toBe(true);
    expect(joined(container.log()) === expected).toBe(true);
  });

  test('binary output survives, and large input goes through whole', async () => {
    const bytes = Buffer.alloc(700_000);
    for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 7919 + (index >> 8)) & 0xff;
    await container.start(shellPlan('cat'), { hold: 1, stdin: 1 });
    const client = await container.attach();
    client.send(TO.start);
    client.send(TO.stdin, bytes);
    client.send(TO.closeStdin);
    await client.state(FROM.exited);
    expect(client.output() === bytes.toString('latin1')).toBe(true);
    expect(joined(container.log()) === bytes.toString('latin1')).toBe(true);
  });

  test('input after the program has closed its own is dropped, not a failure', async () => {
    await container.start(shellPlan('exec <&-; sleep 0.3; echo still here'), { stdin: 1 });
    const client = await container.attach();
    for (let index = 0; index < 10; index++) client.send(TO.stdin, Buffer.alloc(60_000));
    expect(await client.state(FROM.exited)).toStartWith('code=0\n');
    expect(client.output()).toBe('still here\n');
  });

  test('a slow client slows the container down, then gets everything', async () => {
    await container.start(shellPlan('head -c 3000000 /dev/zero; echo done >&2'), { hold: 1, log: '' });
    const slow = await container.attach();
    slow.send(TO.start);
    slow.socket.pause();
    await until(() => existsSync(container.path('pid')));
    await Bun.sleep(300);
    expect(existsSync(container.path('exit'))).toBe(false);
    slow.socket.resume();
    await slow.state(FROM.exited);
    expect(slow.output().length).toBe(3_000_000);
    expect(slow.output(FROM.stderr)).toBe('done\n');
  });

  test('a client that dies in the middle disturbs nobody', async () => {
    await container.start(
      shellPlan('i=0; while [ $i -lt 300 ]; do head -c 10000 /dev/zero; i=$((i+1)); done; sleep 0.2'),
      { hold: 1 },
    );
    const survivor = await container.attach();
    const victim = await container.attach();
    survivor.send(TO.start);
    victim.socket.pause();
    await until(() => survivor.output().length > 0);
    victim.socket.destroy();
    await survivor.state(FROM.exited);
    expect(survivor.output().length).toBe(3_000_000);
  });

  test('malformed frames cost the client its connection and nobody else anything', async () => {
    await container.start(shellPlan('cat'), { stdin: 1 });
    const good = await container.attach();
    const huge = Buffer.alloc(8);
    huge.writeUInt32BE(1024 * 1024 + 1, 4);
    const bad = [
      huge,
      Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]),
      frameBytes(99),
      frameBytes(TO.resize, Buffer.alloc(3)),
      frameBytes(TO.start, Buffer.alloc(5)),
      frameBytes(TO.signal),
      Buffer.alloc(100, 0xff),
    ];
    for (const bytes of bad) {
      const client = await container.attach();
      client.socket.write(bytes);
      await until(() => client.closed);
    }
    for (const half of [Buffer.alloc(3), frameBytes(TO.stdin, Buffer.from('half')).subarray(0, 10)]) {
      const client = await container.attach();
      client.socket.end(half);
      await until(() => client.closed);
    }
    good.send(TO.stdin, 'fine\n');
    await until(() => good.output().endsWith('fine\n'));
    good.send(TO.closeStdin);
    expect(await good.state(FROM.exited)).toStartWith('code=0\n');
  });

  test('random bytes from many clients disturb nobody', async () => {
    await container.start(shellPlan('cat'), { stdin: 1 });
    const good = await container.attach();
    let seed = 12345;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    for (let round = 0; round < 150; round++) {
      const client = await container.attach();
      const bytes = Buffer.from(Array.from({ length: 1 + random(60) }, () => random(256)));
      // The type makes sense and the zeros are there, so that the rest is looked at; a signal could end the container.
      if (round % 2 === 0) bytes.set([[0, 32, 33, 35, 37][random(5)] ?? 0, 0, 0, 0, 0, 0, 0].slice(0, bytes.length));
      else bytes[0] = 200 + random(50);
      client.socket.end(bytes);
      await until(() => client.closed);
    }
    good.send(TO.stdin, 'still fine\n');
    await until(() => good.output().endsWith('still fine\n'));
    good.send(TO.closeStdin);
    expect(await good.state(FROM.exited)).toStartWith('code=0\n');
  });

  test('takes 16 clients and turns the next one away', async () => {
    await container.start(shellPlan('cat'), { stdin: 1 });
    const clients = [];
    for (let index = 0; index < 16; index++) clients.push(await container.attach());
    for (const client of clients) await client.state(FROM.started);
    const extra = await container.attach().catch(() => undefined); // it may be gone before it knows
    if (extra !== undefined) await until(() => extra.closed);
    expect(extra?.frames ?? []).toEqual([]);
    clients[0]?.socket.destroy();
    await Bun.sleep(50);
    const next = await container.attach();
    await next.state(FROM.started);
    next.send(TO.closeStdin);
    for (const client of [next, ...clients.slice(1)]) await client.state(FROM.exited);
  });

  test('a terminal that is closed and opened again inside goes on', async () => {
    const script = 'echo one; exec </dev/null >/dev/null 2>&1; sleep 0.5; exec >/dev/tty; echo two';
    await container.start(shellPlan(script, { inherited: ['console'], before: TERMINAL }), { tty: 1, hold: 1 });
    const client = await container.attach();
    client.send(TO.start);
    expect(await client.state(FROM.exited)).toStartWith('code=0\n');
    expect(client.output()).toBe('one\r\ntwo\r\n');
  });

  test('a terminal: its size, input, output and resize', async () => {
    const script =
      'stty size; trap "stty size" WINCH; read line; echo got $line; while ! stty size | grep -q "^50 "; do sleep 0.05; done; tty </dev/tty >/dev/null && echo has tty';
    await container.start(shellPlan(script, { inherited: ['console'], before: TERMINAL }), {
      tty: 1,
      stdin: 1,
      hold: 1,
      rows: 30,
      columns: 90,
    });
    const client = await container.attach();
    client.send(TO.start);
    // The terminal echoes what comes before the program has said anything.
    await until(() => client.output().includes('30 90'));
    client.send(TO.stdin, 'hello\r');
    await until(() => client.output().includes('got hello'));
    client.send(TO.resize, Buffer.from([0, 50, 0, 160]));
    expect(await client.state(FROM.exited)).toStartWith('code=0\n');
    expect(client.output()).toStartWith('30 90\r\n');
    expect(client.output()).toEndWith('has tty\r\n');
    expect(client.output(FROM.stderr)).toBe('');
    expect(container.log()[0]).toBe('stdout F 30 90\r');
  });
});

/** The text that a log's lines stand for. */
function joined(lines: readonly string[]): string {
  return lines.map((line) => line.slice('stdout F '.length) + (line[7] === 'F' ? '\n' : '')).join('');
}
