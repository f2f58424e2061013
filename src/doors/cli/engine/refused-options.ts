import type { Refusal } from '#doors/cli/flags.ts';

const WINDOWS: Refusal = { why: 'it is of containers on Windows' };
const NAMES: Refusal = {
  why: 'names of containers do it',
  hint: 'Put both into a network of their own: --network NAME.',
};

/** Options of docker's `run` and `create` that are not there, each with the reason; docs/docker.md has the same list. */
export const REFUSED_OPTIONS: Readonly<Record<string, Refusal>> = {
  'cpu-count': WINDOWS,
  'cpu-percent': WINDOWS,
  'io-maxbandwidth': WINDOWS,
  'io-maxiops': WINDOWS,
  'kernel-memory': { why: 'kernels do not limit it apart any more', hint: '--memory limits all of it.' },
  link: NAMES,
  'link-local-ip': { why: 'no device gets further addresses' },
  'storage-opt': { why: 'the size of a root would need project quotas', hint: 'A tmpfs has one: --tmpfs DIR:size=64m' },
  'use-api-socket': { why: 'there is no API socket to hand on yet' },
};
