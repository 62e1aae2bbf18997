import type { RunCostSummary } from './run-summary.ts'

type Grouped = Pick<RunCostSummary, 'by_model' | 'by_role' | 'by_operation' | 'by_scene' | 'by_label'>

/** Costs in dollars by what tells calls of the run apart, with its name; what none of them carries is left out. */
export function costGroups(summary: Grouped): [name: string, costs: Record<string, number>][] {
  const groups: [string, Record<string, number>][] = [
    ['model', summary.by_model],
    ['role', summary.by_role],
    ['operation', summary.by_operation],
    ['scene', summary.by_scene],
    ...Object.entries(summary.by_label),
  ]
  return groups.filter(([, costs]) => Object.keys(costs).some((value) => value !== 'none'))
}
