import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '#engine/engine.ts';
import { containerDirectory } from './record.ts';
import type { SdnotifyMode } from './sdnotify.ts';

/** What a container that is started as a service of systemd's has of it. */
export interface Service {
  /** The manager's socket. */
  notify?: string;
  /** A container that was not asked about it says itself that it is ready. */
  mode: SdnotifyMode;
  /** Sockets that the manager opened, from descriptor 3 on. */
  sockets: number;
}

const FIRST_SOCKET = 3;

/** The descriptors that the monitor is to keep for its container. */
export const serviceSockets = (service: Service | undefined): number[] =>
  Array.from({ length: service?.sockets ?? 0 }, (_, at) => FIRST_SOCKET + at);

/** Where the container finds a socket of its own to say that it is ready; undefined when that is not its business. */
export function notifyOf(engine: Engine, id: string, service: Service | undefined): NotifyPlace | undefined {
  if (service?.notify === undefined || service.mode === 'ignore') return undefined;
  return {
    to: service.notify,
    directory: join(containerDirectory(engine.root, id), 'notify'),
    inside: service.mode === 'container',
  };
}

export interface NotifyPlace {
  to: string;
  directory: string;
  inside: boolean;
}

/** Makes that place, which must be there before the monitor. */
export function makeNotifyPlace(place: NotifyPlace | undefined): void {
  if (place?.inside === true) mkdirSync(place.directory, { recursive: true, mode: 0o755 });
}
