import { labelOf } from '../ledger/labels.ts'
import type { GateRows } from './gate-rows.ts'
import type { Asked } from './hold.ts'
import type { ActiveBudget, Applied } from './scope.ts'

/**
 * The budgets that a hold is asked for. One that is for the calls of a run leaves those to its calls that are kept apart by a
 * label which only they bring, such as `stage`: no counter of such a budget stands for them together.
 */
export function askedBudgets(rows: Pick<GateRows, 'applied'>, asked: Asked): readonly Applied[] {
  const applied = rows.applied(asked.labels)
  return asked.isForParts === true ? applied.filter(({ active }) => countsTogether(active, asked)) : applied
}

/** Whether one counter of a budget stands for all parts of a hold. A place is the hold's own, whatever its parts bring. */
export function countsTogether({ budget: { metric, each } }: ActiveBudget, { labels, isForParts }: Asked): boolean {
  return isForParts !== true || metric === 'concurrency' || each.every((key) => labelOf(labels, key) !== undefined)
}
