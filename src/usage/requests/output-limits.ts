/**
 * The longest answer that a model gives where the request sets no limit, in tokens with reasoning; undefined where it
 * is not known here. From the vendors' pages of models: https://platform.openai.com/docs/models,
 * https://ai.google.dev/gemini-api/docs/models, https://platform.claude.com/docs/en/about-claude/models/overview.
 */
export function knownMaxOutput(model: string): number | undefined {
  const name = model.toLowerCase().replace(/^.*\//, '').replace(/^ft:/, '')
  return limits.find(([pattern]) => pattern.test(name))?.[1]
}

const limits: readonly (readonly [RegExp, number])[] = [
  [/^gpt-5(?:\.\d)?-chat/, 16_384],
  [/^gpt-5-pro(?:-|$)/, 272_000],
  [/^gpt-5(?:\.[1-6])?(?:-|$)/, 128_000],
  [/^o[134](?:-|$)/, 100_000],
  [/^(?:chat)?gpt-4o(?:-|$)|^gpt-audio(?:-|$)/, 16_384],
  [/^gpt-4\.1(?:-|$)/, 32_768],
  [/^gpt-4-(?:turbo|0125|1106|vision)/, 4096],
  [/^gpt-4(?:-0314|-0613)?$/, 8192],
  [/^gpt-3\.5-turbo/, 16_385],
  [/^gemini-(?:1\.5|2\.0)-/, 8192],
  [/^gemini-(?:2\.5|3|3\.\d)-/, 65_536],
  [/\bclaude-/, 128_000],
]
