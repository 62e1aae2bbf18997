import type { ChargeId } from '../../src/ledger/charge.ts'
import type { Store } from '../../src/stores/store.ts'
import type { Reply } from './apply.ts'
import { Mismatch, textOf } from './mismatch.ts'
import type { Model } from './model.ts'
import type { Operation, UnheldCharge } from './operations.ts'

/**
 * What a client finds in the ledger whose answer got lost, as the answer would have said it; undefined where the model
 * foresees all of the answer by itself. The model must not have been told of the request yet.
 */
export async function lookUp(store: Store, model: Model, operation: Operation): Promise<Reply | undefined> {
  switch (operation.kind) {
    case 'define': {
      const record = await recordOf(store, operation.budget.name)
      const before = model.budgets.find(({ budget }) => budget.name === operation.budget.name)
      if (record === undefined) throw new Mismatch('define, looked up', operation.budget.name, 'no such budget')
      if (before === undefined) return { answer: { outcome: 'created', record } }
      if (before.revision !== record.revision) return { answer: { outcome: 'revised', record } }
      return { answer: { outcome: textOf(before.budget) === textOf(record.budget) ? 'same' : 'changed', record } }
    }
    case 'remove': {
      const isGone = (await recordOf(store, operation.name)) === undefined
      const wasThere = model.budgets.some(({ budget }) => budget.name === operation.name)
      return isGone && wasThere ? { answer: undefined } : { code: 'PURSER_NOT_FOUND' }
    }
    case 'seed': {
      const record = await recordOf(store, operation.name)
      return record === undefined ? { code: 'PURSER_NOT_FOUND' } : { answer: record }
    }
    case 'book':
      return { answer: await Promise.all(operation.charges.map((charge) => findBooked(store, model, charge))) }
    default:
      return undefined
  }
}

/** Whether what becomes of a request can be told from the ledger only as long as no other such request comes with it. */
export function isAlone(operation: Operation): boolean {
  const { kind } = operation
  return (
    kind === 'define' ||
    kind === 'remove' ||
    kind === 'seed' ||
    (kind === 'book' && operation.charges.some(({ onExisting }) => onExisting === 'supersede'))
  )
}

async function recordOf(store: Store, name: string) {
  return (await store.gate('budgets', {})).find(({ budget }) => budget.name === name)
}

async function findBooked(store: Store, model: Model, { input }: UnheldCharge): Promise<{ outcome: string; id: string; seq: number }> {
  const { id = '' } = input
  const found = await store.charge(id as ChargeId)
  if (found === undefined) throw new Mismatch('book, looked up', id, 'nothing')
  if (model.charges.every((charge) => charge.id !== id)) return { outcome: 'booked', id, seq: found.seq }
  const corrections = await store.corrections(id as ChargeId)
  const last = corrections.at(-1)
  const isCorrected = corrections.length > model.charges.filter(({ corrects }) => corrects === id).length
  if (last === undefined || !isCorrected) return { outcome: 'duplicate', id, seq: found.seq }
  return { outcome: 'superseded', id: last.id, seq: last.seq }
}
