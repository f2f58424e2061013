import type { Migration } from './migrate.ts';

/**
 * Tables of the store. Blobs and snapshots are files; a row says that the file is whole. A name is a tag
 * (`docker.io/library/debian:12`) or a digest (`docker.io/library/debian@sha256:...`). A lease keeps what a running
 * pull or push relies on away from `collect`; it dies with its owner. A claim is work that one does and others wait for.
 * An image mount keeps the layers that are mounted on the host (image/mounts.ts).
 */
export const STORE_MIGRATIONS: readonly Migration[] = [
  {
    id: 'store-1',
    sql: `
      CREATE TABLE blob (
        digest TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        created INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE snapshot (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        driver TEXT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('layer', 'container')),
        parent INTEGER REFERENCES snapshot (id),
        size INTEGER NOT NULL,
        created INTEGER NOT NULL,
        UNIQUE (driver, key)
      ) STRICT;
      CREATE INDEX snapshot_parent ON snapshot (parent);
      CREATE TABLE image (
        id TEXT PRIMARY KEY,
        manifest TEXT NOT NULL,
        chain TEXT NOT NULL,
        size INTEGER NOT NULL,
        platform TEXT NOT NULL,
        config TEXT NOT NULL,
        layers TEXT NOT NULL,
        created INTEGER NOT NULL,
        pulled INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX image_manifest ON image (manifest);
      CREATE TABLE image_name (
        name TEXT PRIMARY KEY,
        image TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('tag', 'digest'))
      ) STRICT;
      CREATE INDEX image_name_image ON image_name (image);
      CREATE TABLE image_blob (
        image TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
        digest TEXT NOT NULL REFERENCES blob (digest),
        PRIMARY KEY (image, digest)
      ) STRICT;
      CREATE TABLE lease (
        owner TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('blob', 'snapshot')),
        key TEXT NOT NULL,
        PRIMARY KEY (owner, kind, key)
      ) STRICT;
    `,
  },
  // When an image was last made a container from, who keeps it, and what a repair of layers leaves behind.
  {
    id: 'store-space-1',
    sql: `
      ALTER TABLE image ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE image ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
      CREATE TABLE replaced_layer (
        snapshot INTEGER NOT NULL REFERENCES snapshot (id) ON DELETE CASCADE,
        container INTEGER NOT NULL REFERENCES snapshot (id) ON DELETE CASCADE,
        PRIMARY KEY (snapshot, container)
      ) STRICT;
      CREATE TABLE looked (what TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
    `,
  },
  {
    id: 'store-claims-1',
    sql: `
      CREATE TABLE claim (
        kind TEXT NOT NULL CHECK (kind IN ('blob', 'layer')),
        key TEXT NOT NULL,
        owner TEXT NOT NULL,
        PRIMARY KEY (kind, key)
      ) STRICT;
    `,
  },
  {
    // What is kept as it came beside images: an index (or an artifact), with all the blobs that it leads to.
    id: 'store-index-1',
    sql: `
      CREATE TABLE image_index (
        id TEXT PRIMARY KEY,
        media_type TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('index', 'artifact')),
        members TEXT NOT NULL,
        size INTEGER NOT NULL,
        created INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE index_name (
        name TEXT PRIMARY KEY,
        index_id TEXT NOT NULL REFERENCES image_index (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('tag', 'digest'))
      ) STRICT;
      CREATE INDEX index_name_index ON index_name (index_id);
      CREATE TABLE index_blob (
        index_id TEXT NOT NULL REFERENCES image_index (id) ON DELETE CASCADE,
        digest TEXT NOT NULL REFERENCES blob (digest),
        PRIMARY KEY (index_id, digest)
      ) STRICT;
      CREATE INDEX index_blob_digest ON index_blob (digest);
    `,
  },
  {
    id: 'store-image-mounts',
    sql: `
      CREATE TABLE image_mount (
        image TEXT PRIMARY KEY,
        chain TEXT NOT NULL,
        path TEXT NOT NULL,
        times INTEGER NOT NULL,
        place TEXT NOT NULL,
        owner TEXT
      ) STRICT;
    `,
  },
];
