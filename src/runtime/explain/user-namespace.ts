import type { Step } from '#kernel/plan.ts';
import type { Explanation } from './exec-failure.ts';

type Sentence = Omit<Explanation, 'kind'> & Partial<Pick<Explanation, 'kind'>>;
type Explain = (step: Step, detail: string) => Sentence | undefined;

/** What is refused to whom is not root of the machine, by step and errno. */
const REFUSALS: Readonly<Record<string, Explain>> = {
  'mapIds ECHILD': (step, detail) => {
    const said = detail.split('\n').slice(1).join(' ').trim();
    const file = step.origin === 'linux.gidMappings' ? '/etc/subgid' : '/etc/subuid';
    return { sentence: `${step.origin}: ${said}`, hint: `Ids other than your own must be yours in ${file}.` };
  },
  'clone EPERM': () => ({
    sentence: 'linux.namespaces: the namespaces may not be made (EPERM)',
    hint: 'Making a user namespace is forbidden here, by a filter of an outer container (podman, docker: --security-opt seccomp=unconfined) or by the sysctls kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns.',
  }),
  'setns EPERM': (step) => ({
    sentence: `${step.origin}: the namespaces may not be entered (EPERM)`,
    hint: 'Before its start only root may look into a container; an ordinary user can exec once it runs.',
  }),
  'clone ENOSPC': () => ({
    kind: 'exhausted',
    sentence: 'linux.namespaces: there are too many namespaces already, or too deep ones (ENOSPC)',
    hint: 'The sysctls user.max_*_namespaces say how many this user may have.',
  }),
  'idmap EPERM': (step) => ({
    sentence: `${step.origin}: the maps may not be written (EPERM)`,
    hint: 'They may hold only ids that there are in the user namespace that this process is in.',
  }),
  'ids EPERM': (step) =>
    step.op === 'ids' && step.groups?.length
      ? {
          sentence: 'process.user.additionalGids: groups cannot be changed in this user namespace (EPERM)',
          hint: 'Map more than your own group, with newgidmap.',
        }
      : undefined,
  'fsmount EPERM': (step) => (step.op === 'fsmount' ? explainMount(step.fstype, step.origin ?? 'mount') : undefined),
  'mountAttr EPERM': (step) =>
    step.op === 'mountAttr' && step.userns !== undefined
      ? {
          sentence: `${step.origin}: ids of this file system cannot be mapped from within a user namespace (EPERM)`,
          hint: 'Only root of the machine can have them mapped.',
        }
      : undefined,
  'mknod EPERM': (step) => ({ sentence: `${step.origin}: device nodes may not be made here (EPERM)` }),
};

const COVERED = 'parts of the one that is there are covered, as they are in a container';

/** A new procfs or sysfs must show no more than the one in sight. */
function explainMount(fstype: string, origin: string): Sentence | undefined {
  if (fstype !== 'proc' && fstype !== 'sysfs') return undefined;
  return {
    sentence: `${origin}: a new ${fstype} is refused (EPERM)`,
    hint: `Either its namespace is somebody else's, or ${COVERED}: run the outer container without masked and read-only paths (podman: --security-opt unmask=ALL), or bind ${fstype === 'proc' ? '/proc' : '/sys'}.`,
  };
}

export function explainUserNamespace(step: Step, errno: string, detail: string): Explanation | undefined {
  const found = REFUSALS[`${step.op} ${errno}`]?.(step, detail);
  return found === undefined ? undefined : { kind: 'denied', ...found };
}
