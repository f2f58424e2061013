/** What must be true of a registry's directory, whatever has happened to it: looked at without the registry's own code. */
import { Database } from 'bun:sqlite';
import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Contents {
  /** Digests of the files below blobs/. */
  blobs: string[];
  uploads: number;
  trash: number;
  /** `repository:tag` */
  tags: string[];
}

/** Throws when a blob's file is not what its name says, or a manifest names what is not there. */
export function inspectDirectory(root: string): Contents {
  const blobs = globSync('blobs/*/*/*', { cwd: root }).map((path) => {
    const [, algorithm = '', , hex = ''] = path.split('/');
    const actual = createHash(algorithm)
      .update(readFileSync(join(root, path)))
      .digest('hex');
    if (actual !== hex) throw new Error(`${path} holds ${actual}`);
    return `${algorithm}:${hex}`;
  });
  const database = new Database(join(root, 'registry.db'));
  try {
    const all = (sql: string): Record<string, string>[] => database.query(sql).all() as Record<string, string>[];
    const files = new Set(blobs);
    for (const { digest } of all("SELECT digest FROM manifest_part WHERE kind = 'blob'")) {
      if (!files.has(digest ?? '')) throw new Error(`a manifest names ${digest}, which is not there`);
    }
    for (const { repository, digest, bytes } of all('SELECT repository, digest, bytes FROM manifest')) {
      const actual = createHash('sha256')
        .update(bytes as string)
        .digest('hex');
      if (digest !== `sha256:${actual}`) throw new Error(`the manifest ${repository}@${digest} is ${actual}`);
    }
    return {
      blobs: blobs.sort(),
      uploads: readdirSync(join(root, 'uploads')).length,
      trash: readdirSync(join(root, 'trash')).length,
      tags: all('SELECT repository, name FROM tag ORDER BY 1, 2').map(
        ({ repository, name }) => `${repository}:${name}`,
      ),
    };
  } finally {
    database.close();
  }
}
