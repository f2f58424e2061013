import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Launcher } from '#kernel/launcher.ts';
import { openDatabase, type Database } from '#store/database.ts';
import { STORE_MIGRATIONS } from '#store/schema.ts';
import { openStore, type Store } from '#store/store.ts';
import type { Config } from './config/config.ts';
import { containerRecords, type ContainerRecords } from './container/record.ts';
import { ENGINE_MIGRATIONS } from './schema.ts';

/** What every use case of the engine works with. Nothing in it outlives the process but what is on disk. */
export interface Engine {
  /** Durable state: database, content, snapshots, containers. */
  readonly root: string;
  /** State of this boot: the launcher, moments' files, the mount point that private namespaces use. */
  readonly runDirectory: string;
  readonly launcher: Launcher;
  readonly database: Database;
  readonly containers: ContainerRecords;
  readonly store: Store;
  /** Facts of the host, read once when first asked for. */
  facts(): HostFacts;
  /** What the configuration file says; the front does without. */
  readonly config: Config | undefined;
  /** The same, read now where it has not been read. */
  readConfig(): Promise<Config>;
  /** How to call this program again on the same root, for what a monitor does at a container's end. */
  readonly self: readonly string[];
}

export interface EngineSettings {
  root: string;
  runDirectory: string;
  launcher: Launcher;
  readFacts: () => HostFacts;
  self: readonly string[];
  config?: Config;
  readConfig: () => Promise<Config>;
  snapshotter?: 'overlay' | 'copy';
  /** What a name without a registry may mean besides what Docker means by it; asked when the store has nothing by that. */
  shortNames?: (text: string) => readonly string[];
}

/** Opens the engine on a root; several processes may do so at the same time. */
export function openEngine(settings: EngineSettings): Engine {
  const { root, runDirectory, launcher } = settings;
  mkdirSync(join(root, 'containers'), { recursive: true, mode: 0o711 });
  const database = openDatabase(join(root, 'sampan.db'), [...STORE_MIGRATIONS, ...ENGINE_MIGRATIONS]);
  let facts: HostFacts | undefined;
  return {
    root,
    runDirectory,
    launcher,
    database,
    containers: containerRecords(database),
    store: openStore({
      root,
      database,
      launcher,
      ...(settings.snapshotter === undefined ? {} : { snapshotter: settings.snapshotter }),
      ...(settings.shortNames === undefined ? {} : { shortNames: settings.shortNames }),
    }),
    facts: () => (facts ??= settings.readFacts()),
    config: settings.config,
    readConfig: settings.readConfig,
    self: settings.self,
  };
}

/** An empty directory that overlay roots are mounted on, each in a mount namespace of its own. */
export function rootPoint(engine: Pick<Engine, 'runDirectory'>): string {
  const path = join(engine.runDirectory, 'root');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
