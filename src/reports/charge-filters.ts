import type { Charge } from '../ledger/charge.ts'
import { zeroMeasures } from '../ledger/measures.ts'
import { type CostPlan, isAsked } from './cost-plan.ts'

/** Filters as `planFilters` reads them. */
type Filters = Pick<CostPlan, 'filters'>

const nothing = { time: null, measures: zeroMeasures(), meters: undefined }

/** Whether a charge passes filters, as its sums would. */
export function chargePasses(asked: Filters, charge: Charge): boolean {
  return isAsked(asked, { ...nothing, labels: charge.labels, subjects: charge.labels, sku: charge })
}

/** The subject that one of the filters names, by which charges are found without reading all. */
export function onlySubject({ filters }: Filters): { readonly kind: string; readonly value: string } | undefined {
  for (const { field, filter } of filters) {
    const [value] = filter.values
    const isOne = field.kind === 'subject' && filter.op === 'equals' && filter.values.length === 1
    if (isOne && value !== undefined) return { kind: field.name, value }
  }
  return undefined
}
