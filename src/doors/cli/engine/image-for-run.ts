import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { ImageRecord } from '#engine/image/pull.ts';
import type { Call } from '#doors/cli/verb.ts';

/** The image named, pulled first where the policy says so. */
export async function localOrPulled(engine: Engine, name: string, call: Call): Promise<ImageRecord> {
  const policy = call.flags.text('pull') ?? 'missing';
  if (policy !== 'always' && policy !== 'missing' && policy !== 'never') {
    throw new Fault('invalid', `read --pull: "${policy}" is none of always, missing, never`, { field: '--pull' });
  }
  const local = policy === 'always' ? undefined : engine.store.images.find(name);
  // Pulled with the other snapshotter, it is here but not in the form asked for.
  if (local !== undefined && (local.chainId === '' || engine.store.snapshots.has(local.chainId))) return local;
  if (policy === 'never') {
    throw new Fault('notFound', `No such image: ${name}`, { hint: `sampan pull ${name} fetches it.` });
  }
  const { pullWithProgress } = await import('./pull-progress.ts');
  return pullWithProgress(engine, name, call, 'stderr');
}
