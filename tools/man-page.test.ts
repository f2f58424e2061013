import { spawnSync } from 'node:child_process';
import { expect, test } from 'bun:test';
import { GLOBAL_FLAGS } from '#doors/cli/global-flags.ts';
import { commandPages } from './command-table.ts';
import { mainPage, manPage } from './man-page.ts';

const pages = await commandPages();

test('A page holds the usage, every option and the examples, and nothing that roff would take for its own', () => {
  const page = manPage({
    name: 'image odd',
    usage: "'.ARG'",
    summary: 'Do something odd',
    flags: { 'very-odd': { kind: 'text', short: 'o', value: 'C:\\DIR', does: '.TH is not ours' } },
    examples: [['image odd -o x', 'Why not']],
  });
  expect(page).toContain('.TH "SAMPAN-IMAGE-ODD" "1"');
  expect(page).toContain('.B \\-o, \\-\\-very\\-odd C:\\eDIR\n\\&.TH is not ours\n');
  expect(page).toContain("\n\\&'.ARG'\n");
  expect(page).toContain('.EX\nsampan image odd \\-o x\n.EE');
});

test.skipIf(Bun.which('groff') === null)('groff has nothing to say against any of them', () => {
  const all = [...pages.map(manPage), mainPage(pages, GLOBAL_FLAGS)];
  for (const page of all) {
    const { stderr, stdout } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: page, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.length).toBeGreaterThan(100);
  }
});
