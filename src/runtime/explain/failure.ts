import { Fault } from '#base/fault.ts';
import { stepAt } from '#kernel/encode.ts';
import { errnoKind, errnoName } from '#kernel/failure.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import type { ReportRecord } from '#kernel/report.ts';
import { explainExec, type Explanation } from './exec-failure.ts';
import { errnoWords } from './errno-words.ts';
import { explainHook } from './hook-failure.ts';
import { explainSystemd } from './systemd.ts';
import { explainUserNamespace } from './user-namespace.ts';
import { explainMissingCall } from './missing-call.ts';

/** Steps whose failures have a sentence of their own; undefined falls back to the general one. */
const EXPLAINERS: Partial<
  Record<Step['op'], (step: Step, errno: string, record: ReportRecord) => Explanation | undefined>
> = {
  exec: (step, errno, { path, detail }) =>
    step.op === 'exec' ? explainExec(errno, step.argv[0] ?? '', path, detail) : undefined,
  findProgram: (step, errno, { path, detail }) =>
    step.op === 'findProgram' ? explainExec(errno, step.name, path, detail) : undefined,
  cwd: (step, errno) => (step.op === 'cwd' ? explainCwd(step.path, errno) : undefined),
  checkCwd: () => ({ kind: 'denied', sentence: 'the working directory lies outside of the container' }),
  tree: (step, errno) => (step.op === 'tree' ? explainTree(step.path, errno, step.origin) : undefined),
  mkdir: (step, errno) => (step.op === 'mkdir' ? explainMkdir(step.path, errno, step.origin) : undefined),
  mkpath: (step, errno) => (step.op === 'mkpath' ? explainMkpath(step.path, errno, step.origin) : undefined),
  hook: (step, errno, { path, detail }) =>
    step.op === 'hook' ? explainHook(step.origin ?? 'hook', errno, path, detail.toString('utf8')) : undefined,
  deviceProgram: (_, errno) => explainDeviceProgram(errno),
  writeSlot: (step, errno) => (step.op === 'writeSlot' ? explainLabel(step, errno) : undefined),
  moveDevice: (step, errno) => (step.op === 'moveDevice' ? explainMoveDevice(step, errno) : undefined),
  openMount: (step, errno) =>
    step.op === 'openMount' ? explainOpenMount(step.path, errno, step.origin ?? 'mounts') : undefined,
  ids: (_, errno) =>
    errno === 'EINVAL'
      ? { kind: 'invalid', sentence: 'the user or group id has no mapping in the user namespace' }
      : undefined,
  pidfd: (_, errno) => (errno === 'ESRCH' ? { kind: 'conflict', sentence: 'the container is not running' } : undefined),
  release: (_, errno) =>
    errno === 'ENXIO' ? { kind: 'conflict', sentence: 'the container does not wait to be started' } : undefined,
};

/**
 * The fault that a `fail` record of the launcher means: its sentence names the step, the path, the errno and the place
 * of the configuration that asked for the step. Facts: errno, path, step, op, program, origin.
 */
export function explainFailure(record: ReportRecord, plan: Plan): Fault {
  const errno = errnoName(record.value);
  const found = record.step === undefined ? undefined : stepAt(plan, record.step);
  if (found === undefined) {
    // What the launcher says in its own words about what it does before the plan: `seal the launcher`.
    const parts = [record.detail.toString('utf8'), record.path, errno].filter(Boolean);
    return new Fault(errnoKind(record.value), `run the launcher: ${parts.join(': ')}`, {
      facts: { errno, path: record.path },
    });
  }
  const { step, program } = found;
  const known = explainStep(step, errno, record);
  const origin = step.origin ?? '';
  return new Fault(known?.kind ?? errnoKind(record.value), known?.sentence ?? general(step, errno, record), {
    ...(origin === '' ? {} : { field: origin }),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    facts: {
      errno,
      path: record.path,
      step: record.step ?? -1,
      op: step.op,
      program,
      ...(origin === '' ? {} : { origin }),
    },
  });
}

function explainStep(step: Step, errno: string, record: ReportRecord): Explanation | undefined {
  const detail = record.detail.toString('utf8');
  return (
    EXPLAINERS[step.op]?.(step, errno, record) ??
    explainUserNamespace(step, errno, detail) ??
    explainSystemd(step, errno, detail) ??
    (errno === 'ENOSYS' ? explainMissingCall(step) : undefined)
  );
}

/** `mounts[3]: fsmount tmpfs: invalid argument, EINVAL (tmpfs: Unknown parameter 'sizee')`. */
function general(step: Step, errno: string, { path, detail }: ReportRecord): string {
  const place = step.origin === undefined ? '' : `${step.origin}: `;
  const what = path === '' ? step.op : `${step.op} ${path}`;
  const text = step.op === 'exec' ? '' : detail.toString('utf8').trim();
  const words = errnoWords(errno);
  return `${place}${what}: ${words === '' ? '' : `${words}, `}${errno}${text === '' ? '' : ` (${text})`}`;
}

function explainCwd(path: string, errno: string): Explanation | undefined {
  const place = `the working directory ${path}`;
  if (errno === 'ENOENT')
    return { kind: 'notFound', sentence: `${place} does not exist in the container: ${errnoWords(errno)}` };
  if (errno === 'ENOTDIR') return { kind: 'invalid', sentence: `${place} is not a directory` };
  if (errno === 'EACCES')
    return { kind: 'denied', sentence: `${place} may not be entered by this user: ${errnoWords(errno)}` };
  return undefined;
}

function explainTree(path: string, errno: string, origin: string | undefined): Explanation | undefined {
  const what = origin === 'root.path' ? `the root file system ${path}` : `${origin ?? 'mount'}: the source ${path}`;
  if (errno === 'ENOENT') return { kind: 'notFound', sentence: `${what} does not exist` };
  if (errno === 'ENOTDIR') return { kind: 'invalid', sentence: `${what} is not a directory` };
  if (errno === 'EACCES' || errno === 'EPERM')
    return { kind: 'denied', sentence: `${what} may not be read (${errno})` };
  return undefined;
}

function explainMkdir(path: string, errno: string, origin: string | undefined): Explanation | undefined {
  if (origin !== 'linux.cgroupsPath') return undefined;
  if (errno === 'EEXIST') return { kind: 'conflict', sentence: `${origin}: the control group ${path} exists already` };
  if (errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM') {
    return {
      kind: 'denied',
      sentence: `${origin}: the control group ${path} may not be made (${errno})`,
      hint: 'Control groups are not delegated to this user. With --rootless true, and no cgroupsPath, none is needed.',
    };
  }
  return undefined;
}

/** Only what is known for sure; a program that the verifier refuses is told with its log. */
function explainDeviceProgram(errno: string): Explanation | undefined {
  const missing = 'linux.resources.devices: the container may use only some devices, but ';
  if (errno === 'EPERM') {
    return {
      kind: 'denied',
      sentence: `${missing}the kernel refuses the program that would hold it to them`,
      hint: 'It needs CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN.',
    };
  }
  if (errno === 'ENOSYS') {
    return { kind: 'unsupported', sentence: `${missing}this kernel has no eBPF programs to hold it to them` };
  }
  return undefined;
}

function explainLabel({ origin, data }: Extract<Step, { op: 'writeSlot' }>, errno: string): Explanation | undefined {
  if (origin !== 'process.apparmorProfile' || errno !== 'ENOENT') return undefined;
  const profile = data.slice('exec '.length);
  return {
    kind: 'notFound',
    sentence: `${origin}: the profile ${profile} is not loaded`,
    hint: 'Load it with apparmor_parser.',
  };
}

function explainMoveDevice(step: Extract<Step, { op: 'moveDevice' }>, errno: string): Explanation | undefined {
  const device = `linux.netDevices.${step.name}`;
  const name = step.newName || step.name;
  if (errno === 'ENODEV') return { kind: 'notFound', sentence: `${device}: there is no such network device` };
  if (errno === 'EEXIST') return { kind: 'conflict', sentence: `${device}: ${name} exists in the container already` };
  if (errno === 'EINVAL')
    return { kind: 'unsupported', sentence: `${device}: this device cannot change its namespace` };
  return undefined;
}

function explainOpenMount(path: string, errno: string, field: string): Explanation | undefined {
  if (errno === 'EINVAL') return { kind: 'notFound', sentence: `${field}: no mount of its own is at ${path}` };
  if (errno === 'ENOENT') return { kind: 'notFound', sentence: `${field}: ${path} does not exist in the container` };
  if (errno === 'ELOOP') {
    const sentence = `${field}: ${path} leads through a symlink, which is not followed in a running container`;
    return { kind: 'denied', sentence, hint: 'Name the place where the mount itself is.' };
  }
  return undefined;
}

function explainMkpath(path: string, errno: string, origin: string | undefined): Explanation | undefined {
  const place = origin === 'process.cwd' ? `the working directory ${path}` : `${origin ?? 'mount'}: ${path}`;
  if (errno === 'EROFS') {
    return { kind: 'denied', sentence: `${place} does not exist and cannot be made: the root is read-only` };
  }
  if (errno === 'EINVAL') return { kind: 'invalid', sentence: `${place} is the container's root itself` };
  if (errno === 'ENOTDIR') return { kind: 'invalid', sentence: `${place}: a part of it is not a directory` };
  if (errno === 'EISDIR')
    return { kind: 'invalid', sentence: `${place} is a directory; a file, not a directory, was to be mounted there` };
  if (errno === 'ELOOP') return { kind: 'denied', sentence: `${place} is a symlink, which is not followed here` };
  return undefined;
}
