export type Verdict = { kind: 'passed' } | { kind: 'failed' | 'skipped'; why: string };

export interface Row {
  name: string;
  rule: string;
  /** By the name of the runtime. */
  verdicts: Readonly<Record<string, Verdict>>;
  cause: string | undefined;
}

const MARKS: Readonly<Record<Verdict['kind'], string>> = { passed: '✓', failed: '✗', skipped: '–' };

/** The page of docs/ that `make conformance` writes. */
export function page(rows: readonly Row[], runtimes: readonly string[]): string {
  const failing = rows.filter(({ verdicts }) => Object.values(verdicts).some(({ kind }) => kind === 'failed'));
  const skipped = rows.filter(({ verdicts }) => Object.values(verdicts).some(({ kind }) => kind === 'skipped'));
  return [
    '# Checks of the OCI runtime specification',
    '',
    'Written by `make conformance`, which tries each check on ours and on the runtimes of Debian, on a container of its own.',
    '',
    table(
      ['', ...runtimes],
      ['passed', 'failed', 'skipped'].map((kind) => [kind, ...runtimes.map((name) => count(rows, name, kind))]),
    ),
    '## What does not hold for everybody',
    '',
    table(
      ['check', ...runtimes, 'why'],
      failing.map((row) => [row.name, ...marks(row, runtimes), row.cause ?? reasons(row)]),
    ),
    '## What could not be tried on this machine',
    '',
    table(
      ['check', 'why'],
      skipped.map((row) => [row.name, reasons(row)]),
    ),
    '## All checks',
    '',
    table(
      ['section', 'check', ...runtimes],
      rows.map((row) => [row.rule, row.name, ...marks(row, runtimes)]),
    ),
  ].join('\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line), ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

function marks({ verdicts }: Row, runtimes: readonly string[]): string[] {
  return runtimes.map((name) => MARKS[verdicts[name]?.kind ?? 'skipped']);
}

function count(rows: readonly Row[], name: string, kind: string): string {
  return String(rows.filter(({ verdicts }) => verdicts[name]?.kind === kind).length);
}

/** What each runtime has shown, the same one once. */
function reasons({ verdicts }: Row): string {
  const all = Object.entries(verdicts).flatMap(([name, verdict]) =>
    verdict.kind === 'passed' ? [] : [[name, verdict.why] as const],
  );
  const texts = new Set(all.map(([, why]) => why));
  return texts.size === 1 ? [...texts].join('') : all.map(([name, why]) => `${name}: ${why}`).join('; ');
}
