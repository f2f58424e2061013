import type { Engine } from '#engine/engine.ts';
import { noteEvent } from './log.ts';

/** Notes what happened to a volume; best inside the transaction of what it tells. */
export function noteVolume({ database }: Pick<Engine, 'database'>, action: string, name: string): void {
  noteEvent(database, { type: 'volume', action, actor: name, attributes: { driver: 'local' } });
}
