import { Fault, sentence } from '#base/fault.ts';
import { fitness, parsePlatform } from '#store/platform.ts';
import type { ImageRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export const PULL_POLICIES = ['always', 'missing', 'newer', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

export function isPullPolicy(text: string): text is PullPolicy {
  return (PULL_POLICIES as readonly string[]).includes(text);
}

/**
 * The image of a name that is here and ready to run, for `platform` when that is asked for; unpacked now when the name
 * means an index that the store keeps.
 */
export async function localImage(
  engine: Engine,
  name: string,
  platform: string | undefined,
): Promise<ImageRecord | undefined> {
  const { images, indexes, snapshots } = engine.store;
  const found = images.find(name);
  // Pulled with the other snapshotter, it is here but not in the form asked for.
  const ready = found !== undefined && (found.chainId === '' || snapshots.has(found.chainId));
  if (ready && (platform === undefined || runsOn(found, platform))) return found;
  if (indexes.find(name) === undefined) return undefined;
  return engine.store.unpackMember(name, platform === undefined ? {} : { platform });
}

function runsOn(image: ImageRecord, platform: string): boolean {
  return fitness(parsePlatform(platform), parsePlatform(image.platform)) !== undefined;
}

/** What is here, or what `pull` brings, as the policy says. `newer` goes with what is here when `pull` fails, and warns. */
export async function byPolicy<T>(
  policy: PullPolicy,
  name: string,
  here: () => Promise<T | undefined>,
  pull: () => Promise<T>,
  warn: (text: string) => void,
): Promise<T> {
  if (policy === 'always') return pull();
  if (policy === 'newer') {
    try {
      return await pull();
    } catch (error) {
      const found = await here();
      if (found === undefined || (error instanceof Fault && error.kind === 'cancelled')) throw error;
      warn(`going on with the ${name} that is here: ${sentence(error)}`);
      return found;
    }
  }
  const found = await here();
  if (found !== undefined) return found;
  if (policy === 'missing') return pull();
  throw new Fault('notFound', `No such image: ${name}`, { hint: `sampan pull ${name} fetches it.` });
}
