import { arch, release } from 'node:os';
import { VERSION } from '#base/version.ts';

/** What `version` tells beside the version: of the machine and of what executes us. */
export function versionFacts(): Record<string, string> {
  const bun = process.versions['bun'];
  return {
    Version: VERSION,
    Runtime: bun === undefined ? `Node ${process.versions.node}` : `Bun ${bun}`,
    Os: process.platform,
    Arch: arch() === 'x64' ? 'amd64' : arch(),
    KernelVersion: release(),
  };
}
