import { formatBinaryBytes, formatBytes } from '#base/units.ts';
import { deniedCalls } from '#runtime/seccomp/denied-calls.ts';
import { certain, likely, possible, type Cause, type Look } from '#engine/why/cause.ts';
import type { WhyFacts } from '#engine/why/facts.ts';
import { noexecMount } from './noexec.ts';

/** The last line of the log that a pattern fits. */
const said = ({ log }: WhyFacts, pattern: RegExp): string | undefined => log.findLast((line) => pattern.test(line));

/** Nothing of this explains an end that was well. */
const whenFailed =
  (look: Look): Look =>
  (facts) =>
    facts.exit === undefined || facts.exit.code === 0 ? undefined : look(facts);

const fromLog = (pattern: RegExp, explain: (facts: WhyFacts, line: string) => Cause | undefined): Look =>
  whenFailed((facts) => {
    const line = said(facts, pattern);
    return line === undefined ? undefined : explain(facts, line);
  });

const readOnly = fromLog(/read-only file system/i, ({ confinement }, line) => {
  const readOnlyMounts = (confinement?.mounts ?? []).filter(
    ({ destination, options }) => options.includes('ro') && !/^\/(?:sys|proc)\b/.test(destination),
  );
  const places = readOnlyMounts.map(({ destination }) => destination).join(', ');
  if (confinement?.readOnlyRoot === true) {
    const hint = 'Give it a place to write: --tmpfs DIR or -v VOLUME:DIR.';
    return likely('It wanted to write, and its root is read-only (--read-only).', [line], hint);
  }
  if (places !== '') return likely(`It wanted to write where a mount is read-only: ${places}.`, [line]);
  return possible('It wanted to write where that is not possible.', [line]);
});

const LEAST_FREE = 16 * 1024 * 1024;

const diskFull = fromLog(/no space left on device|disk quota exceeded/i, ({ disk }, line) => {
  const left = `${formatBytes(disk.free)} of ${formatBytes(disk.size)} are free now where sampan keeps it`;
  const hint = 'sampan system df shows what takes room; a tmpfs has a size of its own.';
  return disk.free < LEAST_FREE
    ? likely('The disk was full.', [line, left], hint)
    : possible(
        'It found no room to write: in a tmpfs or volume of its own, or on the disk at that time.',
        [line, left],
        hint,
      );
});

const lowPort = fromLog(/bind.*permission denied|permission denied.*(?:bind|listen)/i, ({ confinement }, line) =>
  confinement?.capabilities.includes('CAP_NET_BIND_SERVICE') === true && confinement.uid === 0
    ? undefined
    : likely(
        'It may not take a port below 1024.',
        [line],
        'Use a port above, --cap-add NET_BIND_SERVICE, or --sysctl net.ipv4.ip_unprivileged_port_start=0.',
      ),
);

/** Words of programs for what only a capability allows. */
const CAPABILITIES: readonly (readonly [RegExp, string])[] = [
  [/\bmount\b|umount|pivot_root|unshare|sethostname/i, 'CAP_SYS_ADMIN'],
  [/chown|changing ownership/i, 'CAP_CHOWN'],
  [/\bping\b|raw socket|icmp/i, 'CAP_NET_RAW'],
  [/ip(?:6)?tables|nft|\bip:|RTNETLINK|interface/i, 'CAP_NET_ADMIN'],
  [/settimeofday|clock|\bdate\b/i, 'CAP_SYS_TIME'],
  [/set[ug]id|setgroups|\bsu\b/i, 'CAP_SETUID'],
  [/ptrace/i, 'CAP_SYS_PTRACE'],
  [/mknod/i, 'CAP_MKNOD'],
  [/chroot/i, 'CAP_SYS_CHROOT'],
  [/nice|sched/i, 'CAP_SYS_NICE'],
  [/rlimit|ulimit/i, 'CAP_SYS_RESOURCE'],
  [/module/i, 'CAP_SYS_MODULE'],
];

const NOT_PERMITTED = /operation not permitted|\bEPERM\b|(?:are you|must be|requires) root/i;

const lackingCapability = fromLog(NOT_PERMITTED, ({ confinement }, line) => {
  const meant = CAPABILITIES.find(([pattern]) => pattern.test(line))?.[1];
  if (meant === undefined || confinement === undefined || confinement.capabilities.includes(meant)) return undefined;
  const short = meant.replace('CAP_', '');
  return likely(
    `It lacks the capability ${meant}.`,
    [line],
    `--cap-add ${short} gives it, if the program is trusted so far.`,
  );
});

const noexec = fromLog(/permission denied/i, ({ confinement }, line) => {
  const path = /(\/[^\s:"']+)/.exec(line)?.[1];
  const mount = path === undefined ? undefined : noexecMount(path, confinement);
  if (mount === undefined || path === undefined || path === mount) return undefined;
  return likely(
    `What lies at ${path} may not be executed: ${mount} is mounted noexec.`,
    [line],
    `Mount ${mount} with exec.`,
  );
});

const deniedCall = fromLog(
  /operation not permitted|function not implemented|\bEPERM\b|\bENOSYS\b|bad system call/i,
  ({ confinement }, line) => {
    const denied = confinement?.seccomp === undefined ? [] : deniedCalls(confinement.seccomp);
    if (denied.length === 0) return undefined;
    const named = denied.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(line));
    const hint =
      '--security-opt seccomp=FILE gives it a filter of your own; seccomp=unconfined shows whether it is that.';
    if (named.length > 0) {
      const calls = named.map(({ name, answer }) => `${name} (${answer})`).join(', ');
      return likely(`Its seccomp filter denies ${calls}.`, [line], hint);
    }
    const list = denied.map(({ name, answer }) => `${name} ${answer}`).join(', ');
    return possible('Its seccomp filter denies some system calls.', [line, `denied: ${list}`], hint);
  },
);

/** The end of one that ran short is told by the answer. */
const killedInside: Look = ({ status, figures: { oomKills, memoryLimit } }) => {
  if ((status !== 'running' && status !== 'paused') || oomKills === undefined) return undefined;
  const limit = memoryLimit === undefined ? [] : [`limit ${formatBinaryBytes(memoryLimit)}`];
  const evidence = [...limit, `processes killed: ${oomKills}`];
  return certain('Processes in it have been killed for want of memory.', evidence, 'sampan update -m gives it more.');
};

const pidsLimit: Look = ({ figures: { pidsRefused, pidsLimit: limit } }) => {
  if (pidsRefused === undefined) return undefined;
  return certain(
    `It could not make all the processes that it wanted: the limit is ${limit ?? 'reached'}.`,
    [`refused ${pidsRefused} times`],
    'Give it more with --pids-limit.',
  );
};

const noNetwork = fromLog(
  /name resolution|could not resolve|bad address|network is unreachable|getaddrinfo|no such host/i,
  ({ options }, line) =>
    options.network === 'none'
      ? likely(
          'It wanted the network, and has none (--network none).',
          [line],
          'Give it --network host, or another network.',
        )
      : possible('It did not reach the network.', [line]),
);

const missingLibrary = fromLog(/error while loading shared libraries|error loading shared library/i, (_, line) =>
  likely(
    'A program lacks a library in the image.',
    [line],
    'Add the library to the image, or link the program statically.',
  ),
);

const otherMachine = fromLog(/exec format error/i, (_, line) =>
  likely(
    'A file is no program for this machine.',
    [line],
    'Use an image for this architecture, or an emulator (binfmt_misc).',
  ),
);

const portTaken = fromLog(/address (?:already )?in use|EADDRINUSE/i, (_, line) =>
  likely('A port that it wanted is taken.', [line], 'ss -lntup shows by whom.'),
);

const unhealthy: Look = ({ health }) => {
  const last = health.at(-1);
  if (last === undefined || last.code === 0) return undefined;
  const failures = health.length - 1 - health.findLastIndex(({ code }) => code === 0);
  const output = last.output.trim().split('\n').at(-1) ?? '';
  return certain(`Its health check has failed ${failures === 1 ? 'once' : `${failures} times`}.`, [
    `the last one ended with ${last.code}${output === '' ? '' : `: ${output}`}`,
  ]);
};

/** What may stand behind an end, or beside it. */
export const HINTS: Readonly<Record<string, Look>> = {
  'killed-inside': killedInside,
  'pids-limit': pidsLimit,
  'read-only': readOnly,
  'disk-full': diskFull,
  'low-port': lowPort,
  'lacking-capability': lackingCapability,
  noexec,
  'seccomp-denied': deniedCall,
  'no-network': noNetwork,
  'missing-library': missingLibrary,
  'other-machine': otherMachine,
  'port-taken': portTaken,
  unhealthy,
};
