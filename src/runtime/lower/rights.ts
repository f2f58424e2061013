import { Fault } from '#base/fault.ts';
import { holds } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Spec } from '#runtime/spec/spec.ts';

/** Root of the machine: may clone trees of the host's mount namespace, make nodes, load programs for devices. */
export function hasHostRights(facts: HostFacts): boolean {
  return holds(facts.effective, 'CAP_SYS_ADMIN') && !facts.inUserNamespace;
}

/** The container lives in a user namespace: its own, a joined one, or the one that this process is in already. */
export function livesInUserNamespace(spec: Spec, facts: HostFacts): boolean {
  return facts.inUserNamespace || (spec.linux?.namespaces ?? []).some(({ type }) => type === 'user');
}

/** Throws `denied` for a container that an ordinary user cannot have: one without a user namespace. */
export function requireUserNamespace(spec: Spec, facts: HostFacts): void {
  if (holds(facts.effective, 'CAP_SYS_ADMIN')) return;
  if ((spec.linux?.namespaces ?? []).some(({ type }) => type === 'user')) return;
  const who = facts.uid === 0 ? 'root without CAP_SYS_ADMIN' : `user ${facts.uid}`;
  throw new Fault('denied', `linux.namespaces: ${who} needs a user namespace for a container`, {
    field: 'linux.namespaces',
    hint: "Begin with 'sampan oci spec --rootless', or run it as root with all rights.",
  });
}
