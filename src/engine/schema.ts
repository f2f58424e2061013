import { NETWORK_MIGRATION } from './network/schema.ts';

/** The engine's own tables; opened together with the store's. */
export const ENGINE_MIGRATIONS = [
  {
    id: 'engine-1-containers',
    sql: `
      CREATE TABLE containers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        image_name TEXT NOT NULL,
        image_id TEXT NOT NULL,
        snapshotter TEXT NOT NULL CHECK (snapshotter IN ('overlay', 'copy')),
        options TEXT NOT NULL,
        created INTEGER NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('creating', 'ready', 'removing')),
        owner TEXT,
        active INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
        auto_remove INTEGER NOT NULL DEFAULT 0 CHECK (auto_remove IN (0, 1))
      ) STRICT;
      CREATE TABLE accounts (
        image_id TEXT PRIMARY KEY,
        passwd TEXT NOT NULL,
        groups TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    id: 'engine-events-1',
    sql: `
      CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        type TEXT NOT NULL,
        action TEXT NOT NULL,
        actor TEXT NOT NULL,
        attributes TEXT NOT NULL
      ) STRICT;
      ALTER TABLE containers ADD COLUMN started INTEGER NOT NULL DEFAULT 0 CHECK (started IN (0, 1));
    `,
  },
  {
    id: 'engine-paused-1',
    sql: 'ALTER TABLE containers ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1))',
  },
  {
    id: 'engine-journal-1',
    sql: `
      ALTER TABLE containers ADD COLUMN journal TEXT NOT NULL DEFAULT '0';
      ALTER TABLE containers ADD COLUMN journal_size INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE containers ADD COLUMN ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1));
      ALTER TABLE containers ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
    `,
  },
  {
    id: 'engine-wanted-1',
    sql: 'ALTER TABLE containers ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0 CHECK (wanted IN (0, 1))',
  },
  {
    id: 'engine-boot-1',
    sql: 'CREATE TABLE boot (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT',
  },
  {
    id: 'engine-unsettled-1',
    sql: `
      CREATE INDEX containers_unsettled ON containers (id, name, phase, owner, journal_size)
        WHERE owner IS NOT NULL OR active = 1 OR phase <> 'ready';
    `,
  },
  {
    id: 'engine-volumes-1',
    sql: `
      CREATE TABLE volume (
        name TEXT PRIMARY KEY,
        options TEXT NOT NULL,
        labels TEXT NOT NULL,
        created INTEGER NOT NULL,
        anonymous INTEGER NOT NULL CHECK (anonymous IN (0, 1)),
        phase TEXT NOT NULL CHECK (phase IN ('creating', 'filling', 'ready', 'removing')),
        owner TEXT
      ) STRICT;
      CREATE INDEX volume_unsettled ON volume (phase) WHERE phase <> 'ready';
      CREATE TABLE volume_use (
        volume TEXT NOT NULL REFERENCES volume (name) ON DELETE CASCADE,
        container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
        PRIMARY KEY (volume, container)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX volume_use_container ON volume_use (container);
    `,
  },
  {
    id: 'engine-exec-1',
    sql: `
      CREATE TABLE exec (
        id TEXT PRIMARY KEY,
        container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
        started INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    // Images that containers have mounted; one that a container is made from is in its record.
    id: 'engine-image-uses-1',
    sql: `
      CREATE TABLE image_use (
        image TEXT NOT NULL,
        container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
        PRIMARY KEY (image, container)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX image_use_container ON image_use (container);
    `,
  },
  NETWORK_MIGRATION,
] as const;
