import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '#engine/engine.ts';
import { hostsText, resolverText } from '#engine/network/host-names.ts';
import type { ContainerRecord } from './record.ts';
import { hostnameOf } from './spec.ts';

/** What is bound into the container at /etc/hostname, /etc/hosts and /etc/resolv.conf. */
export function hostFiles(engine: Pick<Engine, 'database'>, { id, options }: ContainerRecord): Record<string, string> {
  const hostname = hostnameOf(options, id);
  return {
    hostname: `${hostname}\n`,
    hosts: hostsText(engine, id, hostname, options),
    'resolv.conf': resolverText(engine, id, options),
  };
}

export function writeHostFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text, { mode: 0o644 });
}
