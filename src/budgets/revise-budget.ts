import { countsTogether } from './asked-budgets.ts'
import { PurserError } from '../errors.ts'
import { type Budget, revisionFields } from './budget.ts'
import { type BudgetRecord, type Seeding, toStoredBudget } from './budget-record.ts'
import { committed, tally } from './counter.ts'
import { isUnknown } from './end-hold.ts'
import type { Gate, Meeting } from './gate.ts'
import type { Hold } from './hold.ts'
import { demandOf, setAside } from './reserve.ts'
import { ActiveBudget } from './scope.ts'
import { reachedThreshold } from './thresholds.ts'
import { oldestSlice } from './window.ts'

/** Some milliseconds of work. */
const chargesPerTurn = 250
const holdsPerTurn = 1000
/** Later than any charge: all of them are counted. */
const pastAll = Number.MAX_SAFE_INTEGER

/** What defining a budget did. `revised`: it counts anew, under other counters. */
export interface Definition {
  readonly outcome: 'created' | 'changed' | 'revised' | 'same'
  readonly record: BudgetRecord
}

/** Who changes a budget, and which version of it they have seen: null for none; undefined where whatever is there may be changed. */
export interface Change {
  readonly author: string
  readonly expected?: number | null | undefined
}

/**
 * Puts a budget into force. Other terms change it in place; another scope, metric, zone or window makes a new revision,
 * whose counters are filled from the ledger by `seed`. Each change is an event with its author and what was before.
 * @throws PURSER_CONFLICT where it is not at the version expected
 */
export function reviseBudget(gate: Gate, budget: Budget, { author, expected }: Change): Definition {
  const before = gate.rows.budgets.find((active) => active.budget.name === budget.name)
  checkExpected(budget.name, before, expected)
  if (before !== undefined && isSame(contentOf(before.budget), contentOf(budget))) return { outcome: 'same', record: before.record }
  const isInPlace = before !== undefined && revisionFields.every((field) => isSame(before.budget[field], budget[field]))
  const record = isInPlace ? { ...before.record, budget, version: gate.effects.nextSeq() } : newRevision(gate, budget)
  gate.effects.append({
    kind: 'budget.changed',
    body: { budget: budget.name, author, after: contentOf(budget), before: before === undefined ? null : contentOf(before.budget) },
  })
  put(gate, record)
  if (isInPlace) {
    if (presumesMore(before.budget, budget)) presumeUnknown(gate, record)
    applyTerms(gate, before, record)
  } else {
    if (before !== undefined) dropCounters(gate, before)
    const active = gate.rows.budgetOf(record.revision)
    const isLater = record.seeding?.holds !== undefined
    if (active !== undefined && !isLater) holdOpen(gate, active, gate.rows.unresolvedAfter(0, holdsPerTurn).holds)
  }
  return { outcome: isInPlace ? 'changed' : before === undefined ? 'created' : 'revised', record }
}

/** Takes a budget out of force, with its counters. @throws PURSER_NOT_FOUND, PURSER_CONFLICT */
export function removeBudget(gate: Gate, name: string, { author, expected }: Change): void {
  const active = findBudget(gate, name)
  checkExpected(name, active, expected)
  gate.effects.append({ kind: 'budget.changed', body: { budget: name, author, after: null, before: contentOf(active.budget) } })
  gate.effects.putBudget(name, null)
  gate.rows.forgetBudgets()
  dropCounters(gate, active)
}

function checkExpected(name: string, active: ActiveBudget | undefined, expected: Change['expected']): void {
  const version = active?.record.version ?? null
  if (expected === undefined || expected === version) return
  const state = version === null ? 'is not there any more' : expected === null ? 'is there already' : 'was changed by somebody else'
  throw new PurserError(
    'PURSER_CONFLICT',
    `Budget "${name}" ${state}: its version is ${version ?? 'none'}, not ${expected ?? 'none'}. Nothing was changed; read it again.`,
  )
}

export function findBudget(gate: Gate, name: string): ActiveBudget {
  const active = gate.rows.budgets.find(({ budget }) => budget.name === name)
  if (active === undefined)
    throw new PurserError('PURSER_NOT_FOUND', `There is no budget "${name}". \`purser budgets list\` shows those in force.`)
  return active
}

/**
 * Counts the next charges and holds that were there before a budget was made. Until none are left a hard budget is
 * `unavailable`.
 * @throws PURSER_NOT_FOUND
 */
export function seed(gate: Gate, name: string): BudgetRecord {
  const active = findBudget(gate, name)
  const { seeding } = active.record
  if (seeding === null) return active.record
  const left = countEarlier(gate, active, seeding) ?? countHolds(gate, active, seeding)
  const record = { ...active.record, seeding: left }
  put(gate, record)
  if (left === null) fireReached(gate, record.revision)
  return record
}

/** Counts the next charges; null where none are left. */
function countEarlier(gate: Gate, active: ActiveBudget, seeding: Seeding): Seeding | null {
  if (seeding.afterAt === pastAll) return null
  const charges = gate.rows.load.earlier(seeding, chargesPerTurn)
  for (const { charge } of charges) {
    const applied = active.applied(charge.labels)
    if (applied !== undefined) gate.countFor(applied, { charge, countedAt: gate.countedAt(charge), sign: 1, causeOf: () => 'seeded' })
  }
  const last = charges.at(-1)
  if (last === undefined || charges.length < chargesPerTurn) return null
  return { ...seeding, afterAt: last.charge.at, afterSeq: last.seq, charges: seeding.charges + charges.length }
}

/** Counts the next holds that were open when the budget was made; null where none are left. */
function countHolds(gate: Gate, active: ActiveBudget, seeding: Seeding): Seeding | null {
  if (seeding.holds === undefined) return null
  const { after, upTo } = seeding.holds
  const page = gate.rows.unresolvedAfter(after, holdsPerTurn)
  holdOpen(
    gate,
    active,
    page.holds.filter(({ number }) => number <= upTo),
  )
  return page.upTo >= upTo ? null : { ...seeding, afterAt: pastAll, afterSeq: 0, holds: { after: page.upTo, upTo } }
}

function newRevision(gate: Gate, budget: Budget): BudgetRecord {
  // All that was booked before, also in this very transaction, has a lower number.
  const revision = gate.effects.nextSeq()
  const draft: BudgetRecord = { budget, revision, version: revision, definedAt: gate.nowMs, countsFrom: 0, seeding: null }
  const { window } = budget
  const countsFrom = window.kind === 'rolling' ? oldestSlice(window.hours, gate.nowMs) : new ActiveBudget(draft).windowAt(gate.nowMs).start
  const seeding: Seeding = { upToSeq: revision, afterAt: countsFrom, afterSeq: 0, charges: 0 }
  const counts = gate.rows.load.hasCharges() && budget.metric !== 'concurrency'
  const hasManyOpen = Number.isFinite(gate.rows.unresolvedAfter(0, holdsPerTurn).upTo)
  if (!hasManyOpen) return { ...draft, countsFrom, seeding: counts ? seeding : null }
  const holds = { after: 0, upTo: gate.rows.lastHoldNumber() }
  return { ...draft, countsFrom, seeding: { ...seeding, ...(!counts && { afterAt: pastAll }), holds } }
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

/** Holds that are open when a budget is made count in it. */
function holdOpen(gate: Gate, active: ActiveBudget, holds: readonly Hold[]): void {
  for (const hold of holds) {
    const applied = active.applied(hold.asked.labels)
    if (applied === undefined || !countsTogether(active, hold.asked) || hold.reservedAt < applied.active.record.countsFrom) continue
    const { metric } = applied.active.budget
    const left = { ...hold.asked, worst: metric in hold.left ? { ...hold.asked.worst, [metric]: hold.left[metric] } : hold.asked.worst }
    const demand = demandOf(gate, applied, left, hold.reservedAt)
    if (metric === 'concurrency' && hold.state === 'presumed') continue
    const { worst, expected } = demand.claim
    const isKnown = hold.isOver && !isUnknown(hold, metric, applied.terms.mode)
    if (isKnown) continue
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

/** Whether other modes may presume what the modes before did not. */
function presumesMore(before: Budget, after: Budget): boolean {
  return !isSame(modesOf(before), modesOf(after))
}

function modesOf({ mode, overrides }: Budget): unknown {
  return [mode, overrides.map((each) => [each.match, each.mode ?? null])]
}

/** What nobody knows of calls that are over is presumed from now on, where a mode before did not presume it. */
function presumeUnknown(gate: Gate, { revision, seeding }: BudgetRecord): void {
  const active = gate.rows.budgetOf(revision)
  if (active === undefined) return
  const counters = new Set(gate.rows.countersOf(revision).map(({ id }) => id))
  // Those that are still to be counted are counted by the new mode.
  const upTo = seeding?.holds?.after ?? Number.POSITIVE_INFINITY
  for (let after = 0; after < upTo;) {
    const page = gate.rows.unresolvedAfter(after, holdsPerTurn)
    const isNew = ({ number, isOver, shares }: Hold): boolean =>
      number <= upTo && isOver && !shares.some(({ counter }) => counters.has(counter))
    holdOpen(gate, active, page.holds.filter(isNew))
    after = page.upTo
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
      const isDenied = each.denied && committed(sums) >= limit
      if (each.fired <= reached && each.denied === isDenied) continue
      each.fired = Math.min(each.fired, reached)
      each.denied = isDenied
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
