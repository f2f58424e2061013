import type { Hosting } from './hosting.ts';

export type LogFormat = 'text' | 'json';

/** What a person says of a registry to be served; paths of files. */
export interface RegistrySettings {
  hosting: Hosting;
  /** `127.0.0.1:5000`, `[::]:5000`, `unix:/path` */
  listen: string;
  htpasswd?: string;
  /** Everybody may read. */
  anonymousPull: boolean;
  tlsCertificate?: string;
  tlsKey?: string;
  logFormat: LogFormat;
  log: (line: string) => void;
}

export interface Serving {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  /** Takes no more requests, gives those under way `graceMs`, and ends. */
  stop(graceMs: number): Promise<void>;
}

/** Resolves when the registry can be reached. */
export type ServeRegistry = (settings: RegistrySettings) => Promise<Serving>;
