import { Fault } from '#base/fault.ts';
import { formatBytes } from '#base/units.ts';
import { verifyImages, type NamedFinding, type VerifiedImages } from '#engine/image/verify.ts';
import { registryAccess } from '#engine/registry/access.ts';
import { STATUS_CORRUPT } from '#doors/cli/exit-status.ts';
import { print, type Io } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { progressOn, type PhaseWords } from './layer-progress.ts';

const WORDS: Readonly<Record<string, PhaseWords>> = {
  hash: { text: 'Hashing', silent: true },
  compare: { text: 'Comparing', whole: true, silent: true },
  good: { text: 'Verified', whole: true, silent: true },
  wrong: { text: 'Damaged', whole: true },
};

/** `image verify`: what is stored, byte for byte. */
export const imageVerify: Verb = {
  flags: {
    repair: { kind: 'switch', does: 'Unpack damaged layers again, and fetch damaged blobs again from their registry' },
    quiet: { kind: 'switch', short: 'q', does: 'Print no progress' },
    format: { kind: 'text', value: 'FORMAT', does: 'json' },
  },
  args: [0, Infinity],
  act: async (call) => {
    const { args: names, flags, io } = call;
    const format = flags.text('format');
    if (format !== undefined && format !== 'json') {
      throw new Fault('invalid', `read --format: "${format}" is not json`, { field: '--format' });
    }
    const engine = await call.engine();
    const progress = flags.on('quiet') ? undefined : await progressOn(io, 'stderr', WORDS);
    const request = { names, repair: flags.on('repair'), access: registryAccess(io.env) };
    const verified = await cancellable((signal) =>
      verifyImages(engine, {
        ...request,
        signal,
        ...(progress === undefined ? {} : { onProgress: progress.event }),
      }),
    ).finally(() => progress?.finish());
    if (format === 'json') print(io, JSON.stringify(verified, undefined, 2));
    else tell(io, verified);
    return verified.findings.some(({ state }) => state !== 'mended') ? STATUS_CORRUPT : 0;
  },
};

function tell(io: Io, { images, blobs, layers, bytes, findings }: VerifiedImages): void {
  for (const finding of findings) tellFinding(io, finding);
  const count = (state: NamedFinding['state']): number => findings.filter((finding) => finding.state === state).length;
  const parts = [
    `${findings.length} found`,
    ...(count('mended') > 0 ? [`${count('mended')} mended`] : []),
    ...(count('lost') > 0 ? [`${count('lost')} not to be mended`] : []),
  ];
  const seen = `${images} images, ${blobs} blobs (${formatBytes(bytes)}), ${layers} layers`;
  print(io, `${seen}: ${findings.length === 0 ? 'all as their digests say' : parts.join(', ')}`);
  if (count('wrong') > 0) print(io, 'sampan image verify --repair mends what can be mended.');
}

function tellFinding(io: Io, { kind, digest, images, problem, differences, state, outcome }: NamedFinding): void {
  const names = images.flatMap((image) => (image.names.length > 0 ? image.names : [image.id.slice(7, 19)]));
  const of = kind === 'record' || names.length === 0 ? '' : ` of ${names.join(', ')}`;
  const subject = kind === 'record' ? `image ${names[0] ?? digest}` : `${kind} ${digest}`;
  print(io, `${subject}${of}: ${problem}`);
  for (const difference of differences) print(io, `    ${difference}`);
  if (outcome !== '') print(io, `    ${state === 'mended' ? 'mended' : 'not mended'}: ${outcome}`);
}
