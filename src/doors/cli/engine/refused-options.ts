import type { Refusal } from '#doors/cli/flags.ts';

const WINDOWS: Refusal = { why: 'it is of containers on Windows' };
const NETWORKS: Refusal = { why: 'there are no networks yet', hint: 'There are --network none, host and pasta.' };

/** Options of docker's `run` and `create` that are not there, each with the reason; docs/docker.md has the same list. */
export const REFUSED_OPTIONS: Readonly<Record<string, Refusal>> = {
  'add-host': NETWORKS,
  'cpu-count': WINDOWS,
  'cpu-percent': WINDOWS,
  dns: NETWORKS,
  'dns-opt': NETWORKS,
  'dns-option': NETWORKS,
  'dns-search': NETWORKS,
  expose: NETWORKS,
  'io-maxbandwidth': WINDOWS,
  'io-maxiops': WINDOWS,
  ip: NETWORKS,
  ip6: NETWORKS,
  'kernel-memory': { why: 'kernels do not limit it apart any more', hint: '--memory limits all of it.' },
  link: NETWORKS,
  'link-local-ip': NETWORKS,
  'mac-address': NETWORKS,
  'net-alias': NETWORKS,
  'network-alias': NETWORKS,
  'publish-all': { ...NETWORKS, short: 'P' },
  'storage-opt': { why: 'the size of a root would need project quotas', hint: 'A tmpfs has one: --tmpfs DIR:size=64m' },
  'use-api-socket': { why: 'there is no API socket to hand on yet' },
};
