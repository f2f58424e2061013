import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import { mountsOver, type HostRoot } from '#runtime/state/host-root.ts';
import { checkLaunch } from './prepare.ts';
import type { Runtime } from './runtime.ts';

/** MNT_DETACH and UMOUNT_NOFOLLOW: with the root goes everything that is mounted below it. */
const WHOLE_TREE = 2 | 8;

/** Takes the root of a container without a mount namespace off the host, as often as it was mounted there. */
export async function unmountHostRoot(runtime: Runtime, root: HostRoot | undefined): Promise<void> {
  if (root === undefined) return;
  const count = mountsOver(root);
  if (count === 0) return;
  const plan: Plan = {
    programs: [
      {
        name: 'main',
        steps: Array.from({ length: count }, () => {
          return { op: 'umount', path: root.path, flags: WHOLE_TREE, origin: 'root.path' } as const;
        }),
      },
    ],
  };
  const launcher = await runtime.launcher();
  checkLaunch(runtime, plan, await launcher.launch({ plan: encodePlan(plan) }).result);
}
