import { Fault } from '#base/fault.ts';
import type { EntryChange, PlaceAccess } from '#engine/manifest/list.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { usage, type Flags, type FlagTable } from '#doors/cli/flags.ts';
import type { Io } from '#doors/cli/io.ts';

/** How registries are spoken to. */
export const ACCESS_FLAGS: FlagTable = {
  authfile: { kind: 'text', value: 'FILE', does: 'Credentials are in this file' },
  creds: { kind: 'text', value: 'USER:PASSWORD', does: 'Credentials for the registry, seen by all users' },
  insecure: { kind: 'switch', does: 'The registry need not be secure' },
  'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
  'tls-verify': { kind: 'switch', does: '=false: the same as --insecure' },
};

/** What can be said of an entry; podman's and docker's names. */
export const ENTRY_FLAGS: FlagTable = {
  annotation: { kind: 'list', value: 'KEY=VALUE', does: 'Set an annotation' },
  arch: { kind: 'text', value: 'ARCH', does: 'Architecture' },
  features: { kind: 'list', value: 'LIST', does: 'Features of the processor that it needs' },
  os: { kind: 'text', value: 'OS', does: 'Operating system' },
  'os-features': { kind: 'list', value: 'LIST', does: 'Features of the operating system that it needs' },
  'os-version': { kind: 'text', value: 'VERSION', does: 'Version of the operating system' },
  variant: { kind: 'text', value: 'VARIANT', does: 'Variant of the architecture' },
};

const TEXTS = { arch: 'architecture', os: 'os', 'os-version': 'osVersion', variant: 'variant' } as const;
const LISTS = { features: 'features', 'os-features': 'osFeatures' } as const;

export function entryOf(flags: Flags): EntryChange {
  const texts = Object.entries(TEXTS).map(([flag, field]) => [field, flags.text(flag)] as const);
  const lists = Object.entries(LISTS).map(
    ([flag, field]) => [field, flags.list(flag).flatMap((value) => value.split(',').filter(Boolean))] as const,
  );
  const said = [...texts, ...lists].filter(([, value]) => value !== undefined && value.length > 0);
  return { ...Object.fromEntries(said), annotations: annotationsOf(flags) };
}

export function annotationsOf(flags: Flags): Record<string, string> {
  return Object.fromEntries(
    flags.list('annotation').map((text): [string, string] => {
      const equals = text.indexOf('=');
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
      throw new Fault('invalid', `read --annotation: "${text}" is not KEY=VALUE`, { field: '--annotation' });
    }),
  );
}

export function accessOf(flags: Flags, io: Io, signal: AbortSignal): PlaceAccess {
  const authfile = flags.text('authfile');
  const creds = flags.text('creds');
  return {
    access: registryAccess(authfile === undefined ? io.env : { ...io.env, REGISTRY_AUTH_FILE: authfile }),
    lax: flags.on('insecure') || flags.text('tls-verify') === 'false',
    insecure: flags.on('plain-http'),
    signal,
    ...(creds === undefined ? {} : { credentials: passwordOf(creds, '--creds') }),
  };
}

export function passwordOf(text: string, flag: string): { username: string; password: string } {
  const colon = text.indexOf(':');
  if (colon < 1) throw usage(`${flag}: write USER:PASSWORD`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
