/** SECCOMP_RET_* by the names of the runtime specification. */
const RETURNS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x0000_0000,
  SCMP_ACT_KILL_THREAD: 0x0000_0000,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_NOTIFY: 0x7fc0_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
};

const EPERM = 1;
const ENOSYS = 38;

export const ACTIONS: readonly string[] = Object.keys(RETURNS);
export const KILL_PROCESS = 0x8000_0000;
export const ALLOW = 0x7fff_0000;
export const NOTIFY = 0x7fc0_0000;
export const ERRNO_ENOSYS = 0x0005_0000 | ENOSYS;

/** The value that a filter returns; `errnoRet` counts for ERRNO and TRACE alone (EPERM when it is left out). */
export function returnValue(action: string, errnoRet: number | undefined | null): number {
  const base = RETURNS[action] ?? 0;
  const carries = action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
  return carries ? (base | ((errnoRet ?? EPERM) & 0xffff)) >>> 0 : base;
}

/** The call is made, or somebody is asked who makes up for what the kernel lacks. */
export function isPermissive(action: string): boolean {
  return action === 'SCMP_ACT_ALLOW' || action === 'SCMP_ACT_LOG' || action === 'SCMP_ACT_TRACE';
}
