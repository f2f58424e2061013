import type { CollectOptions, HostingCollection } from '#store/hosting/collect.ts';
import { openHosting, type HostingSettings } from '#store/hosting/open.ts';
import type { Hosting } from '#store/hosting/port.ts';

export type { HostingCollection } from '#store/hosting/collect.ts';
export { checkedDigest, checkedRepository, isTag } from '#store/hosting/names.ts';
export type { Hosting, HostedBlob, HostingChanges, Page, Uploads } from '#store/hosting/port.ts';
export { refusal, type RefusalCode } from '#store/hosting/refusal.ts';
export { OCI_INDEX } from '#store/registry/media-types.ts';

/** Content that nobody has gone on with for so long is left over: uploads, and blobs without a manifest. */
export const LEFT_OVER_MS = 24 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 60 * 60 * 1000;

/** A registry's own directory; what is left over in it is removed now and from time to time, unless it is read only. */
export function hostDirectory(settings: HostingSettings): Hosting {
  const hosting = openHosting(settings);
  if (settings.readOnly === true) return hosting;
  const sweep = (): void => void hosting.collect({ minimumAge: LEFT_OVER_MS, untagged: false, dryRun: false });
  sweep();
  const timer = setInterval(() => {
    try {
      sweep();
    } catch {
      // Another process may hold the database for long, or the disk be full: the next time will do.
    }
  }, SWEEP_EVERY_MS).unref();
  return {
    ...hosting,
    close: () => {
      clearInterval(timer);
      hosting.close();
    },
  };
}

export interface GarbageRequest extends Pick<CollectOptions, 'minimumAge' | 'untagged' | 'dryRun'> {
  root: string;
  /** Reads every blob, and takes those away that are not what they should be. */
  verify: boolean;
}

/** Removes what nothing leads to from a registry's directory, beside servers or without any. */
export async function collectDirectory({ root, verify, ...options }: GarbageRequest): Promise<HostingCollection> {
  const hosting = openHosting({ root });
  try {
    const damaged = verify ? await hosting.damaged() : [];
    return hosting.collect({ ...options, damaged });
  } finally {
    hosting.close();
  }
}
