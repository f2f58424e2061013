import { versionFacts } from '#engine/info/version.ts';
import { print } from '#doors/cli/io.ts';
import { parseTemplate } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `version`, `system version`: what this is and what it runs on. */
export const version: Verb = {
  flags: {
    format: { kind: 'text', short: 'f', value: 'FORMAT', does: 'text, json or a template such as {{.Version}}' },
  },
  args: [0, 0],
  act: (call) => {
    const facts = versionFacts();
    const format = call.flags.text('format') ?? 'text';
    // Who asks docker asks its client or its server; here both are one.
    const whole = { ...facts, Client: facts, Server: facts };
    if (format === 'json') print(call.io, JSON.stringify(whole));
    else if (format !== 'text') print(call.io, parseTemplate(format)(whole));
    else for (const [name, value] of Object.entries(facts)) print(call.io, `${`${name}:`.padEnd(15)}${value}`);
    return Promise.resolve(0);
  },
};
