import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { byPolicy, isPullPolicy, localImage, PULL_POLICIES } from '#engine/image/local.ts';
import type { ImageRecord } from '#engine/image/pull.ts';
import { warn } from '#doors/cli/io.ts';
import type { Call } from '#doors/cli/verb.ts';

/** The image named, pulled first where the policy says so. */
export async function localOrPulled(engine: Engine, name: string, call: Call): Promise<ImageRecord> {
  const policy = call.flags.text('pull') ?? 'missing';
  if (!isPullPolicy(policy)) {
    throw new Fault('invalid', `read --pull: "${policy}" is none of ${PULL_POLICIES.join(', ')}`, { field: '--pull' });
  }
  return byPolicy(
    policy,
    name,
    () => localImage(engine, name, call.flags.text('platform')),
    async () => {
      const { pullWithProgress } = await import('./pull-progress.ts');
      return pullWithProgress(engine, name, call, 'stderr');
    },
    (text) => warn(call.io, text),
  );
}
