/** A bundle for `sampan oci --systemd-cgroup`, and what the machine's systemd says of units. */
import { spawnSync } from 'node:child_process';
import { ociWorld, type OciWorld } from '#test/oci/world.ts';
import { HAS_V1 } from '#test/rootless/hierarchies.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';

/** Booted with version 1: each file is for one of the two. */
export const IS_V1 = HAS_V1;

export interface ScopeWorld extends OciWorld {
  scoped(...args: string[]): ReturnType<OciWorld['oci']>;
  configureScope(
    cgroupsPath: string | undefined,
    args: readonly string[],
    change?: (spec: Spec, process: Process) => void,
  ): void;
}

export function scopeWorld(): ScopeWorld {
  const world = ociWorld();
  return {
    ...world,
    scoped: (...args) => world.oci('--systemd-cgroup', ...args),
    configureScope: (cgroupsPath, args, change = () => {}) =>
      world.configure(args, (spec, process) => {
        const { cgroupsPath: _, ...linux } = spec.linux ?? {};
        spec.linux = cgroupsPath === undefined ? linux : { ...linux, cgroupsPath };
        change(spec, process);
      }),
    [Symbol.dispose]: () => world[Symbol.dispose](),
  };
}

/** A property of a unit, as `systemctl show` prints it. */
export function property(unit: string, name: string, manager: readonly string[] = []): string {
  const { stdout } = spawnSync('systemctl', [...manager, 'show', '--value', '--property', name, unit], {
    encoding: 'utf8',
  });
  return stdout.trim();
}
