import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import { netlinkStep, type NetlinkRequest } from '#kernel/netlink/message.ts';
import type { Engine } from '#engine/engine.ts';

/** Sends requests from the host's network namespace, outside of any container's start. */
export async function sendRequests(
  { launcher }: Pick<Engine, 'launcher'>,
  doing: string,
  requests: readonly NetlinkRequest[],
): Promise<void> {
  const plan = encodePlan({ programs: [{ name: 'main', steps: [netlinkStep(requests)] }] });
  const result = await launcher.launch({ plan, stdio: ['ignore', 'ignore', 'inherit'] }).result;
  if (result.code !== 0) throw failureFault(doing, result);
}
