import { PurserError } from '../errors.ts'
import { type Budget, revisionFields } from './budget.ts'
import { type BudgetRecord, type Seeding, toStoredBudget } from './budget-record.ts'
import { committed, tally } from './counter.ts'
import type { Gate, Meeting } from './gate.ts'
import { demandOf, setAside } from './reserve.ts'
import { ActiveBudget } from './scope.ts'
import { reachedThreshold } from './thresholds.ts'
import { oldestSlice } from './window.ts'

/** Some milliseconds of work. */
const chargesPerTurn = 250

/** What defining a budget did. `revised`: it counts anew, under other counters. */
export interface Definition {
  readonly outcome: 'created' | 'changed' | 'revised' | 'same'
  readonly record: BudgetRecord
}

/**
 * Puts a budget into force. Other terms change it in place; another scope, metric, zone or window makes a new revision,
 * whose counters are filled from the ledger by `seed`. Each change is an event with its author and what was before.
 */
export function reviseBudget(gate: Gate, budget: Budget, author: string): Definition {
  const before = gate.rows.budgets.find((active) => active.budget.name === budget.name)
  if (before !== undefined && isSame(contentOf(before.budget), contentOf(budget))) return { outcome: 'same', record: before.record }
  const isInPlace = before !== undefined && revisionFields.every((field) => isSame(before.budget[field], budget[field]))
  const record = isInPlace ? { ...before.record, budget } : newRevision(gate, budget)
  gate.effects.append({
    kind: 'budget.changed',
    body: { budget: budget.name, author, after: contentOf(budget), before: before === undefined ? null : contentOf(before.budget) },
  })
  put(gate, record)
  if (isInPlace) applyTerms(gate, before, record)
  else {
    if (before !== undefined) dropCounters(gate, before)
    holdOpen(gate, record.revision)
  }
  return { outcome: isInPlace ? 'changed' : before === undefined ? 'created' : 'revised', record }
}

/** Takes a budget out of force, with its counters. @throws PURSER_NOT_FOUND */
export function removeBudget(gate: Gate, name: string, author: string): void {
  const active = findBudget(gate, name)
  gate.effects.append({ kind: 'budget.changed', body: { budget: name, author, after: null, before: contentOf(active.budget) } })
  gate.effects.putBudget(name, null)
  gate.rows.forgetBudgets()
  dropCounters(gate, active)
}

export function findBudget(gate: Gate, name: string): ActiveBudget {
  const active = gate.rows.budgets.find(({ budget }) => budget.name === name)
  if (active === undefined)
    throw new PurserError('PURSER_NOT_FOUND', `There is no budget "${name}". \`purser budgets list\` shows those in force.`)
  return active
}

/**
 * Counts the next charges that were booked before a budget was made. Until none are left a hard budget is `unavailable`.
 * @throws PURSER_NOT_FOUND
 */
export function seed(gate: Gate, name: string): BudgetRecord {
  const active = findBudget(gate, name)
  const { seeding } = active.record
  if (seeding === null) return active.record
  const charges = gate.rows.load.earlier(seeding, chargesPerTurn)
  const isLast = charges.length < chargesPerTurn
  for (const { charge } of charges) {
    const applied = active.applied(charge.labels)
    if (applied !== undefined) gate.countFor(applied, { charge, countedAt: gate.countedAt(charge), sign: 1, causeOf: () => 'seeded' })
  }
  const last = charges.at(-1)
  const counted = last && { ...seeding, afterAt: last.charge.at, afterSeq: last.seq, charges: seeding.charges + charges.length }
  const record = { ...active.record, seeding: isLast ? null : (counted ?? seeding) }
  put(gate, record)
  if (isLast) fireReached(gate, record.revision)
  return record
}

function newRevision(gate: Gate, budget: Budget): BudgetRecord {
  // All that was booked before, also in this very transaction, has a lower number.
  const revision = gate.effects.nextSeq()
  const draft: BudgetRecord = { budget, revision, definedAt: gate.nowMs, countsFrom: 0, seeding: null }
  const { window } = budget
  const countsFrom = window.kind === 'rolling' ? oldestSlice(window.hours, gate.nowMs) : new ActiveBudget(draft).windowAt(gate.nowMs).start
  const seeding: Seeding = { upToSeq: revision, afterAt: countsFrom, afterSeq: 0, charges: 0 }
  const counts = gate.rows.load.hasCharges() && budget.metric !== 'concurrency'
  return { ...draft, countsFrom, seeding: counts ? seeding : null }
}

function put(gate: Gate, record: BudgetRecord): void {
  gate.effects.putBudget(record.budget.name, record)
  gate.rows.forgetBudgets()
}

function dropCounters(gate: Gate, { revision }: ActiveBudget): void {
  const dropped = new Set(gate.rows.countersOf(revision).map(({ id }) => id))
  for (const hold of gate.rows.unresolved()) {
    if (!hold.shares.some(({ counter }) => dropped.has(counter))) continue
    // The number may be given to another counter.
    hold.shares = hold.shares.filter(({ counter }) => !dropped.has(counter))
    gate.rows.touchHold(hold)
  }
  gate.rows.forgetCounters(revision)
  gate.effects.dropCounters(revision)
}

/** Holds that are open when a budget is made count in it from the start. */
function holdOpen(gate: Gate, revision: number): void {
  const active = gate.rows.budgets.find((each) => each.revision === revision)
  for (const hold of active === undefined ? [] : gate.rows.unresolved()) {
    const applied = active?.applied(hold.asked.labels)
    if (applied === undefined || hold.reservedAt < applied.active.record.countsFrom) continue
    const { metric } = applied.active.budget
    const left = { ...hold.asked, worst: metric in hold.left ? { ...hold.asked.worst, [metric]: hold.left[metric] } : hold.asked.worst }
    const demand = demandOf(gate, applied, left, hold.reservedAt)
    if (metric === 'concurrency' && hold.state === 'presumed') continue
    const { worst, expected } = demand.claim
    const [share] = setAside(gate, demand, 'seeded')
    if (share === undefined || worst === null) continue
    if (hold.state === 'presumed') {
      demand.counter.held -= expected
      demand.counter.heldWorst -= worst
      demand.counter.presumed += worst
      share.expected = 0n
    }
    hold.shares.push(share)
    gate.rows.touchHold(hold)
  }
}

/** Counters that a change of terms leaves above their bound say so, and thresholds that are reached no more can fire again. */
function applyTerms(gate: Gate, before: ActiveBudget, record: BudgetRecord): void {
  for (const meeting of openMeetings(gate, record.revision)) {
    const { applied, counters } = meeting
    const sums = tally(counters)
    const { limit, tolerance } = applied.active.bounds(applied.terms, gate.nowMs)
    const was = before.bounds(before.termsOf(applied.scope), gate.nowMs)
    const reached = reachedThreshold(applied.terms, sums.spent, limit)
    for (const each of counters) {
      each.fired = Math.min(each.fired, reached)
      each.denied = each.denied && committed(sums) >= limit
      gate.rows.touch(each)
    }
    const wasOver = committed(sums) > was.limit + was.tolerance
    gate.explain(meeting, wasOver, limit + tolerance < was.limit + was.tolerance ? 'limit-lowered' : null)
    gate.fireThresholds(meeting)
  }
}

function fireReached(gate: Gate, revision: number): void {
  for (const meeting of openMeetings(gate, revision)) gate.fireThresholds(meeting)
}

/** Every counter of a revision whose window is not over; the slices of a rolling window are one, met now. */
function openMeetings(gate: Gate, revision: number): Meeting[] {
  const meetings = new Map<string, Meeting>()
  for (const counter of gate.rows.countersOf(revision)) {
    const applied = gate.appliedOf(counter)
    if (applied === undefined || (counter.end !== null && counter.end <= gate.nowMs)) continue
    const isRolling = applied.active.budget.window.kind === 'rolling'
    if (!isRolling) meetings.set(`${counter.start} ${counter.scope}`, { applied, counter, counters: [counter] })
    else if (!meetings.has(counter.scope)) meetings.set(counter.scope, gate.meet(applied, gate.nowMs))
  }
  return [...meetings.values()]
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** A budget as JSON. */
function contentOf(budget: Budget): unknown {
  const stored = toStoredBudget({ budget, revision: 0, definedAt: 0, countsFrom: 0, seeding: null }) as { budget: Record<string, unknown> }
  return stored.budget
}

/** The same with its keys in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}
