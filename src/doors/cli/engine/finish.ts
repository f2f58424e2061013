import { settle } from '#engine/container/reconcile.ts';
import { waitForMonitor } from '#engine/monitor/wait.ts';
import type { Engine } from '#engine/engine.ts';
import { containerDirectory } from '#engine/container/record.ts';

/** After the end of an attached container: its monitor's last breath, then note of the end, removal if so wished. */
export async function finishAttached(engine: Engine, id: string): Promise<void> {
  await waitForMonitor(containerDirectory(engine.root, id));
  await settle(engine, id);
}
