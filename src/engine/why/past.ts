import type { ContainerState } from '#engine/container/state.ts';
import type { EngineEvent } from '#engine/event/log.ts';
import type { Database } from '#store/database.ts';
import type { PastEvent, PastRun, WhyFacts } from './facts.ts';

const MOST_RUNS = 10;

type Row = Omit<EngineEvent, 'attributes'> & { attributes: string };

/** What the log of events tells of a container: what was done to it in its last run, and how those before ended. */
export function pastOf(
  database: Database,
  id: string,
  { exit, startedAt }: ContainerState,
): Pick<WhyFacts, 'events' | 'history'> {
  const rows = database.all<Row>("SELECT * FROM event WHERE type = 'container' AND actor = ? ORDER BY seq", id);
  const events = rows.map(({ time, action, attributes }): PastEvent => {
    return { time, action, attributes: JSON.parse(attributes) as Record<string, string> };
  });
  const began = startedAt ?? exit?.started ?? 0;
  return {
    events: events.filter(({ time, action }) => time >= began && action !== 'start'),
    history: runsOf(events)
      .filter(({ finished }) => finished !== exit?.finished)
      .toReversed()
      .slice(0, MOST_RUNS),
  };
}

function runsOf(events: readonly PastEvent[]): PastRun[] {
  const runs: PastRun[] = [];
  let [started, oom]: [number | undefined, boolean] = [undefined, false];
  for (const { time, action, attributes } of events) {
    if (action === 'start') [started, oom] = [time, false];
    else if (action === 'oom') oom = true;
    else if (action === 'die') {
      runs.push({
        ...(started === undefined ? {} : { started }),
        finished: time,
        code: Number(attributes['exitCode']),
        oom,
      });
      started = undefined;
    }
  }
  return runs;
}
