import type { RunCostSummary } from './run-summary.ts'
import type { GroupCost } from './sums.ts'

type Grouped = Pick<RunCostSummary, 'by_model' | 'by_role' | 'by_operation' | 'by_scene' | 'by_label' | 'groups'>

/** What the calls of a run with one value of a label cost; calls and tokens are null where only the cost was read. */
export interface CostGroup {
  readonly value: string
  readonly usd: number
  readonly figures: GroupCost | null
}

/** Costs by what tells calls of the run apart, with its name; what none of them carries is left out. */
export function costGroups(summary: Grouped): [name: string, costs: CostGroup[]][] {
  const { scene: _scene, ...others } = summary.by_label
  const byName = { model: summary.by_model, role: summary.by_role, operation: summary.by_operation, scene: summary.by_scene, ...others }
  return Object.entries(byName)
    .filter(([, costs]) => Object.keys(costs).some((value) => value !== 'none'))
    .map(([name, costs]) => [
      name,
      Object.entries(costs).map(([value, usd]) => ({ value, usd, figures: summary.groups[name]?.[value] ?? null })),
    ])
}
