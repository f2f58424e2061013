import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forwardedResolvers } from '#engine/network/pasta.ts';
import type { ContainerOptions } from './options.ts';

/** Writes the files that are bound into the container at /etc/hostname, /etc/hosts and /etc/resolv.conf. */
export function writeHostFiles(directory: string, hostname: string, { network }: ContainerOptions): void {
  const files: Record<string, string> = {
    hostname: `${hostname}\n`,
    hosts: [
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::\tip6-localnet',
      'ff02::1\tip6-allnodes',
      'ff02::2\tip6-allrouters',
      `127.0.0.1\t${hostname}`,
      '',
    ].join('\n'),
    'resolv.conf': network === 'pasta' ? forwardedResolvers(hostResolver()) : hostResolver(),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text, { mode: 0o644 });
}

function hostResolver(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}
