import { spanText } from '#engine/why/span.ts';
import { signalName } from '#engine/why/signal-names.ts';
import { whyContainer, type NamedCause, type Why, type WhyFacts } from '#engine/why/why.ts';
import { print } from '#doors/cli/io.ts';
import { parseTemplate } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { visible } from '#base/visible.ts';

/** `why`: explains the last end of a container, or why it could not be started. */
export const why: Verb = {
  flags: {
    format: { kind: 'text', short: 'f', value: 'FORMAT', does: 'text, json or a template such as {{.Cause.Id}}' },
  },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine: open }) => {
    const format = flags.text('format') ?? 'text';
    const template = format === 'text' || format === 'json' ? undefined : parseTemplate(format);
    const engine = await open();
    const found = await whyContainer(engine, engine.containers.find(name));
    if (template !== undefined) print(io, template(asJson(found)));
    else if (format === 'json') print(io, JSON.stringify(asJson(found), undefined, 2));
    else for (const line of textOf(found)) print(io, line);
    return 0;
  },
};

function textOf({ facts, causes: [answer, ...beside] }: Why): string[] {
  return [
    headOf(facts),
    ...(answer === undefined ? [] : ['', ...linesOf(answer)]),
    ...(beside.length === 0 ? [] : ['', 'Also:', ...beside.flatMap((one) => linesOf(one).map((line) => `  ${line}`))]),
    ...(facts.history.length === 0 ? [] : ['', 'Before that:', ...facts.history.map(runLine)]),
    ...(facts.log.length === 0 ? [] : ['', 'Its last words:', ...facts.log.map((line) => `  ${visible(line)}`)]),
  ];
}

/** `web (5f2a...) exited with 137 (SIGKILL) 3 minutes ago, after 10 seconds`. */
function headOf({ name, id, status, exit, now }: WhyFacts): string {
  const who = `${name} (${id.slice(0, 12)})`;
  if (status === 'running' || status === 'paused') return `${who} is ${status}.`;
  if (exit === undefined) return `${who} has not run.`;
  const ago = `${spanText(now - exit.finished)} ago`;
  if (exit.error !== undefined && exit.started === 0) return `${who} failed to start ${ago}.`;
  const signal = exit.signal > 0 ? ` (${signalName(exit.signal)})` : '';
  return `${who} exited with ${exit.code}${signal} ${ago}, after ${spanText(exit.finished - exit.started)}.`;
}

const WORDS = { certain: '', likely: 'Probably: ', possible: 'Perhaps: ' } as const;

function linesOf({ certainty, says, evidence, hint }: NamedCause): string[] {
  return [
    `${WORDS[certainty]}${visible(says)}`,
    ...evidence.map((line) => `  - ${visible(line)}`),
    ...(hint === undefined ? [] : [`  ${visible(hint)}`]),
  ];
}

function runLine({ finished, started, code, oom }: WhyFacts['history'][number]): string {
  const span = started === undefined ? '' : ` after ${spanText(finished - started)}`;
  return `  ${new Date(finished).toISOString()}  exited with ${code}${span}${oom ? ', out of memory' : ''}`;
}

const moment = (time: number | undefined): string => (time === undefined ? '' : new Date(time).toISOString());

/** In docker's manner of names; `Cause` is the answer, `Also` what may stand behind it. */
function asJson({ facts, causes: [answer, ...beside] }: Why): Record<string, unknown> {
  const { exit, failure } = facts;
  return {
    Id: facts.id,
    Name: facts.name,
    Image: facts.image,
    Status: facts.status,
    Cause: answer === undefined ? null : causeJson(answer),
    Also: beside.map(causeJson),
    Exit:
      exit === undefined
        ? null
        : {
            Code: exit.code,
            Signal: exit.signal === 0 ? '' : signalName(exit.signal),
            OOMKilled: exit.oom,
            StartedAt: exit.started === 0 ? '' : moment(exit.started),
            FinishedAt: moment(exit.finished),
            Figures: exit.figures ?? {},
          },
    Failure: failure === undefined ? null : { ...failure, time: moment(failure.time) },
    Health: facts.health.map(({ time, code, output }) => ({ Time: moment(time), ExitCode: code, Output: output })),
    History: facts.history.map(({ started, finished, code, oom }) => {
      return { StartedAt: moment(started), FinishedAt: moment(finished), ExitCode: code, OOMKilled: oom };
    }),
    Log: facts.log,
  };
}

const causeJson = ({ id, certainty, says, evidence, hint }: NamedCause): Record<string, unknown> => ({
  Id: id,
  Certainty: certainty,
  Says: says,
  Evidence: evidence,
  Hint: hint ?? '',
});
