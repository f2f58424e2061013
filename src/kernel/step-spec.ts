/**
 * How a row of a table of steps is written (steps.ts, file-steps.ts). The comment of a row is the contract that the
 * launcher keeps for the step; it is no property, since texts in the table would cost every start a millisecond.
 */
export type FieldType = 'u32' | 'u64' | 'slot' | 'program' | 'str' | 'strs' | 'bytes' | 'u32s';
export type FieldSpec = FieldType | `${FieldType}?`;
export interface StepSpec {
  readonly code: number;
  readonly fields: Readonly<Record<string, FieldSpec>>;
}
