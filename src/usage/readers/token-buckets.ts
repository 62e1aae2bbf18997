import type { UsageDraft } from './usage-draft.ts'

/** A prompt as providers report it whose input total includes everything: cached, written and media tokens. */
export interface PromptCounts {
  /** Name of the total in the response, for warnings. */
  readonly label: string
  readonly total: number
  readonly audio: number
  readonly image: number
  readonly video: number
  readonly cached: number
  /** Cached tokens by medium; absent where the provider does not split them. */
  readonly cachedBy?: { readonly audio: number; readonly image: number; readonly video: number } | undefined
  readonly cacheWrite: number
}

/** Takes a prompt apart into disjoint buckets that sum to its total. */
export function addPrompt(draft: UsageDraft, counts: PromptCounts): void {
  const { label, total, cacheWrite } = counts
  const audio = within(draft, counts.audio, total, 'audio', label)
  const image = within(draft, counts.image, total - audio, 'image', label)
  const video = within(draft, counts.video, total - audio - image, 'video', label)
  const text = total - audio - image - video
  const cached = within(draft, counts.cached, total, 'cached', label)
  const split = counts.cachedBy ?? assumeCachedSplit(draft, cached, { text, image, video }, label)
  const cachedAudio = Math.min(split.audio, audio, cached)
  const cachedImage = Math.min(split.image, image, cached - cachedAudio)
  const cachedVideo = Math.min(split.video, video, cached - cachedAudio - cachedImage)
  const cachedText = cached - cachedAudio - cachedImage - cachedVideo
  let plain = text - cachedText - cacheWrite
  if (plain < 0) {
    draft.warn(
      'sum-mismatch',
      `${label} counts ${text} text tokens, fewer than the ${cachedText} cached and ${cacheWrite} written to the cache.`,
    )
    plain = 0
  }
  draft.add('inputTokens', plain)
  draft.add('cacheReadTokens', cachedText + cachedVideo)
  draft.add('cacheWrite5mTokens', cacheWrite)
  draft.add('audioInputTokens', audio - cachedAudio)
  draft.add('audioCacheReadTokens', cachedAudio)
  draft.add('imageInputTokens', image - cachedImage)
  draft.add('imageCacheReadTokens', cachedImage)
  draft.add('videoInputTokens', video - cachedVideo)
}

function assumeCachedSplit(
  draft: UsageDraft,
  cached: number,
  prompt: { readonly text: number; readonly image: number; readonly video: number },
  label: string,
): { audio: number; image: number; video: number } {
  const beyondText = Math.max(0, cached - prompt.text)
  const video = Math.min(beyondText, prompt.video)
  const image = Math.min(beyondText - video, prompt.image)
  if (beyondText > 0) {
    draft.warn('assumed', `${label} does not say which of its ${cached} cached tokens are media: text is taken first, audio last.`)
  }
  return { audio: beyondText - video - image, image, video }
}

/** An output whose total includes reasoning and media. */
export interface OutputCounts {
  readonly label: string
  readonly total: number
  readonly audio: number
  readonly image: number
  readonly video?: number
  readonly reasoning: number
}

/** Takes an output apart into disjoint buckets that sum to its total; reasoning stays part of `outputTokens`. */
export function addOutput(draft: UsageDraft, counts: OutputCounts): void {
  const { label, total } = counts
  const audio = within(draft, counts.audio, total, 'audio', label)
  const image = within(draft, counts.image, total - audio, 'image', label)
  const video = within(draft, counts.video ?? 0, total - audio - image, 'video', label)
  draft.add('outputTokens', total - audio - image - video)
  draft.add('audioOutputTokens', audio)
  draft.add('imageOutputTokens', image)
  draft.add('videoOutputTokens', video)
  draft.add('reasoningTokens', counts.reasoning)
}

/** Keeps a part within its total, which is what gets billed. */
function within(draft: UsageDraft, part: number, room: number, name: string, label: string): number {
  if (part <= room) return part
  draft.warn('sum-mismatch', `${label} has room for ${room} ${name} tokens, but ${part} are reported; the total is kept.`)
  return room
}
