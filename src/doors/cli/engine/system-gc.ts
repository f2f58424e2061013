import { formatBytes } from '#base/units.ts';
import { GC_DEFAULTS } from '#engine/config/gc.ts';
import { collectGarbage } from '#engine/gc/collect-garbage.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `system gc`: what happens by itself when the high mark is passed, now. */
export const systemGc: Verb = {
  flags: { 'dry-run': { kind: 'switch', does: 'Only tell what would be removed' } },
  args: [0, 0],
  act: async ({ flags, io, engine: open }) => {
    const engine = await open();
    const dryRun = flags.on('dry-run');
    await engine.store.reconcile();
    const settings = engine.config?.gc ?? GC_DEFAULTS;
    const { removed, reclaimed, missing } = await collectGarbage(engine, { settings, dryRun });
    const verb = dryRun ? 'Would remove' : 'Removed';
    for (const { id, names, unused } of removed) {
      print(io, `${verb} ${names.length === 0 ? id : names.join(', ')}, unused for ${unused}`);
    }
    print(io, `${dryRun ? 'Space that would be reclaimed' : 'Total reclaimed space'}: ${formatBytes(reclaimed)}`);
    if (missing > 0) {
      print(
        io,
        `The low mark is ${formatBytes(missing)} away; what else there is may not go: see docs/configuration.md.`,
      );
    }
    return 0;
  },
};
