import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { BUILDS } from './harness.ts';
import { Container, FROM, shellPlan, TO, until } from './monitor-fixture.ts';

describe.each(BUILDS.map((path) => [path]))('log of a container (%s)', (launcher) => {
  let container: Container;
  const logs = (): string[] =>
    readdirSync(container.directory)
      .filter((name) => /^log(\.\d+)?$/.test(name))
      .sort();
  beforeEach(() => {
    container = new Container(launcher);
  });
  afterEach(() => container.remove());

  test('a line that is not ended is a part', async () => {
    await container.start(shellPlan('printf one; sleep 0.2; printf " two\\n\\nthree"; sleep 0.2; printf "\\n"'));
    await container.ended();
    expect(container.log()).toEqual(['stdout P one', 'stdout F  two', 'stdout F ', 'stdout P three', 'stdout F ']);
  });

  test('keeps bytes as they are: NULs, carriage returns, what is not text', async () => {
    await container.start(shellPlan('printf "a\\0b\\r\\377\\n"'));
    await container.ended();
    expect(container.log()).toEqual(['stdout F a\0b\r\xff']);
  });

  test('is rotated by size, keeping so many files, with every line whole and in order', async () => {
    const limits = { logMaxBytes: 4096, logMaxFiles: 3 };
    await container.start(shellPlan('i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done'), limits);
    await container.ended();
    expect(logs()).toEqual(['log', 'log.1', 'log.2']);
    for (const name of logs()) expect(statSync(container.path(name)).size).toBeLessThanOrEqual(4096);
    const lines = ['log.2', 'log.1', 'log'].flatMap((name) => container.log(name));
    const first = 1000 - lines.length;
    expect(lines.length).toBeGreaterThan(120);
    expect(lines).toEqual(Array.from({ length: lines.length }, (_, index) => `stdout F line ${first + index}`));
  });

  test('with one file in all starts that one anew', async () => {
    await container.start(shellPlan('i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done'), {
      logMaxBytes: 2048,
      logMaxFiles: 1,
    });
    await container.ended();
    expect(logs()).toEqual(['log']);
    expect(statSync(container.path('log')).size).toBeLessThanOrEqual(2048);
    expect(container.log().at(-1)).toBe('stdout F line 499');
  });

  test('goes on in the file of an earlier run, and counts its size', async () => {
    writeFileSync(container.path('log'), `${'x'.repeat(4000)}\n`);
    await container.start(shellPlan('echo new; echo newer'), { logMaxBytes: 4050, logMaxFiles: 2 });
    await container.ended();
    expect(statSync(container.path('log.1')).size).toBeLessThanOrEqual(4050);
    expect([...container.log('log.1'), ...container.log()].filter((line) => line.startsWith('stdout'))).toEqual([
      'stdout F new',
      'stdout F newer',
    ]);
  });

  test('is opened anew when a client asks', async () => {
    await container.start(shellPlan('echo one; read x; echo two'), { stdin: 1 });
    await until(() => container.log().length === 1);
    renameSync(container.path('log'), container.path('log.moved'));
    const client = await container.attach();
    client.send(TO.reopenLog);
    client.send(TO.stdin, '\n');
    await client.state(FROM.exited);
    expect([container.log('log.moved'), container.log()]).toEqual([['stdout F one'], ['stdout F two']]);
  });

  test('a full disk stops nothing: lines are dropped, counted, and the count is told', async () => {
    const disk = container.path('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      await container.start(
        shellPlan('read x; i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done; read x; echo after'),
        { log: `${disk}/log`, stdin: 1 },
      );
      const client = await container.attach();
      expect(() => writeFileSync(`${disk}/filler`, Buffer.alloc(1 << 17))).toThrow('ENOSPC');
      client.send(TO.stdin, '\n');
      // What clients are sent has been logged, or dropped.
      await until(() => client.output().includes('line 99\n'));
      rmSync(`${disk}/filler`);
      client.send(TO.stdin, '\n');
      expect(await client.state(FROM.exited)).toStartWith('code=0\n');
      expect(container.log('disk/log')).toEqual([
        'stderr F 100 log lines were lost: they could not be written',
        'stdout F after',
      ]);
      await container.ended();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

  test('no torn line is left behind on a full disk', async () => {
    const disk = container.path('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      await container.start(shellPlan('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done'), {
        log: `${disk}/log`,
      });
      await container.ended();
      const text = readFileSync(`${disk}/log`, 'utf8');
      expect(text).toEndWith('\n');
      const lines = container.log('disk/log');
      const numbers = lines
        .map((line) => /^stdout F line (\d+)$/.exec(line)?.[1])
        .filter((number) => number !== undefined);
      // A read may end within a line, which is then logged in parts.
      for (const line of lines) expect(line).toMatch(/^std(out [FP] |err F \d+ log lines were lost)/);
      expect(numbers.length).toBeLessThan(3000);
      expect(numbers.map(Number)).toEqual(numbers.map(Number).sort((a, b) => a - b));
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

  test('a log that cannot be opened fails the start; none is fine; a symlink is not followed', async () => {
    const failed = await container.start(shellPlan('true'), { log: container.path('missing/log') });
    expect([failed.code, failed.records[0]?.value, failed.records[0]?.path]).toEqual([
      125,
      constants.errno.ENOENT,
      container.path('missing/log'),
    ]);
    // The monitor has said why before it goes.
    await container.ended();
    symlinkSync('elsewhere', container.path('link'));
    const followed = await container.start(shellPlan('true'), { log: container.path('link') });
    expect(followed.records[0]?.value).toBe(constants.errno.ELOOP);
    await container.ended();
    expect((await container.start(shellPlan('echo x'), { log: '' })).code).toBe(0);
    await container.ended();
    expect(container.exit()['code']).toBe('0');
    expect(existsSync(container.path('elsewhere'))).toBe(false);
  });

  const json = { logDriver: 1, logExtra: '"attrs":{"a":"b"},' };
  const jsonLines = (): { log: string; stream: string; time: string; attrs: unknown }[] =>
    readFileSync(container.path('log'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as never);

  test('in JSON, every byte that text can have comes back, and what is none is U+FFFD', async () => {
    const script = String.raw`printf 'tab\tquote"back\\slash\001\r\n\303\251\360\237\230\200\n\377\300\200\355\240\200x\n'; echo err >&2; printf part`;
    await container.start(shellPlan(script), json);
    await container.ended();
    const lines = jsonLines();
    expect(lines.filter(({ stream }) => stream === 'stdout').map(({ log }) => log)).toEqual([
      'tab\tquote"back\\slash\u0001\r\n',
      '\u00e9\u{1f600}\n',
      `${'\ufffd'.repeat(6)}x\n`,
      'part',
    ]);
    expect(lines.filter(({ stream }) => stream === 'stderr').map(({ log }) => log)).toEqual(['err\n']);
    for (const { attrs, time } of lines) {
      expect(attrs).toEqual({ a: 'b' });
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    }
  });

  test('in JSON, a character that comes in two reads is one, and one that never ends is told at the end', async () => {
    await container.start(shellPlan(String.raw`printf 'a\303'; sleep 0.2; printf '\251b\n\360\237'`), json);
    await container.ended();
    expect(
      jsonLines()
        .map(({ log }) => log)
        .join('|'),
    ).toBe('a|\u00e9b\n|\ufffd\ufffd');
  });

  test('in JSON, a long line is parts of whole characters', async () => {
    const line = '\u20ac'.repeat(30_000);
    writeFileSync(container.path('text'), `${line}\n`);
    await container.start(shellPlan(`cat ${container.path('text')}`), json);
    await container.ended();
    const lines = jsonLines();
    expect(lines.length).toBeGreaterThan(4);
    expect(lines.map(({ log }) => log).join('')).toBe(`${line}\n`);
  });

  test('counts rotations, even when it is done, and finishes the count of a monitor that was killed in one', async () => {
    const limits = { logMaxBytes: 4096, logMaxFiles: 2 };
    const script = 'i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done';
    await container.start(shellPlan(script), limits);
    await container.ended();
    const count = Number(readFileSync(container.path('rotated'), 'utf8'));
    expect(count % 2).toBe(0);
    expect(count).toBeGreaterThan(6);
    writeFileSync(container.path('rotated'), `${count + 1}\n`);
    await container.start(shellPlan('true'), limits);
    await container.ended();
    expect(Number(readFileSync(container.path('rotated'), 'utf8'))).toBe(count + 2);
  });

  test('a line that a killed monitor did not finish is ended before the next', async () => {
    writeFileSync(container.path('log'), '2026-01-01T00:00:00.000000000Z stdout F torn');
    await container.start(shellPlan('echo next'));
    await container.ended();
    expect(container.log()).toEqual(['stdout F torn', 'stdout F next']);
  });

  test('what is no file is never rotated away', async () => {
    const before = statSync('/dev/null').ino;
    await container.start(shellPlan('i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done'), {
      log: '/dev/null',
      logMaxBytes: 100,
      logMaxFiles: 3,
    });
    await container.ended();
    expect([statSync('/dev/null').ino, existsSync('/dev/null.1')]).toEqual([before, false]);
  });

  test('two lines of one read have two times, in order', async () => {
    await container.start(shellPlan('printf "a\\nb\\nc\\n"'));
    await container.ended();
    const times = readFileSync(container.path('log'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(0, 30));
    expect(new Set(times).size).toBe(3);
    expect(times.toSorted()).toEqual(times);
  });
});
