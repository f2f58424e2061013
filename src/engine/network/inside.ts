import { Fault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import { netlinkStep, type NetlinkRequest } from '#kernel/netlink/message.ts';
import { containerDirectory } from '#engine/container/record.ts';
import { observe, readInit } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';
import { deviceNames } from './device-names.ts';

export const isRunning = (engine: Engine, id: string): boolean =>
  observe(containerDirectory(engine.root, id)).status === 'running';

/** Names of the devices in the network namespace of a running container. */
export function insideDevices(engine: Engine, id: string): string[] {
  const init = readInit(containerDirectory(engine.root, id));
  return init === undefined ? [] : deviceNames(`/proc/${init.pid}/net/dev`);
}

/** Sends requests with the network namespace of a running container as target. */
export async function sendInto(
  engine: Engine,
  id: string,
  doing: string,
  requests: readonly NetlinkRequest[],
): Promise<void> {
  if (requests.length === 0) return;
  const init = readInit(containerDirectory(engine.root, id));
  if (init === undefined) throw new Fault('conflict', `${doing}: it has just ended`);
  const { pid, startTime } = init;
  const plan = encodePlan({
    programs: [
      {
        name: 'main',
        steps: [{ op: 'pidfd', pid, starttime: BigInt(startTime), out: 'init' }, netlinkStep(requests, 'init')],
      },
    ],
  });
  const result = await engine.launcher.launch({ plan, stdio: ['ignore', 'ignore', 'inherit'] }).result;
  if (result.code !== 0) throw failureFault(doing, result);
}
