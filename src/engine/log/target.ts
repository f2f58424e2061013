import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { imageOf } from '#engine/container/image-of.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { jsonExtra, journalExtra, type LogSubject } from './attributes.ts';
import { chooseLog, LOG_DEFAULTS, LOG_DRIVERS, maxSize, type LogChoice } from './drivers.ts';

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';
const FORMATS = { lines: 0, json: 1, journal: 2 } as const;
/** Of what is in every record, as the monitor takes it. */
const EXTRA_MAX = 16 * 1024;

/** How a container logs; those made before it could be chosen have the default. */
export function logChoice({ options }: Pick<ContainerRecord, 'options'>): LogChoice {
  const { driver, options: more } = options.log ?? {};
  return driver === undefined || more === undefined ? chooseLog(options.log, LOG_DEFAULTS) : { driver, options: more };
}

/** The log's newest file; undefined where there is none to read. */
export function logPath(engine: Pick<Engine, 'root'>, record: ContainerRecord): string | undefined {
  const { driver, options } = logChoice(record);
  const format = LOG_DRIVERS[driver]?.format;
  if (format !== 'lines' && format !== 'json') return undefined;
  return options['path'] ?? join(containerDirectory(engine.root, record.id), 'log');
}

/** The part of the monitor's step that tells it where and how to log. */
export function logTarget(engine: Engine, record: ContainerRecord) {
  const choice = logChoice(record);
  const { options } = choice;
  const format = LOG_DRIVERS[choice.driver]?.format;
  if (format === undefined) return { log: '' };
  if (format === 'journal')
    return { log: JOURNAL_SOCKET, logDriver: FORMATS.journal, logExtra: extraOf(engine, record, journalExtra) };
  return {
    log: logPath(engine, record) ?? '',
    logDriver: FORMATS[format],
    logMaxBytes: maxSize(options['max-size'] ?? '-1'),
    logMaxFiles: Number(options['max-file'] ?? 1),
    ...(format === 'json' ? { logExtra: extraOf(engine, record, jsonExtra) } : {}),
  };
}

function extraOf(
  engine: Engine,
  record: ContainerRecord,
  make: (choice: LogChoice, subject: LogSubject) => string,
): string {
  const extra = make(logChoice(record), logSubject(engine, record));
  if (Buffer.from(extra).length <= EXTRA_MAX) return extra;
  throw new Fault('invalid', `start container ${record.name}: its labels and variables are too long for each line`, {
    field: '--log-opt',
    hint: 'Name fewer of them with labels= and env=.',
  });
}

export function logSubject(engine: Engine, record: ContainerRecord): LogSubject {
  const { id, name, imageName, imageId, options } = record;
  const { config } = imageOf(engine, record);
  const env = [...(config.Env ?? []), ...options.env];
  return { id, name, imageName, imageId, labels: { ...config.Labels, ...options.labels }, env };
}
