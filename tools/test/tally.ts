/** How many checks passed and failed; a stage without tests of its own counts as one. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };
export const ONE_PASSED: Tally = { ...NOTHING, passed: 1 };
export const ONE_FAILED: Tally = { ...NOTHING, failed: 1 };

export const add = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

const attribute = (element: string, name: string): number =>
  Number(new RegExp(`\\b${name}="(\\d+)"`).exec(element)?.[1] ?? 0);

/** The counts of a JUnit report's root element; undefined when the text is no complete report. */
export function readJunit(xml: string): Tally | undefined {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (root === undefined || !xml.trimEnd().endsWith('</testsuites>')) return undefined;
  const failed = attribute(root, 'failures') + attribute(root, 'errors');
  const skipped = attribute(root, 'skipped') + attribute(root, 'disabled');
  return { passed: attribute(root, 'tests') - failed - skipped, failed, skipped };
}

/** The counts of a TAP report's closing comments (`# pass 3`), as Node's test runner writes them. */
export function readTap(text: string): Tally | undefined {
  const count = (word: string): number | undefined => {
    const found = new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const passed = count('pass');
  if (passed === undefined) return undefined;
  return {
    passed,
    failed: (count('fail') ?? 0) + (count('cancelled') ?? 0),
    skipped: (count('skipped') ?? 0) + (count('todo') ?? 0),
  };
}

/**
 * What a test runner's report and exit status come to. No report, no test at all, or a status that says failure
 * where the report knows of none (an error outside of a test) is a failure.
 */
export function judge(report: Tally | undefined, status: number): Tally {
  if (report === undefined || report.passed + report.failed + report.skipped === 0) return ONE_FAILED;
  return status !== 0 && report.failed === 0 ? add(report, ONE_FAILED) : report;
}
