import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeLauncher, type Launcher } from '#kernel/launcher.ts';
import { namesIn } from '#store/content/work-area.ts';
import { openDatabase, type Database } from '#store/database.ts';
import { STORE_MIGRATIONS } from '#store/schema.ts';
import { openStore, type Store, type StoreSettings } from '#store/store.ts';

export interface TestStore {
  root: string;
  store: Store;
  database: Database;
  launcher: Launcher;
  /** Absolute path in the tree of a layer or a container of the overlay driver, by what it is made of. */
  tree(key: string): string;
  /** Everything that the store holds; an untouched one gives nothing. */
  contents(): string[];
  close(): void;
}

const LAUNCHER = new URL('../../../dist/launcher', import.meta.url).pathname;

export function testLauncher(scratch: string): Launcher {
  if (!existsSync(LAUNCHER)) throw new Error(`${LAUNCHER} is missing: make -C launcher`);
  return nativeLauncher(LAUNCHER, scratch);
}

/** A store in a directory of its own. Retries are quick. */
export function testStore(settings: Partial<StoreSettings> = {}, parent = tmpdir()): TestStore {
  const root = settings.root ?? mkdtempSync(join(parent, 'sampan-test-store-'));
  // As in the engine, reports lie on another file system than the store, which may be full.
  const scratch = mkdtempSync(join(tmpdir(), 'sampan-test-scratch-'));
  const launcher = testLauncher(scratch);
  const database = openDatabase(join(root, 'sampan.db'), STORE_MIGRATIONS);
  const store = openStore({
    root,
    database,
    launcher,
    platform: 'linux/amd64',
    retry: { attempts: 5, firstPauseMs: 2 },
    ...settings,
  });
  return {
    root,
    store,
    database,
    launcher,
    tree: (key) => {
      const mount = store.snapshots.mounts(key);
      return mount.kind === 'directory' ? mount.path : join(mount.base, mount.upper || (mount.lower[0] ?? ''));
    },
    contents: () => [...storeContents(root, database), ...namesIn(scratch)],
    close: () => {
      database.close();
      for (const directory of [root, scratch]) rmSync(directory, { recursive: true, force: true });
    },
  };
}

const TABLES = [
  'blob',
  'snapshot',
  'image',
  'image_name',
  'image_blob',
  'image_index',
  'index_name',
  'index_blob',
  'lease',
  'claim',
];

function storeContents(root: string, database: Database): string[] {
  const rows = TABLES.flatMap((table) =>
    database.all(`SELECT * FROM ${table}`).map((row) => `${table} ${JSON.stringify(row)}`),
  );
  const files = ['work', 'trash', 'snapshots/overlay', 'snapshots/copy', 'blobs/sha256', 'partial/sha256'].flatMap(
    (directory) => namesIn(join(root, directory)).map((name) => `${directory}/${name}`),
  );
  return [...rows, ...files];
}

/** The names below a directory, sorted, relative. */
export function namesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true }).map(String).sort();
}
