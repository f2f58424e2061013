import { formatPlatform, parsePlatform, platformOf } from '#store/platform.ts';
import type { ImageRecord } from '#store/store.ts';

/** What this machine is, when the image is for another; an emulator may run it all the same. */
export function foreignTo({ platform }: Pick<ImageRecord, 'platform'>): string | undefined {
  const own = platformOf(process.arch);
  const { os, architecture } = parsePlatform(platform);
  return os === own.os && architecture === own.architecture ? undefined : formatPlatform(own);
}
