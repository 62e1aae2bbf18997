/**
 * The most tokens that one image can cost as input, by the vendor's published rules, whatever its size; undefined
 * where none is published.
 *
 * - Claude shrinks an image to at most 4,784 patches of 28 × 28 pixels (https://platform.claude.com/docs/en/build-with-claude/vision).
 * - OpenAI (https://platform.openai.com/docs/guides/images-vision#calculating-costs): tiles of 512 pixels of an image
 *   that fits 768 × 2048, so at most 8; or at most 1,536 patches times up to 2.46; since gpt-5.4 up to 10,000 patches times 1.2.
 * - Gemini 3 takes at most 2,240, at ultra high resolution (https://ai.google.dev/gemini-api/docs/media-resolution).
 *   Before it an image is cut into tiles without a published most.
 */
export function imageTokensAtMost(model: string): number | undefined {
  const name = model.toLowerCase()
  return imageRules.find(([pattern]) => pattern.test(name))?.[1]
}

const imageRules: readonly (readonly [RegExp, number])[] = [
  [/\bclaude\b/, 4784 + 216],
  [/\bgemini-3(?:[.-]|$)/, 2240],
  [/\bgpt-4o-mini\b/, 2833 + 8 * 5667],
  [/\bgpt-4\.1-(?:mini|nano)\b|\bo4-mini\b|\bgpt-5(?:-|$)|\bgpt-5\.[1-3]\b/, Math.ceil(1536 * 2.46)],
  [/\bgpt-5\.[4-6]\b/, 12_000],
  [/\bgpt-4o\b|\bgpt-4\.[15]\b|\bgpt-4-turbo\b|\bo[13]\b|\bcomputer-use\b/, 85 + 8 * 170],
]

/**
 * The most image tokens that one generated image is made of: 6,240 for the largest at high quality
 * (https://platform.openai.com/docs/guides/image-generation#cost-and-latency). Models that came later draw larger ones
 * and publish no most.
 */
export function drawnImageTokensAtMost(model: string): number | undefined {
  return /\bgpt-image-1(?:-mini|\.5)?(?:-\d{4}-\d{2}-\d{2})?$/.test(model) ? 6240 : undefined
}

/** Each partial image of a stream: https://platform.openai.com/docs/guides/image-generation#partial-images-cost */
export const partialImageTokens = 100
