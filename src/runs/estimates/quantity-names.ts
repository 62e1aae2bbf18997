import { type Meter, meterNames } from '../../usage/meters.ts'

/** What the name of a quantity stands for: so many units of a meter. */
export interface QuantityName {
  readonly meter: Meter
  readonly factor: number
}

/** Short names beside those of the meters. Quantities are disjoint, so `input` is what is not read from a cache. */
const shortNames: Readonly<Record<string, readonly [Meter, number]>> = {
  input: ['inputTokens', 1],
  cached: ['cacheReadTokens', 1],
  cached_tokens: ['cacheReadTokens', 1],
  cache_read: ['cacheReadTokens', 1],
  cache_write: ['cacheWrite5mTokens', 1],
  cache_write_1h: ['cacheWrite1hTokens', 1],
  output: ['outputTokens', 1],
  reasoning: ['reasoningTokens', 1],
  audio_input: ['audioInputTokens', 1],
  audio_output: ['audioOutputTokens', 1],
  image_input: ['imageInputTokens', 1],
  image_output: ['imageOutputTokens', 1],
  video_input: ['videoInputTokens', 1],
  video_output: ['videoOutputTokens', 1],
  audio_minutes: ['audioSeconds', 60],
  audio_hours: ['audioSeconds', 3600],
  video_minutes: ['videoSeconds', 60],
}

/** Every name of a quantity that a plan may use: the meters' own, in words joined by `_` too, and shorter ones. */
export const quantityNames: ReadonlyMap<string, QuantityName> = new Map([
  ...meterNames.flatMap((meter): [string, QuantityName][] => [
    [meter, { meter, factor: 1 }],
    [snakeCase(meter), { meter, factor: 1 }],
  ]),
  ...Object.entries(shortNames).flatMap(([name, [meter, factor]]): [string, QuantityName][] => [
    [name, { meter, factor }],
    [camelCase(name), { meter, factor }],
  ]),
])

function snakeCase(name: string): string {
  return name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`)
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
