import { expect, test } from 'bun:test';
import { DEFAULT_OPTIONS } from '#engine/container/options.ts';
import type { ExitStatus } from '#engine/monitor/exit-file.ts';
import { parseKernelRecord } from '#kernel/kernel-log.ts';
import { defaultSeccompProfile } from '#runtime/seccomp/default-profile.ts';
import { deniedCalls } from '#runtime/seccomp/denied-calls.ts';
import { explain } from './explanation.ts';
import type { KernelNotes, WhyFacts } from './facts.ts';
import { kernelNotes } from './kernel-notes.ts';

const QUIET: KernelNotes = { oom: [], denied: [], faults: [] };
const END: ExitStatus = { code: 0, signal: 0, oom: false, started: 1000, finished: 5000 };

function facts(exit: Partial<ExitStatus>, more: Partial<WhyFacts> = {}): WhyFacts {
  return {
    now: 9000,
    id: 'f'.repeat(64),
    name: 'web',
    image: 'app',
    args: ['app'],
    options: DEFAULT_OPTIONS,
    status: 'exited',
    exit: { ...END, ...exit },
    figures: {},
    events: [],
    history: [],
    kernel: QUIET,
    bootedAt: 0,
    disk: { free: 1e12, size: 2e12 },
    log: [],
    health: [],
    ...more,
  };
}

const kill = (signal: number, time = 2000) => ({ time, action: 'kill', attributes: { signal: String(signal) } });
const STOP = { time: 6000, action: 'stop', attributes: {} };

const CASES: readonly (readonly [string, WhyFacts, string, RegExp])[] = [
  ['the machine went down', facts({}, { status: 'dead', bootedAt: 3000 }), 'machine-went-down', /machine went down/],
  ['a signal of somebody', facts({ code: 143, signal: 15 }), 'by-signal', /SIGTERM/],
  ['a crash', facts({ code: 139, signal: 11 }), 'crashed', /SIGSEGV/],
  ['a child that crashed', facts({ code: 134 }), 'crashed', /A process in it.*SIGABRT/],
  [
    'stop, heeded',
    facts({ code: 143, signal: 15 }, { events: [kill(15), STOP] }),
    'stopped',
    /SIGTERM, which ended it/,
  ],
  ['stop, not heeded', facts({ code: 137, signal: 9 }, { events: [kill(15), STOP] }), 'stop-timed-out', /SIGTERM/],
  ['a stop that was cut off', facts({ code: 137, signal: 9 }, { events: [kill(15)] }), 'stop-timed-out', /SIGTERM/],
  [
    'another signal, long before',
    facts({ code: 137, signal: 9 }, { events: [kill(1)] }),
    'killed-from-outside',
    /SIGKILL/,
  ],
  ['kill', facts({ code: 137, signal: 9 }, { events: [kill(9)] }), 'kill-command', /sampan kill/],
  ['kill with another signal, before', facts({ code: 130, signal: 2 }, { events: [kill(1)] }), 'by-signal', /SIGINT/],
  [
    'no memory on the whole machine',
    facts(
      { code: 137, signal: 9, oom: true },
      { kernel: { ...QUIET, oom: [{ pid: 7, process: 'app', everywhere: true }] } },
    ),
    'out-of-memory',
    /machine had no memory[^]*app \(7\)/,
  ],
  ['a failed launch with nothing kept', facts({ code: 125, error: '2' }), 'launch-failed', /error 2/],
];

test.each(CASES)('The answer: %s', (_, given, id, told) => {
  const [answer] = explain(given);
  expect(answer?.id).toBe(id);
  expect(JSON.stringify(answer)).toMatch(told);
});

test('A messageless seccomp death says that the kernel did not tell', () => {
  const silent = explain(facts({ code: 159, signal: 31 }, { kernel: undefined }))[0];
  expect(silent).toMatchObject({ id: 'seccomp-killed', evidence: ["the kernel's messages may not be read"] });
});

test('A failed health check is told beside the answer', () => {
  const health = [0, 1, 1].map((code, at) => ({ time: at, code, output: 'refused\n' }));
  const [answer, beside] = explain(facts({}, { status: 'running', health }));
  expect(answer?.id).toBe('running');
  expect(beside).toMatchObject({ id: 'unhealthy', says: 'Its health check has failed 2 times.' });
});

const ID = 'ab'.repeat(32);
const RECORDS = [
  `6,1,1000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/sampan/${ID},task_memcg=/sampan/${ID},task=my app,pid=12,uid=0`,
  '3,2,1000100,-;Memory cgroup out of memory: Killed process 12 (my app) total-vm:9kB, anon-rss:8kB, file-rss:1kB, shmem-rss:2kB, UID:0',
  `6,3,1000200,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/sampan/${'cd'.repeat(32)},task=other,pid=13,uid=0`,
  '5,4,1000300,-;audit: type=1326 audit(1.2:3): auid=0 uid=0 gid=0 ses=1 pid=10 comm="sh" exe="/bin/sh" sig=31 arch=c000003e syscall=83 compat=0 ip=0x1 code=0x80000000',
  '6,5,1000400,-;sh[10]: segfault at 0 ip 0 sp 0 error 4 in sh[0+1]\n SUBSYSTEM=x',
  '6,6,9000000,-;sh[10]: segfault at 0 ip 0 sp 0 error 4 in sh[0+1]',
  'no record',
];

test('The kernel’s messages are searched for those about one run', () => {
  const lines = RECORDS.map(parseKernelRecord).filter((one) => one !== undefined);
  expect(lines.length).toBe(6);
  expect(kernelNotes(lines, { id: ID, init: 10, from: 900, to: 1100, arch: 'x86-64' })).toEqual({
    oom: [{ pid: 12, process: 'my app', bytes: 10 * 1024, everywhere: false }],
    denied: [{ process: 'sh', call: 'mkdir', own: true }],
    faults: ['sh[10]: segfault at 0 ip 0 sp 0 error 4 in sh[0+1]'],
  });
  expect(kernelNotes(lines, { id: ID, init: 10, from: 5000, to: 6000, arch: 'x86-64' })).toEqual(QUIET);
});

test('What a filter denies is told with its answer, and goes with the capability that allows it', () => {
  const answers = (capabilities: string[]) =>
    Object.fromEntries(deniedCalls(defaultSeccompProfile(capabilities)).map(({ name, answer }) => [name, answer]));
  expect(answers([])).toMatchObject({ mount: 'EPERM', clone3: 'ENOSYS', bpf: 'EPERM' });
  expect(answers(['CAP_SYS_ADMIN'])).not.toHaveProperty('mount');
  expect(deniedCalls({ defaultAction: 'SCMP_ACT_ALLOW' })).toEqual([]);
  const killing = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mount'], action: 'SCMP_ACT_KILL_PROCESS' }],
  };
  expect(deniedCalls(killing)).toMatchObject([{ name: 'mount', answer: 'SIGSYS' }]);
});
