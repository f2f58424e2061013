import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';
import { tinyProgram } from './tiny-program.ts';

let world: CliWorld;
let files: string;
beforeAll(async () => {
  world = await cliWorld();
  files = mkdtempSync(join(tmpdir(), 'sampan-why-'));
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(files, { recursive: true });
});

interface Said {
  Id: string;
  Certainty: string;
  Says: string;
  Evidence: string[];
  Hint: string;
}
interface Why {
  Status: string;
  Cause: Said;
  Also: Said[];
  Exit: { Code: number; Signal: string; OOMKilled: boolean; Figures: Record<string, number> } | null;
  Failure: { message: string } | null;
  History: { ExitCode: number }[];
  Log: string[];
}

async function why(name: string): Promise<Why> {
  const { status, stdout, stderr } = await world.sampan('why', '--format', 'json', name);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Why;
}

const run = (name: string, ...words: string[]) => world.sampan('run', '--name', name, ...words);
const text = ({ Says, Evidence, Hint }: Said): string => [Says, ...Evidence, Hint].join('\n');
const script = (line: string): string[] => ['sh', '-c', line];

async function directoryOf(name: string): Promise<string> {
  const { stdout } = await world.sampan('inspect', '-f', '{{.Id}}', name);
  return join(world.root, 'containers', stdout.trim());
}

/** A profile that ends whoever makes a directory. */
function deadlyFilter(): string {
  const path = join(files, 'filter.json');
  const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }];
  writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
  return path;
}

/** How a container ends by itself: its options, its program, the answer and what is told of it. */
const ENDS: readonly (readonly [answer: string, options: string[], program: string[], told: RegExp])[] = [
  ['succeeded', [], ['true'], /all went well/],
  ['failed', [], script('echo last word >&2; exit 7'), /status 7[^]*last word/],
  ['shell-without-input', [], ['sh'], /-it/],
  ['not-found-inside', [], script('nonesuch'), /127[^]*nonesuch/],
  ['not-executable-inside', [], script('/etc/passwd'), /126[^]*\/etc\/passwd/],
  ['child-by-signal', ['--init'], script('kill -TERM $$'), /143[^]*SIGTERM/],
  ['out-of-memory', ['-m', '16m'], ['tail', '/dev/zero'], /limit 16MiB[^]*peak \d[^]*killed: 1/],
  ['out-of-memory', ['-m', '16m'], script('tail /dev/zero; exit 3'), /first one then ended with 3/],
];

test.each(ENDS)('An end is explained: %s (%p)', async (answer, options, program, told) => {
  await run('end', ...options, world.image, ...program);
  const found = await why('end');
  expect(found.Cause).toMatchObject({ Id: answer });
  expect(text(found.Cause)).toMatch(told);
  if (answer === 'succeeded') expect(found.Exit?.Figures).toEqual({});
  await world.sampan('rm', 'end');
});

/** What stands behind an end. */
const BEHIND: readonly (readonly [hint: string, options: string[], program: string[], told: RegExp])[] = [
  ['read-only', ['--read-only'], script('touch /x || exit 1'), /--read-only[^]*--tmpfs/],
  ['read-only', ['-v', 'data:/data:ro'], script('touch /data/x || exit 1'), /\/data/],
  ['disk-full', ['--tmpfs', '/t:size=64k'], script('cat /dev/zero > /t/x || exit 1'), /no space left/i],
  ['pids-limit', ['--pids-limit', '3'], script('sleep 1 & sleep 1 & sleep 1 & sleep 1 & exit 1'), /the limit is 3/],
  ['noexec', ['--tmpfs', '/t'], script('cp /bin/busybox /t/b; /t/b'), /\/t is mounted noexec/],
  ['lacking-capability', [], ['mount', '-t', 'tmpfs', 'x', '/mnt'], /CAP_SYS_ADMIN[^]*--cap-add SYS_ADMIN/],
  ['seccomp-denied', [], script('echo mount: Operation not permitted; exit 1'), /mount \(EPERM\)[^]*seccomp=/],
  ['no-network', [], script('ping -c 1 nonesuch.example'), /--network none/],
];

test.each(BEHIND)('What stands behind an end is told: %s (%p)', async (hint, options, program, told) => {
  await run('behind', ...options, world.image, ...program);
  const { Also } = await why('behind');
  const found = Also.find(({ Id }) => Id === hint);
  expect(found === undefined ? Also : text(found)).toMatch(told);
  await world.sampan('rm', 'behind');
});

test('A seccomp filter that kills is named, and the call where the kernel tells', async () => {
  await run('filter', '--security-opt', `seccomp=${deadlyFilter()}`, world.image, 'mkdir', '/x');
  const { Cause, Exit } = await why('filter');
  expect(Exit).toMatchObject({ Code: 159, Signal: 'SIGSYS' });
  expect(Cause.Id).toBe('seccomp-killed');
  // The ring of messages may be closed to us, or have run over.
  if (Cause.Evidence.some((line) => line.startsWith('the kernel:'))) expect(Cause.Says).toMatch(/call mkdir/);
  await world.sampan('rm', 'filter');
});

test('A program that the processor ends is told apart', async () => {
  const program = join(files, 'crash');
  writeFileSync(program, tinyProgram(), { mode: 0o755 });
  await world.sampan('create', '--name', 'crash', world.image, '/crash');
  expect(await world.sampan('cp', program, 'crash:/crash')).toMatchObject({ status: 0 });
  await world.sampan('start', '-a', 'crash');
  expect(await why('crash')).toMatchObject({ Cause: { Id: 'crashed', Certainty: 'certain' } });
  await world.sampan('rm', 'crash');
});

/** Files that cannot be executed, their modes, and what is told of them. */
const FILES: Readonly<Record<string, readonly [content: string | Buffer, mode: number, told: RegExp]>> = {
  'a missing interpreter': ['#!/opt/nonesuch -x\n', 0o755, /script for \/opt\/nonesuch/],
  'Windows line ends': ['#!/bin/sh\r\necho hi\r\n', 0o755, /carriage return[^]*dos2unix/],
  'no execute permission': ['#!/bin/sh\n', 0o644, /mode 0644[^]*chmod \+x/],
  'no #! line': ['echo hi\n', 0o755, /neither a program nor a script/],
  'an empty file': ['', 0o755, /empty file/],
  'a missing loader': [tinyProgram({ interpreter: '/lib/ld-nonesuch.so' }), 0o755, /needs \/lib\/ld-nonesuch\.so/],
  'another machine': [tinyProgram({ machine: 22 }), 0o755, /program for s390x, this machine is/],
};

test.each(Object.entries(FILES))(
  'A program that cannot be executed is explained: %s',
  async (_, [content, mode, told]) => {
    const path = join(files, 'program');
    writeFileSync(path, content);
    chmodSync(path, mode);
    await world.sampan('create', '--name', 'unfit', world.image, '/program');
    expect(await world.sampan('cp', path, 'unfit:/program')).toMatchObject({ status: 0 });
    expect((await world.sampan('start', 'unfit')).status).not.toBe(0);
    const { Cause, Failure } = await why('unfit');
    expect(Cause).toMatchObject({ Id: 'failed-start', Certainty: 'certain' });
    expect(text(Cause)).toMatch(told);
    expect(Failure).not.toBeNull();
    await world.sampan('rm', 'unfit');
  },
);

test('A start that fails before there is anything to launch is kept as well', async () => {
  await run('who', '-u', 'nonesuch', world.image, 'true');
  const { Cause, Exit } = await why('who');
  expect(Exit).toBeNull();
  expect(Cause).toMatchObject({ Id: 'failed-start', Evidence: ['asked for by --user'] });
  const { stdout } = await world.sampan('inspect', '-f', '{{.State.Error}}', 'who');
  expect(stdout).toContain('has no such user');
  await world.sampan('rm', 'who');
});

test('The failed start is explained from the launcher alone when nobody else was there', async () => {
  await run('alone', world.image, '/etc');
  const directory = await directoryOf('alone');
  expect((await why('alone')).Cause.Says).toMatch(/^It could not be started: \/etc may not be executed/);
  rmSync(join(directory, 'failure.json'));
  expect(await why('alone')).toMatchObject({ Cause: { Id: 'failed-start' } });
  expect(readdirSync(directory)).not.toContain('failure.json.new');
  await world.sampan('rm', 'alone');
});

test('A failure of long ago is not the answer after a run that went well', async () => {
  await world.sampan('create', '--name', 'mended', world.image, '/program');
  expect((await world.sampan('start', 'mended')).status).not.toBe(0);
  writeFileSync(join(files, 'good'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await world.sampan('cp', join(files, 'good'), 'mended:/program');
  expect(await world.sampan('start', '-a', 'mended')).toMatchObject({ status: 0 });
  expect(await why('mended')).toMatchObject({ Cause: { Id: 'succeeded' } });
  await world.sampan('rm', 'mended');
});

test('Who ended it from outside is told: stop, its time-out, kill, a stranger, and the monitor’s death', async () => {
  const polite = script('trap "exit 3" TERM; touch /ready; while :; do sleep 0.05; done');
  const start = async (...program: string[]): Promise<void> => {
    await world.sampan('run', '-d', '--name', 'out', world.image, ...program);
  };
  const told = async (): Promise<[string, string]> => {
    const { Cause } = await why('out');
    await world.sampan('rm', '-f', 'out');
    return [Cause.Id, text(Cause)];
  };
  await start(...polite);
  for (let tries = 0; (await world.sampan('exec', 'out', 'test', '-e', '/ready')).status !== 0 && tries < 200; tries++)
    await sleep(20);
  expect(await why('out')).toMatchObject({ Status: 'running', Cause: { Id: 'running' } });
  await world.sampan('stop', 'out');
  expect(await told()).toEqual(['stopped', expect.stringMatching(/SIGTERM; it then ended by itself with 3/) as string]);

  await start('sleep', '1000');
  await world.sampan('stop', '-t', '0', 'out');
  expect(await told()).toEqual(['stop-timed-out', expect.stringMatching(/SIGTERM[^]*--init/) as string]);

  await start('sleep', '1000');
  await world.sampan('kill', 'out');
  expect(await told()).toEqual(['kill-command', expect.stringMatching(/SIGKILL/) as string]);

  await start('sleep', '1000');
  const { stdout: pid } = await world.sampan('inspect', '-f', '{{.State.Pid}}', 'out');
  process.kill(Number(pid), 'SIGKILL');
  await world.sampan('wait', 'out');
  expect(await told()).toEqual(['killed-from-outside', expect.stringMatching(/not by sampan/) as string]);

  await start('sleep', '1000');
  const [monitor] = readFileSync(join(await directoryOf('out'), 'lock'), 'latin1').split(' ');
  process.kill(Number(monitor), 'SIGKILL');
  await sleep(50);
  const { stdout } = await world.sampan('why', 'out');
  expect(stdout).toMatch(/Its monitor/);
  expect((await told())[0]).toBe('monitor-killed');
});

test('Before a run, while paused, and after several; in text and by a template', async () => {
  await world.sampan(
    'create',
    '--name',
    'life',
    world.image,
    ...script('test -e /was || { touch /was; exit 5; }; sleep 1000'),
  );
  expect((await why('life')).Cause.Id).toBe('never-started');
  await world.sampan('start', '-a', 'life');
  await world.sampan('start', 'life');
  await world.sampan('pause', 'life');
  expect(await why('life')).toMatchObject({ Status: 'paused', Cause: { Id: 'paused' }, History: [{ ExitCode: 5 }] });
  await world.sampan('kill', 'life');
  expect((await world.sampan('why', 'life')).stdout).toMatch(
    /^life \(\w{12}\) exited with 137 \(SIGKILL\) .*\n\nsampan kill[^]*Before that:\n .* exited with 5/,
  );
  expect((await world.sampan('why', '-f', '{{.Cause.Id}} {{.Exit.Signal}}', 'life')).stdout).toBe(
    'kill-command SIGKILL\n',
  );
  await world.sampan('rm', 'life');
});

test('What happened in one that still runs is told', async () => {
  const program = script('tail /dev/zero; touch /after; sleep 1000');
  await world.sampan('run', '-d', '--name', 'goes-on', '-m', '16m', world.image, ...program);
  const isAfter = async (): Promise<boolean> =>
    (await world.sampan('exec', 'goes-on', 'test', '-e', '/after')).status === 0;
  for (let tries = 0; !(await isAfter()) && tries < 200; tries++) await sleep(20);
  const { Cause, Also } = await why('goes-on');
  expect(Cause.Id).toBe('running');
  expect(Also).toMatchObject([{ Id: 'killed-inside', Evidence: ['limit 16MiB', 'processes killed: 1'] }]);
  await world.sampan('rm', '-f', 'goes-on');
});

test('One that is not there is not found', async () => {
  expect(await world.sampan('why', 'nonesuch')).toMatchObject({ status: 3, stdout: '' });
});
