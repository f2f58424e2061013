import type { Launcher } from '#kernel/launcher.ts';
import type { Blobs } from './content/blobs.ts';
import type { Trash } from './content/trash.ts';
import type { Database } from './database.ts';
import type { Images } from './image/images.ts';
import type { Indexes } from './index/indexes.ts';
import type { Leases } from './leases.ts';
import type { Platform } from './platform.ts';
import type { GrowthLimit } from './pull/layers.ts';
import type { RetryPolicy } from './registry/retry.ts';
import type { Snapshotter } from './snapshot/port.ts';

/** What the use cases of the store work with. */
export interface StoreParts {
  root: string;
  database: Database;
  launcher: Launcher;
  platform: Platform;
  blobs: Blobs;
  trash: Trash;
  leases: Leases;
  images: Images;
  indexes: Indexes;
  snapshots: Snapshotter;
  growth: GrowthLimit;
  transport: { retry?: RetryPolicy; idleMs?: number; uploadChunk?: number };
}
