import type { Denial, Grant } from '../../src/budgets/denial.ts'
import type { HoldOutcome } from '../../src/budgets/find-hold.ts'
import type { HoldReply, Reply } from './apply.ts'
import { Mismatch, same } from './mismatch.ts'
import type { Model } from './model.ts'
import { type Decision, type Refusal, roomAgainAt, sumsFor } from './model-deciding.ts'
import type { Expected } from './model-holds.ts'
import type { Operation } from './operations.ts'

/** Compares what an operation on a hold answered, if anything was heard, with what the model foresaw. */
export function checkOutcome(model: Model, operation: Operation, expected: Expected, reply: Reply | undefined): void {
  const { kind } = operation
  if (reply === undefined) return
  if (expected.kind === 'error') return same(kind, { code: expected.code }, 'code' in reply ? reply : { answered: true })
  if ('code' in reply) throw new Mismatch(kind, expected.kind, reply)
  const answer = reply.answer as HoldReply
  switch (expected.kind) {
    case 'grant': {
      if ('granted' in answer && !answer.granted) throw new Mismatch(kind, 'a grant', answer)
      const { id, reservedAt, expiresAt, warnings } = answer as Grant
      const warned = warnings.map(({ budget }) => budget).toSorted()
      const { hold } = expected
      same(
        kind,
        { id: hold.id, reservedAt: hold.reservedAt, expiresAt: hold.expiresAt, warned: hold.warnings.toSorted() },
        { id, reservedAt, expiresAt, warned },
      )
      return
    }
    case 'denial':
      return checkDenial(model, kind, expected.decision, answer)
    case 'parent-denial': {
      const { granted, kind: why, budget, metric } = answer as Denial
      return same(
        kind,
        { granted: false, why: expected.why, budget: expected.parent, metric: expected.metric },
        { granted, why, budget, metric },
      )
    }
    case 'outcome': {
      const { id, state, expiresAt, charge, overrun } = answer as HoldOutcome
      const over = overrun.map(({ budget, by }) => `${budget} ${by}`).toSorted()
      const { hold } = expected
      const foreseen = [...expected.overrun].map(([budget, by]) => `${budget} ${by}`).toSorted()
      same(
        kind,
        { id: hold.id, state: hold.state, expiresAt: hold.expiresAt, charge: expected.charge, over: foreseen },
        { id, state, expiresAt, charge, over },
      )
    }
  }
}

const severity = ['never-fits', 'unpriced', 'unbounded', 'exhausted', 'contended', 'unavailable']

function checkDenial(model: Model, operation: string, { refusals }: Decision, answer: HoldReply): void {
  if (!('granted' in answer) || answer.granted) throw new Mismatch(operation, refusals.map(nameOf), answer)
  same(
    operation,
    [...new Set(refusals.map(({ demand }) => demand.budget.budget.name))].toSorted(),
    [...new Set([answer.budget, ...answer.also])].toSorted(),
  )
  const worst = Math.min(...refusals.map(({ kind }) => severity.indexOf(kind)))
  const refusal = refusals.find(({ kind, demand }) => severity.indexOf(kind) === worst && demand.budget.budget.name === answer.budget)
  if (refusal === undefined) throw new Mismatch(operation, refusals.map(nameOf), { budget: answer.budget, kind: answer.kind })
  const { demand, kind } = refusal
  const { spent, worst: held, presumed } = sumsFor(model, demand)
  const { limit } = model.bounds(demand.budget, demand.scope)
  const resetsAt = kind === 'exhausted' || kind === 'contended' ? roomAgainAt(model, demand) : null
  const { name, metric } = demand.budget.budget
  same(operation, { kind, budget: name, metric, limit, spent, held, presumed, asked: demand.worst, resetsAt }, figuresOf(answer))
  const waits = kind === 'contended' || kind === 'unavailable'
  const isRight = waits
    ? (answer.retryAfterMs ?? 0) > 0
    : answer.retryAfterMs === (resetsAt === null ? null : Math.max(0, resetsAt - model.now))
  if (!isRight) throw new Mismatch(operation, { kind, resetsAt, now: model.now }, { retryAfterMs: answer.retryAfterMs })
}

function figuresOf({ kind, budget, metric, limit, spent, held, presumed, asked, resetsAt }: Denial): Partial<Denial> {
  return { kind, budget, metric, limit, spent, held, presumed, asked, resetsAt }
}

function nameOf({ demand, kind }: Refusal): string {
  return `${demand.budget.budget.name} ${kind}`
}
