import type { CertificateSource } from '#store/registry/connection.ts';
import type { CredentialSource } from '#store/registry/credentials.ts';
import { familiarName, parseReference } from '#store/reference.ts';
import type { ImageRecord, PullProgress } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export type { ImageRecord, PullProgress } from '#store/store.ts';

export interface PullRequest {
  credentials: CredentialSource;
  certificates: CertificateSource;
  platform?: string;
  /** Plain HTTP, or TLS that nobody vouches for. */
  insecure: boolean;
  signal?: AbortSignal;
  onProgress?: (event: PullProgress) => void;
}

/** Fetches an image by name, so that it can be run when this resolves. */
export async function pullImage(engine: Engine, name: string, request: PullRequest): Promise<ImageRecord> {
  await engine.store.reconcile();
  return engine.store.pull(parseReference(name), request);
}

/** A name as people write it (`debian:latest`); Fault `invalid` when it is none. */
export function displayName(name: string): string {
  return familiarName(parseReference(name));
}
