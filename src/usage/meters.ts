/**
 * The registry of meters: every quantity that purser counts. Quantities of one usage are disjoint, so that a cost is
 * a plain sum over them; the one exception is `reasoningTokens`, a share of `outputTokens` that becomes a line of its
 * own only where a card rates it apart.
 *
 * From `fileSearches` on they count what a provider's tools did. A container session is OpenAI's of 20 minutes (5 minutes
 * are 0.25); a map grounding is what Google bills for Google Maps, a prompt or a query; posts and profiles are those that
 * xAI fetched from X.
 *
 * - `code`: the number a ledger stores; never reused, never changed.
 * - `scale`: decimal digits kept after the point; 0 for what comes in whole units only.
 * - `prompt`: counts into the prompt that selects a long-context tier.
 * - `ratedAs`: whose rate applies where a card says that it rates by parent (`unrated: 'as-parent'`).
 */
export const meters = {
  inputTokens: { code: 0, unit: 'token', scale: 0, prompt: true, ratedAs: null },
  cacheReadTokens: { code: 1, unit: 'token', scale: 0, prompt: true, ratedAs: 'inputTokens' },
  cacheWrite5mTokens: { code: 2, unit: 'token', scale: 0, prompt: true, ratedAs: 'inputTokens' },
  cacheWrite1hTokens: { code: 3, unit: 'token', scale: 0, prompt: true, ratedAs: 'cacheWrite5mTokens' },
  outputTokens: { code: 4, unit: 'token', scale: 0, prompt: false, ratedAs: null },
  reasoningTokens: { code: 5, unit: 'token', scale: 0, prompt: false, ratedAs: 'outputTokens' },
  audioInputTokens: { code: 6, unit: 'token', scale: 0, prompt: true, ratedAs: 'inputTokens' },
  audioCacheReadTokens: { code: 7, unit: 'token', scale: 0, prompt: true, ratedAs: 'cacheReadTokens' },
  audioOutputTokens: { code: 8, unit: 'token', scale: 0, prompt: false, ratedAs: 'outputTokens' },
  imageInputTokens: { code: 9, unit: 'token', scale: 0, prompt: true, ratedAs: 'inputTokens' },
  imageCacheReadTokens: { code: 10, unit: 'token', scale: 0, prompt: true, ratedAs: 'cacheReadTokens' },
  imageOutputTokens: { code: 11, unit: 'token', scale: 0, prompt: false, ratedAs: 'outputTokens' },
  videoInputTokens: { code: 12, unit: 'token', scale: 0, prompt: true, ratedAs: 'inputTokens' },
  videoOutputTokens: { code: 13, unit: 'token', scale: 0, prompt: false, ratedAs: 'outputTokens' },
  cacheStorageTokenHours: { code: 14, unit: 'token-hour', scale: 6, prompt: false, ratedAs: null },
  characters: { code: 15, unit: 'character', scale: 0, prompt: false, ratedAs: null },
  audioSeconds: { code: 16, unit: 'second', scale: 6, prompt: false, ratedAs: null },
  videoSeconds: { code: 17, unit: 'second', scale: 6, prompt: false, ratedAs: null },
  images: { code: 18, unit: 'image', scale: 0, prompt: false, ratedAs: null },
  pages: { code: 19, unit: 'page', scale: 0, prompt: false, ratedAs: null },
  searches: { code: 20, unit: 'search', scale: 0, prompt: false, ratedAs: null },
  requests: { code: 21, unit: 'request', scale: 0, prompt: false, ratedAs: null },
  fileSearches: { code: 22, unit: 'call', scale: 0, prompt: false, ratedAs: null },
  containerSessions: { code: 23, unit: 'session', scale: 6, prompt: false, ratedAs: null },
  containerHours: { code: 24, unit: 'hour', scale: 6, prompt: false, ratedAs: null },
  mapGroundings: { code: 25, unit: 'grounding', scale: 0, prompt: false, ratedAs: null },
  codeExecutions: { code: 26, unit: 'call', scale: 0, prompt: false, ratedAs: null },
  postsFetched: { code: 27, unit: 'post', scale: 0, prompt: false, ratedAs: null },
  profilesFetched: { code: 28, unit: 'profile', scale: 0, prompt: false, ratedAs: null },
} as const satisfies Record<string, MeterDefinition>

interface MeterDefinition {
  readonly code: number
  readonly unit: string
  readonly scale: 0 | 6
  readonly prompt: boolean
  readonly ratedAs: string | null
}

/** The name of one quantity. */
export type Meter = keyof typeof meters

/** All meters in order of their code. */
export const meterNames: readonly Meter[] = Object.keys(meters) as Meter[]

export function isMeter(name: string): name is Meter {
  return Object.hasOwn(meters, name)
}

/** Those of which `totalTokens` is the sum: every token meter but `reasoningTokens`, which is part of `outputTokens`. */
export const tokenMeters = meterNames.filter((meter) => meters[meter].unit === 'token' && meter !== 'reasoningTokens')
