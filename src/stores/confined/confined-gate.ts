import type { Denial, Grant } from '../../budgets/denial.ts'
import type { BudgetRecord } from '../../budgets/budget-record.ts'
import type { GateOperation, GateOperations } from '../../budgets/gate-operations.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import type { HoldId } from '../../budgets/hold.ts'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { Store } from '../store.ts'
import { carries } from '../../ledger/labels.ts'
import { assertOwn, refuse } from './own-labels.ts'
import { isOwnBudget, isOwnScope, type OwnBudgets, withheldExplanation, withheldGrant, withheldStatus } from './withheld.ts'

type Answers = { readonly [K in GateOperation]: (input: GateOperations[K]['input']) => Promise<GateOperations[K]['answer']> }

/** The gate as somebody asks it who sees what carries some labels: holds of others are not there, and of shared budgets only the verdict is told. */
export function confinedGate(store: Store, bound: Labels): Store['gate'] {
  const own = async (id: HoldId): Promise<HoldView> => ownHold(store, id, bound)
  const budgets = async (): Promise<OwnBudgets> => ownBudgets(await store.gate('budgets', {}), bound)
  const withheld = async (answer: Grant | Denial): Promise<Grant | Denial> => withheldGrant(answer, await budgets())
  const ofOwn =
    <K extends 'settle' | 'resolve' | 'release' | 'extend'>(operation: K) =>
    async (input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> => {
      await own(input.id)
      return store.gate(operation, input)
    }
  const answers: Answers = {
    reserve: async (input) => {
      assertOwn(input.asked.labels, bound)
      await assertFree(store, input.id, bound)
      return withheld(await store.gate('reserve', input))
    },
    split: async (input) => {
      await own(input.from)
      assertOwn(input.asked.labels, bound)
      await assertFree(store, input.id, bound)
      return withheld(await store.gate('split', input))
    },
    raise: async (input) => {
      await own(input.id)
      return withheld(await store.gate('raise', input))
    },
    settle: ofOwn('settle'),
    resolve: ofOwn('resolve'),
    release: ofOwn('release'),
    extend: ofOwn('extend'),
    why: async (input) => {
      assertOwn(input.asked.labels, bound)
      const { holders, ...explanation } = await store.gate('why', input)
      return withheldExplanation({ ...explanation, holders: holders.filter(({ labels }) => carries(labels, bound)) }, await budgets())
    },
    hold: async ({ id }) => own(id),
    holds: async (input) => (await store.gate('holds', input)).filter(({ labels }) => carries(labels, bound)),
    define: () => refuse('Defining budgets is'),
    remove: () => refuse('Removing budgets is'),
    // A new budget counts what was booked before it, whoever asks for that.
    seed: (input) => store.gate('seed', input),
    budgets: async () => (await budgets()).visible,
    status: async (input) => {
      const { isOwn } = await budgets()
      return (await store.gate('status', input)).filter(({ budget, scope }) => isOwn(budget) && isOwnScope(scope, bound))
    },
    standing: async (input) => {
      const { isOwn } = await budgets()
      return (await store.gate('standing', input)).map((status) => (isOwn(status.budget) ? status : withheldStatus(status)))
    },
    lapse: (input) => store.gate('lapse', input),
  }
  return (operation, input) => answers[operation](input)
}

/** @throws PURSER_NOT_FOUND for a hold of somebody else, as for one that there is not */
export async function ownHold(store: Store, id: HoldId, bound: Labels): Promise<HoldView> {
  const hold = await store.gate('hold', { id })
  if (carries(hold.labels, bound)) return hold
  throw new PurserError('PURSER_NOT_FOUND', `There is no hold "${id}" in this ledger.`)
}

/** An id that somebody else has is taken, and nothing is told of what has it. */
async function assertFree(store: Store, id: HoldId, bound: Labels): Promise<void> {
  try {
    const { labels } = await store.gate('hold', { id })
    if (carries(labels, bound)) return
  } catch (error) {
    if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return
    throw error
  }
  throw new PurserError('PURSER_ID_CONFLICT', `The id "${id}" stands for another hold. Use another id for another call.`)
}

function ownBudgets(records: readonly BudgetRecord[], bound: Labels): OwnBudgets {
  const own = new Set(records.filter(({ budget }) => isOwnBudget(budget, bound)).map(({ budget }) => budget.name))
  return {
    isOwn: (name) => own.has(name),
    visible: records.filter(({ budget }) => own.has(budget.name)).map((record) => withoutOthers(record, bound)),
  }
}

/** The terms that others have in a budget are theirs. */
function withoutOthers(record: BudgetRecord, bound: Labels): BudgetRecord {
  const overrides = record.budget.overrides.filter(({ match }) => isOwnScope(match, bound))
  return { ...record, budget: { ...record.budget, overrides } }
}
