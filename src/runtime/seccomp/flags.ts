import { Fault } from '#base/fault.ts';

/** SECCOMP_FILTER_FLAG_* as the kernel takes them. TSYNC asks for what is so anyway: the launcher has one thread. */
const FLAGS: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};
const NEW_LISTENER = 8;
const FOR_LISTENERS = 32;

/** `notifies` asks for a listener; what is only for listeners is left out without one, as the kernel refuses it. */
export function filterFlags(names: readonly string[] | null | undefined, notifies: boolean): number {
  let flags = notifies ? NEW_LISTENER : 0;
  for (const [index, name] of (names ?? []).entries()) {
    const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (flag === undefined) {
      const field = `linux.seccomp.flags[${index}]`;
      throw new Fault('unsupported', `${field}: "${name}" is not supported`, { field });
    }
    flags |= flag;
  }
  return notifies ? flags : flags & ~FOR_LISTENERS;
}
