import { asFields, asText, type Fields } from '../../usage/readers/fields.ts'
import { toServiceTier } from '../../usage/readers/service-tier.ts'
import type { Histories } from './histories.ts'
import {
  callId,
  countsText,
  fingerprint,
  isNothing,
  isSetBack,
  type TokenCounts,
  type TokenEvent,
  toTokenEvent,
  usedSince,
} from './token-event.ts'

/** What is known of a rollout at some line; a JSON value, so that the next import can go on from there. */
export interface RolloutState {
  readonly session: string
  /** The session whose history this one starts with, empty for none. */
  readonly parent: string
  /** The oldest session that the copied history names, empty for none. */
  readonly root: string
  /** Under which session its own calls are known: itself, or the one that it is an unmarked copy of. */
  readonly owner: string
  readonly provider: string
  readonly cwd: string
  readonly branch: string
  readonly model: string
  readonly serviceTier: string
  readonly total: TokenCounts | null
  /** The last totals: one that comes again is no new call. */
  readonly recent: readonly string[]
  /** Whether the lines are still those of the parent. */
  readonly copied: boolean
  /** How many calls were read, those of the parent with them. */
  readonly calls: number
  /** The first line of its own, by the writer's numbering; -1 where the writer does not say. */
  readonly ownFrom: number
  /** When the session was created, in milliseconds since 1970; 0 where it does not say. */
  readonly created: number
  /** When the last of the copied events was written, in milliseconds since 1970. */
  readonly copiedAt: number
  /** How often the running total was set back, after which the same totals may come again. */
  readonly setBacks: number
}

export const newRollout: RolloutState = {
  session: '',
  parent: '',
  root: '',
  owner: '',
  provider: 'openai',
  cwd: '',
  branch: '',
  model: '',
  serviceTier: '',
  total: null,
  recent: [],
  copied: false,
  calls: 0,
  ownFrom: -1,
  created: 0,
  copiedAt: 0,
  setBacks: 0,
}

export interface RolloutCall {
  readonly id: string
  readonly print: string
  readonly at: number
  readonly used: TokenCounts
}

export type RolloutReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'call'; readonly call: RolloutCall }

/** The calls of the session that a rollout was forked from, oldest first; undefined where it is not at hand. */
export type ParentCalls = (session: string) => readonly RolloutCall[] | undefined

/** What is known of the sessions that others were forked from. */
export interface Ancestry {
  readonly parentCalls: ParentCalls
  readonly histories: Histories
  /** How many calls at the start of the session being read are known to be the parent's, besides what its lines say. */
  readonly copies: number
}

const maxRecent = 64
const none: RolloutReading = { kind: 'none' }

/** Reads one line: the state after it, and the call that it stands for. */
export function readRolloutLine(state: RolloutState, line: Fields, index: number, ancestry: Ancestry): [RolloutState, RolloutReading] {
  const payload = asFields(line['payload']) ?? {}
  if (line['type'] === 'session_meta') return [state.session === '' ? started(state, line, payload) : namingRoot(state, payload), none]
  if (line['type'] === 'turn_context') {
    const tier = toServiceTier(payload['service_tier'])
    const model = asText(payload['model']) ?? state.model
    return [{ ...state, model, cwd: state.cwd === '' ? (asText(payload['cwd']) ?? '') : state.cwd, serviceTier: tier ?? '' }, none]
  }
  const event = toTokenEvent(line)
  if (event === undefined) return [state, none]
  if (typeof event === 'string') return [state, { kind: 'skip', reason: event }]
  const total = event.total === undefined ? '' : countsText(event.total)
  // A history that was rolled back emits an earlier total again, and goes on from there.
  if (total !== '' && state.recent.includes(total)) return [{ ...state, total: event.total ?? null }, { kind: 'repeated' }]
  const used = usedSince(event, state.total ?? undefined)
  const recent = total === '' ? state.recent : [...state.recent.slice(1 - maxRecent), total]
  const setBacks = state.setBacks + (isSetBack(event, state.total ?? undefined) ? 1 : 0)
  const next = { ...state, total: event.total ?? state.total, recent, setBacks, model: event.model ?? state.model }
  if (isNothing(used)) return [next, none]
  return identified(next, { event, used, line, index }, ancestry)
}

interface Found {
  readonly event: TokenEvent
  readonly used: TokenCounts
  readonly line: Fields
  readonly index: number
}

/**
 * Gives a call its id: made from the session that made the call and from what a copy of it repeats, so that a call and
 * its copies have the same one whichever is read first, and whether or not the other is at hand.
 */
function identified(state: RolloutState, found: Found, ancestry: Ancestry): [RolloutState, RolloutReading] {
  const { event, used } = found
  const print = fingerprint(event)
  const next = { ...state, calls: state.calls + 1 }
  // Without a total nothing but its place tells a call from an equal one.
  const place = event.total === undefined ? `#${state.calls}` : state.setBacks
  const reading = (id: string): RolloutReading => ({ kind: 'call', call: { id, print, at: event.at, used } })
  if (state.copied) {
    const id = copiedId(state, found, print, place, ancestry)
    if (id !== undefined) return [{ ...next, copiedAt: event.at }, reading(id)]
  }
  const owner = state.owner === '' ? ownerOf(state, event.at, print, ancestry.histories) : state.owner
  return [{ ...next, copied: false, owner }, reading(callId(owner, place, print))]
}

/** Who a session's own calls belong to, settled at the first of them. */
function ownerOf({ parent, session, calls }: RolloutState, at: number, print: string, histories: Histories): string {
  if (parent !== '') {
    histories.fork(session, parent, calls)
    return session
  }
  // Some copies keep the times of the original and do not say that they are copies.
  const owner = histories.beginning(at, print, session === '' ? `${at}` : session)
  histories.fork(session, owner, null)
  return owner
}

/** The id of the call that an event repeats; undefined where it is the first one of the fork's own. */
function copiedId(
  state: RolloutState,
  { event, line, index }: Found,
  print: string,
  place: string | number,
  { parentCalls, histories, copies }: Ancestry,
): string | undefined {
  const original = parentCalls(state.parent)
  if (original !== undefined) {
    const same = original[state.calls]
    // What the parent did after the fork may look the same by accident.
    const isOlder = state.created === 0 || (same?.at ?? 0) <= state.created
    return same?.print === print && isOlder ? same.id : undefined
  }
  if (state.calls >= copies && !isCopied(state, event.at, line, index)) return undefined
  return callId(histories.ownerAt(state.parent, state.calls, state.root || state.parent), place, print)
}

/** A call takes longer than this, and a line of a history that is being copied does not. */
const maxCopyGapMs = 1000

/**
 * Whether an event belongs to the parent where the parent's own file is gone: it stands before the first line of its
 * own as the writer numbers them, or is older than the session, or was written right after the one before.
 */
function isCopied({ ownFrom, created, copiedAt }: RolloutState, at: number, line: Fields, index: number): boolean {
  if (ownFrom >= 0) return (typeof line['ordinal'] === 'number' ? line['ordinal'] : index) < ownFrom
  return created !== 0 && at - Math.max(created, copiedAt) <= maxCopyGapMs
}

/** A history that is copied brings along how the sessions before it began. */
function namingRoot(state: RolloutState, payload: Fields): RolloutState {
  if (!state.copied || state.calls > 0) return state
  return { ...state, root: asText(payload['forked_from_id']) ?? asText(payload['id']) ?? state.root }
}

function started(state: RolloutState, line: Fields, payload: Fields): RolloutState {
  const spawn = asFields(asFields(asFields(payload['source'])?.['subagent'])?.['thread_spawn'])
  const parent = asText(payload['forked_from_id']) ?? asText(payload['parent_thread_id']) ?? asText(spawn?.['parent_thread_id']) ?? ''
  const ownFrom = payload['subagent_history_start_ordinal'] ?? asFields(payload['history_base'])?.['end_ordinal_exclusive']
  return {
    ...state,
    session: asText(payload['id']) ?? asText(payload['session_id']) ?? '',
    parent,
    copied: parent !== '',
    provider: asText(payload['model_provider']) ?? 'openai',
    cwd: asText(payload['cwd']) ?? '',
    branch: asText(asFields(payload['git'])?.['branch']) ?? '',
    model: asText(payload['model']) ?? '',
    ownFrom: typeof ownFrom === 'number' ? ownFrom : -1,
    created: instantOf(asText(payload['timestamp']) ?? asText(line['timestamp']) ?? ''),
  }
}

function instantOf(text: string): number {
  const at = Date.parse(text)
  return Number.isNaN(at) ? 0 : at
}
