import type { CallRecord } from './parse-record.ts'

/** Whether a record gives any quantity, be it zero. */
export function saysQuantities({ usage }: Pick<CallRecord, 'usage'>): boolean {
  return Object.keys(usage ?? {}).some((key) => key !== 'attributes')
}
