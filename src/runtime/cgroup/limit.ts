/** One value for one file of a control group. `controller` finds the hierarchy of version 1. */
export interface Limit {
  controller: string;
  file: string;
  value: string;
  origin: string;
}
