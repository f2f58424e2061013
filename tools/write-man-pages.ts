/** `make man`: writes the manual pages of all commands to dist/man/man1. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GLOBAL_FLAGS } from '#doors/cli/global-flags.ts';
import { commandPages } from './command-table.ts';
import { mainPage, manPage } from './man-page.ts';
import { TREE } from './places.ts';

const directory = join(TREE, 'dist/man/man1');
mkdirSync(directory, { recursive: true });
const pages = await commandPages();
for (const page of pages) writeFileSync(join(directory, `sampan-${page.name.replaceAll(' ', '-')}.1`), manPage(page));
writeFileSync(join(directory, 'sampan.1'), mainPage(pages, GLOBAL_FLAGS));
