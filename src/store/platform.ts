import { Fault } from '#base/fault.ts';

/** What an image runs on; `variant` is `v8` for arm64, `v7` for arm and so on (image-spec image-index.md). */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** `process.arch` and other names in use -> the name (and variant) that images use. */
const ARCHITECTURES: Record<string, [architecture: string, variant?: string]> = {
  x64: ['amd64'],
  x86_64: ['amd64'],
  amd64: ['amd64'],
  arm64: ['arm64', 'v8'],
  aarch64: ['arm64', 'v8'],
  arm: ['arm', 'v7'],
  ia32: ['386'],
  i386: ['386'],
};
/** What a missing variant stands for. */
const IMPLIED: Record<string, string> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

export function platformOf(architecture: string): Platform {
  return make('linux', architecture, undefined);
}

/** Reads `linux/arm64/v8`, `linux/amd64` or `arm64`. Throws `invalid`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) {
    throw new Fault('invalid', `"${text}" is not a platform such as linux/amd64`, { field: 'platform' });
  }
  const [first = '', second, variant] = parts;
  return second === undefined ? make('linux', first, undefined) : make(first, second, variant);
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join('/');
}

/**
 * How well an image for `offered` runs on `wanted`: undefined for not at all, else higher is better. A machine runs
 * older variants of its own architecture.
 */
export function fitness(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
  const limit = variantNumber(wanted);
  const level = variantNumber(offered);
  return level > limit ? undefined : level;
}

function make(os: string, architecture: string, variant: string | undefined): Platform {
  const [name, implied] = ARCHITECTURES[architecture] ?? [architecture];
  const chosen = variant ?? implied;
  return { os, architecture: name, ...(chosen === undefined ? {} : { variant: chosen }) };
}

function variantNumber({ architecture, variant }: Platform): number {
  const text = variant === undefined || variant === '' ? (IMPLIED[architecture] ?? 'v0') : variant;
  return Number(/^v(\d+)/.exec(text)?.[1] ?? 0);
}
