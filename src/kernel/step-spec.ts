/** How a row of a table of steps is written (steps.ts, file-steps.ts). */
export type FieldType = 'u32' | 'u64' | 'slot' | 'program' | 'str' | 'strs' | 'bytes' | 'u32s';
export type FieldSpec = FieldType | `${FieldType}?`;
export interface StepSpec {
  readonly code: number;
  /** The contract that the launcher keeps for this step. */
  readonly does: string;
  readonly fields: Readonly<Record<string, FieldSpec>>;
}
