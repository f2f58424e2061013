import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import { lowerExec } from '#runtime/lower/exec.ts';
import { checkProcess } from '#runtime/spec/check-process.ts';
import type { Process } from '#runtime/spec/spec.ts';
import { containerDirectory } from '#runtime/state/container-directory.ts';
import { readState, readStoredSpec } from '#runtime/state/stored-state.ts';
import { Checks } from '#runtime/stored/checks.ts';
import { storedFile } from '#runtime/stored/stored-file.ts';
import { TemplateWriter } from '#runtime/stored/template.ts';
import { holdsVariable, STAND_IN } from '#runtime/stored/variables.ts';
import { replaceFile } from './compile.ts';
import type { Runtime } from './runtime.ts';

/**
 * Stores how a program is executed in this container as its own process would be, with other arguments: twice, as a
 * bare name is looked for along PATH. For the front; it is only a matter of speed, so nothing is said when it fails.
 */
export function storeExec(runtime: Runtime, id: string): void {
  if (runtime.stored === undefined || runtime.stored.looked === '') return;
  try {
    const directory = containerDirectory(runtime.stateRoot, id);
    const plans = templates(runtime, id);
    if (plans === undefined) return;
    const checks = new Checks().self(runtime.facts());
    if (!(readStoredSpec(directory, id).linux?.cgroupsPath ?? '/').startsWith('/')) checks.text('/proc/self/cgroup');
    // A group that hands controllers down takes no more processes: then there is another to go to.
    for (const group of unifiedGroups(runtime, id)) checks.text(`${group}/cgroup.subtree_control`);
    replaceFile(directory.exec, storedFile(runtime.stored.build, { checks: checks.take(), ...plans }));
  } catch {
    // The container may be gone, or its directory full.
  }
}

function unifiedGroups(runtime: Runtime, id: string): readonly string[] {
  if (runtime.facts().cgroup.mode !== 'v2') return [];
  const groups = readState(containerDirectory(runtime.stateRoot, id), id)?.cgroups ?? [];
  if (groups.some((group) => readFileSync(`${group}/cgroup.subtree_control`, 'utf8').trim() !== '')) {
    throw new Fault('unsupported', 'store an exec: the control group hands its controllers down');
  }
  return groups;
}

function templates(runtime: Runtime, id: string): { named: Uint8Array; byPath: Uint8Array } | undefined {
  const directory = containerDirectory(runtime.stateRoot, id);
  const stored = readState(directory, id);
  const spec = readStoredSpec(directory, id);
  // A user's systemd has to be found and asked each time.
  if (stored?.unit !== undefined && runtime.bus().isUser) return undefined;
  if (stored === undefined || holdsVariable(JSON.stringify(spec))) return undefined;
  // Neither the root nor such a group is one that a descriptor of init leads to.
  if (stored.hostRoot !== undefined || spec.linux?.intelRdt !== undefined) return undefined;
  const process: Process = { ...checkProcess(spec.process), args: [STAND_IN.program], terminal: false };
  const { plan, warnings } = lowerExec(process, {
    spec,
    facts: runtime.facts(),
    init: 'inherited',
    cgroupsPath: stored.cgroupsPath,
    cgroups: stored.cgroups,
    subject: { id, bundle: stored.bundle },
    terminal: { kind: 'relay' },
    mode: 'run',
    ...(stored.keyring === undefined ? {} : { keyring: stored.keyring }),
  });
  // A warning has to be given each time.
  if (warnings.length > 0) return undefined;
  const argv = [STAND_IN.arguments];
  return {
    named: template(plan, { argv }),
    byPath: template(plan, { argv, candidates: [STAND_IN.program] }),
  };
}

function template(plan: Plan, executed: { argv: string[]; candidates?: string[] }): Uint8Array {
  const changed = (step: Step): Step => (step.op === 'exec' ? { ...step, ...executed } : step);
  const programs = plan.programs.map(({ name, steps }) => ({ name, steps: steps.map(changed) }));
  return encodePlan({ ...plan, programs }, new TemplateWriter(16 * 1024));
}
