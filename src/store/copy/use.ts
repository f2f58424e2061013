import { asDiskFault } from '#store/disk-fault.ts';
import type { StoreParts } from '#store/parts.ts';
import { parsePlatform } from '#store/platform.ts';
import { copyContent, type CopyRequest } from './copy.ts';
import { openSource, openTarget, type ContentPlace } from './open.ts';
import type { Copied } from './port.ts';

export type CopyContentOptions = Omit<CopyRequest, 'platform'> & {
  /** `linux/arm64`; the host's when left out. */
  platform?: string;
};

/** Copies content between any two places. Faults: those of either side, corrupt, unsupported, exhausted, cancelled. */
export async function copyBetween(
  parts: StoreParts,
  from: ContentPlace,
  to: ContentPlace,
  options: CopyContentOptions,
): Promise<Copied> {
  const platform = options.platform === undefined ? parts.platform : parsePlatform(options.platform);
  const target = openTarget(parts, to, platform);
  const source = await openSource(parts, from, platform, options.signal);
  try {
    return await copyContent(source, target, { ...options, platform });
  } catch (error) {
    throw asDiskFault(error, 'copy');
  } finally {
    await source.close();
  }
}
