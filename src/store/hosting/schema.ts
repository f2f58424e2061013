import type { Migration } from '#store/migrate.ts';

/**
 * Tables of a registry's own directory. Blobs are files, each with a row that says it is whole; `repository_blob` says
 * who may see it, and when somebody last relied on its being there. Manifests are kept here whole, so that a tag and
 * what it names change in one transaction. A digest is sorted by its text.
 */
export const HOSTING_MIGRATIONS: readonly Migration[] = [
  {
    id: 'hosting-1',
    sql: `
      CREATE TABLE blob (
        digest TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        created INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE repository_blob (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL REFERENCES blob (digest),
        touched INTEGER NOT NULL,
        PRIMARY KEY (repository, digest)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX repository_blob_digest ON repository_blob (digest);
      CREATE TABLE manifest (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        media_type TEXT NOT NULL,
        artifact_type TEXT,
        subject TEXT,
        annotations TEXT,
        size INTEGER NOT NULL,
        pushed INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (repository, digest)
      ) STRICT;
      CREATE INDEX manifest_subject ON manifest (repository, subject, digest) WHERE subject IS NOT NULL;
      CREATE TABLE manifest_part (
        repository TEXT NOT NULL,
        manifest TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('blob', 'manifest')),
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, manifest, kind, digest),
        FOREIGN KEY (repository, manifest) REFERENCES manifest (repository, digest) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX manifest_part_digest ON manifest_part (repository, kind, digest);
      CREATE TABLE tag (
        repository TEXT NOT NULL,
        name TEXT NOT NULL,
        manifest TEXT NOT NULL,
        PRIMARY KEY (repository, name),
        FOREIGN KEY (repository, manifest) REFERENCES manifest (repository, digest) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX tag_manifest ON tag (repository, manifest);
      CREATE TABLE upload (
        id TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        touched INTEGER NOT NULL,
        writer TEXT
      ) STRICT, WITHOUT ROWID;
    `,
  },
];
