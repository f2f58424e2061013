import type { Plan, Program, Step } from '#kernel/plan.ts';
import type { ContainerDirectory } from '#runtime/state/container-directory.ts';

/**
 * The plan of a `run` that cleans up after itself, for there is nobody else: its control groups must go, or the launcher
 * becomes somebody who knows what to do about that; then the files of its record, and their directory.
 */
export function withCleanUp(plan: Plan, directory: ContainerDirectory): Plan {
  return {
    ...plan,
    programs: plan.programs.map((program, index) => (index === 0 ? cleaning(program, directory) : program)),
  };
}

function cleaning({ name, steps }: Program, { path, ...files }: ContainerDirectory): Program {
  const strict = steps.map((step): Step => (step.op === 'rmdir' ? { ...step, onError: 'fail' } : step));
  const removed = Object.values(files).map((file): Step => ({ op: 'unlink', path: file, origin: 'clean up' }));
  return { name, steps: [...strict, ...removed, { op: 'rmdir', path, origin: 'clean up' }] };
}
