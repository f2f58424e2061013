import { release } from 'node:os';
import type { Step } from '#kernel/plan.ts';
import type { Explanation } from './exec-failure.ts';

/** The youngest system call that a step makes, and the Linux that brought it. Sampan needs the newest of these. */
const CALLS: Partial<Record<Step['op'], readonly [call: string, since: string]>> = {
  open: ['openat2', '5.6'],
  mkpath: ['openat2', '5.6'],
  clone: ['clone3', '5.3'],
  fsmount: ['fsopen', '5.2'],
  tree: ['open_tree', '5.2'],
  attach: ['move_mount', '5.2'],
  attachAt: ['move_mount', '5.2'],
  mountAttr: ['mount_setattr', '5.12'],
  readonly: ['mount_setattr', '5.12'],
  remountRoot: ['mount_setattr', '5.12'],
  pidfd: ['pidfd_open', '5.3'],
  exec: ['close_range', '5.9'],
  takeFd: ['pidfd_getfd', '5.6'],
};

/** Why a step ended with ENOSYS; undefined for one that makes no young call. `kernel` is a release as of uname. */
export function explainMissingCall(step: Step, kernel: string = release()): Explanation | undefined {
  const known = CALLS[step.op];
  if (known === undefined) return undefined;
  const [call, since] = known;
  const sentence = `this kernel (${kernel}) has no ${call}`;
  if (isOlder(kernel, since)) {
    return {
      kind: 'unsupported',
      sentence: `${sentence}, which came with Linux ${since}`,
      hint: 'Containers need Linux 5.12 or newer.',
    };
  }
  return {
    kind: 'unsupported',
    sentence: `${sentence} for this process, though Linux ${since} brought it`,
    hint: 'A system call filter around this process may hide it.',
  };
}

function isOlder(kernel: string, since: string): boolean {
  const [[major = 0, minor = 0] = [], [needMajor = 0, needMinor = 0] = []] = [kernel, since].map((version) =>
    version.split(/[.-]/, 2).map(Number),
  );
  return major < needMajor || (major === needMajor && minor < needMinor);
}
