import { chainIds } from '#store/digest.ts';
import type { StoreParts } from '#store/parts.ts';
import { asObject, asText, parseJson, type JsonObject } from './json.ts';
import type { ImageRecord } from './record.ts';

/** One step of how an image was made (image-spec config.md, "history"). */
export interface HistoryStep {
  /** Milliseconds since 1970; 0 when it is not said. */
  created: number;
  createdBy: string;
  comment: string;
  /** Bytes of the files that its layer brings; 0 for a step that changed none. */
  size: number;
}

/**
 * The steps, newest first. An image that says nothing of a layer gets a step without words for it; so does one whose
 * configuration is lost. Throws `corrupt` for a history that is none.
 */
export async function historyOf({ blobs, images }: StoreParts, image: ImageRecord): Promise<HistoryStep[]> {
  const bytes = await blobs.read(image.configDigest).catch(() => undefined);
  const told = bytes === undefined ? [] : toldSteps(parseJson(bytes, 'image configuration'));
  const sizes = chainIds(image.layers.map(({ diffId }) => diffId)).map((chainId) => images.layerSize(chainId));
  const steps: HistoryStep[] = [];
  let layer = 0;
  for (const step of told) {
    const size = step['empty_layer'] === true ? 0 : (sizes[layer++] ?? 0);
    steps.push({
      created: timeOf(step['created']),
      createdBy: asText(step['created_by'], 'history of the image') ?? '',
      comment: asText(step['comment'], 'history of the image') ?? '',
      size,
    });
  }
  for (const size of sizes.slice(layer)) steps.push({ created: image.created, createdBy: '', comment: '', size });
  return steps.toReversed();
}

function toldSteps(config: JsonObject): JsonObject[] {
  const list = config['history'];
  return Array.isArray(list) ? list.map((step) => asObject(step, 'history of the image')) : [];
}

function timeOf(value: unknown): number {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : 0;
}
