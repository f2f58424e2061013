import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { OPEN, RESOLVE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { annotation } from '#runtime/spec/annotations.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';

export interface LoweredLabel {
  /** While the host's /proc is in sight: the process's own files of it, with nothing mounted over them. */
  open: Step[];
  /** Steps before the filter: what is executed next has the label. A refusal is fatal. */
  apply: Step[];
}

const PROCFS = 'host.proc';
/** A type of `run.oci.mount_context_type`, an annotation of crun's, by the name of the mount option. */
const CONTEXT_TYPES = ['context', 'fscontext', 'defcontext', 'rootcontext'];
/** Their files are labelled by the kernel alone. */
const WITHOUT_LABEL = new Set(['proc', 'sysfs', 'mqueue', 'cgroup', 'cgroup2']);

/** process.apparmorProfile and process.selinuxLabel; an error where the kernel has no such module. */
export function lowerSecurityLabel({ apparmorProfile, selinuxLabel }: Process, facts: HostFacts): LoweredLabel {
  if (!apparmorProfile && !selinuxLabel) return { open: [], apply: [] };
  const wanted: { file: string; data: string; origin: string }[] = [];
  const { apparmor, selinux } = facts.labelFiles;
  // Without AppArmor everything is unconfined.
  if (apparmorProfile && (apparmor !== undefined || apparmorProfile !== 'unconfined')) {
    const origin = 'process.apparmorProfile';
    wanted.push({ file: apparmor ?? missing(origin, 'AppArmor'), data: `exec ${apparmorProfile}`, origin });
  }
  if (selinuxLabel) {
    const origin = 'process.selinuxLabel';
    wanted.push({ file: selinux ?? missing(origin, 'SELinux'), data: selinuxLabel, origin });
  }
  if (wanted.length === 0) return { open: [], apply: [] };
  const resolve = RESOLVE.beneath | RESOLVE.noXdev | RESOLVE.noMagicLinks;
  return {
    open: [
      { op: 'open', path: '/proc', flags: OPEN.path | OPEN.directory | OPEN.noFollow, out: PROCFS },
      ...wanted.map(({ file: path, origin }): Step => {
        return { op: 'open', dir: PROCFS, path, flags: OPEN.writeOnly, resolve, out: origin, origin };
      }),
      { op: 'close', slot: PROCFS },
    ],
    apply: wanted.flatMap(({ data, origin }): Step[] => [
      { op: 'writeSlot', slot: origin, data, origin },
      { op: 'close', slot: origin, origin },
    ]),
  };
}

/** linux.mountLabel, as an option of a new mount of this type. */
export function mountLabelOption(spec: Spec, facts: HostFacts, type: string): string[] {
  const label = spec.linux?.mountLabel;
  if (!label) return [];
  if (facts.labelFiles.selinux === undefined) missing('linux.mountLabel', 'SELinux');
  const kind = annotation(spec, 'run.oci.mount_context_type') ?? 'context';
  if (!CONTEXT_TYPES.includes(kind)) {
    const field = 'annotations.run.oci.mount_context_type';
    throw new Fault('invalid', `${field} must be one of ${CONTEXT_TYPES.join(', ')}`, { field });
  }
  return WITHOUT_LABEL.has(type) ? [] : [`${kind}=${label}`];
}

function missing(field: string, module: string): never {
  throw new Fault('unsupported', `${field}: this kernel runs without ${module}`, {
    field,
    hint: `Leave ${field} out, or boot the kernel with ${module}.`,
  });
}
