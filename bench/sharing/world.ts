import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sentence } from '#base/fault.ts';
import { startRegistry, type TestRegistry } from '#tools/registry.ts';
import { type Containerd, startContainerd } from './containerd.ts';
import { podmanStore, sampanStore } from './daemonless.ts';
import { startDockerd } from './docker.ts';
import type { SharingEngine } from './engine.ts';

export interface SharingWorld extends AsyncDisposable {
  engines: readonly SharingEngine[];
  /** Engines that did not start here, and why. */
  missing: readonly string[];
  /** Where images are pushed to. */
  target: TestRegistry;
  /** Forgets all that was pushed. */
  emptyTarget(): void;
  /** On the scratch disk. */
  directory: string;
}

/** All engines with two empty stores each, and an empty registry. `run` lies on tmpfs. */
export async function sharingWorld(directory: string, run: string): Promise<SharingWorld> {
  const at = (name: string): [string, string] => [join(directory, name), join(run, name)];
  const stops: (() => Promise<void>)[] = [];
  const missing: string[] = [];
  const started = async <T extends { stop(): Promise<void> }>(name: string, start: Promise<T>) => {
    try {
      const daemon = await start;
      stops.unshift(() => daemon.stop());
      return daemon;
    } catch (error) {
      missing.push(`${name}: ${sentence(error)}`);
      return undefined;
    }
  };
  mkdirSync(directory, { recursive: true });
  const storage = join(directory, 'registry');
  const target = await startRegistry({ root: storage });
  stops.push(() => target.stop());
  const containerds: Containerd[] = [];
  for (const name of ['c1', 'c2']) {
    const daemon = await started('containerd', startContainerd(...at(name)));
    if (daemon !== undefined) containerds.push(daemon);
  }
  const [c1, c2] = containerds;
  const engines: SharingEngine[] = [
    { name: 'sampan', home: sampanStore(...at('s1')), fresh: sampanStore(...at('s2')) },
    { name: 'podman', packs: true, home: podmanStore(...at('p1')), fresh: podmanStore(...at('p2')) },
  ];
  if (c1 !== undefined && c2 !== undefined) {
    engines.push({ name: 'containerd (ctr)', home: c1.store, fresh: c2.store });
    const d1 = await started('docker', startDockerd(...at('d1'), c1.socket));
    const d2 = await started('docker', startDockerd(...at('d2'), c2.socket));
    if (d1 !== undefined && d2 !== undefined)
      engines.push({ name: 'docker', packs: true, home: d1.store, fresh: d2.store });
  }
  return {
    engines,
    missing,
    target,
    directory,
    emptyTarget: () => rmSync(join(storage, 'docker'), { recursive: true, force: true }),
    [Symbol.asyncDispose]: async () => {
      for (const { home, fresh } of engines) for (const store of [home, fresh]) store.empty();
      for (const stop of stops) await stop();
    },
  };
}
