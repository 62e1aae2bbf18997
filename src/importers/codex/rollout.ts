import { asFields, asText, type Fields } from '../../usage/readers/fields.ts'
import { toServiceTier } from '../../usage/readers/service-tier.ts'
import { callId, countsText, fingerprint, isNothing, type TokenCounts, type TokenEvent, toTokenEvent, usedSince } from './token-event.ts'

/** What is known of a rollout at some line; a JSON value, so that the next import can go on from there. */
export interface RolloutState {
  readonly session: string
  /** The session whose history this one starts with, empty for none. */
  readonly parent: string
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
  /** When the session was created, as written; and the second in which its first events were written. */
  readonly created: string
  readonly firstSecond: string
}

export const newRollout: RolloutState = {
  session: '',
  parent: '',
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
  created: '',
  firstSecond: '',
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

const maxRecent = 64
const none: RolloutReading = { kind: 'none' }

/** Reads one line: the state after it, and the call that it stands for. */
export function readRolloutLine(
  state: RolloutState,
  line: Fields,
  index: number,
  parentCalls: ParentCalls,
): [RolloutState, RolloutReading] {
  const payload = asFields(line['payload']) ?? {}
  if (line['type'] === 'session_meta') return [state.session === '' ? started(state, line, payload) : state, none]
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
  const next = { ...state, total: event.total ?? state.total, recent, model: event.model ?? state.model }
  if (isNothing(used)) return [next, none]
  return identified(next, { event, used, line, index }, parentCalls)
}

interface Found {
  readonly event: TokenEvent
  readonly used: TokenCounts
  readonly line: Fields
  readonly index: number
}

/** Gives a call its id: that of the parent's call for as long as the history is the parent's. */
function identified(state: RolloutState, { event, used, line, index }: Found, parentCalls: ParentCalls): [RolloutState, RolloutReading] {
  const print = fingerprint(event)
  const next = { ...state, calls: state.calls + 1 }
  const call = (id: string): RolloutReading => ({ kind: 'call', call: { id, print, at: event.at, used } })
  if (!state.copied) return [next, call(callId(event.at, print))]
  const original = parentCalls(state.parent)
  const same = original?.[state.calls]
  if (same?.print === print) return [next, call(same.id)]
  const time = asText(line['timestamp']) ?? ''
  const withSecond = { ...next, firstSecond: next.firstSecond === '' ? time.slice(0, 19) : next.firstSecond }
  if (original === undefined && isCopied(withSecond, line, index, time)) return [withSecond, call(callId(state.parent, print))]
  return [{ ...withSecond, copied: false }, call(callId(event.at, print))]
}

/**
 * Whether an event belongs to the parent where the parent's own file is gone: it stands before the first line of its
 * own as the writer numbers them, or is older than the session, or was written in one go with the first ones.
 */
function isCopied(state: RolloutState, line: Fields, index: number, time: string): boolean {
  if (state.ownFrom >= 0) return (typeof line['ordinal'] === 'number' ? line['ordinal'] : index) < state.ownFrom
  if (state.created !== '' && time < state.created) return true
  return time.slice(0, 19) === state.firstSecond && time.slice(0, 19) === state.created.slice(0, 19)
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
    created: asText(payload['timestamp']) ?? asText(line['timestamp']) ?? '',
  }
}
